"""The measures of the catalogue by number, on a running system."""

from typing import Any

from tests.aggregation.late import held, one, post
from tests.system import System

# Every other measure of the catalogue, with figures added up by hand from the events of the test below.
BY_HAND = {
    "comm-sessions": 3, "comm-people-reached": 30 + 15 + 8, "training-courses": 2, "staff-trained": 7 + 2 + 11,
    "policy-opinions": 1, "parenting-sessions": 2, "services-delivered": 40 + 6, "first-1000-days": 3 + 5,
    "referrals": 2, "pilot-models": 2, "pilot-models-evaluated": 1, "pilot-models-scaled-up": 1,
    "supervision-visits": 2, "resources-mobilised": 2_500_000 + 500_000 + 9_000_000,
}  # fmt: skip


def test_every_measure_counts_what_a_hand_counts(late: System) -> None:
    def at(subject: str, activity: str, number: int, groups: dict[str, int] | None = None, **data: Any) -> Any:
        agency = {"20@1": "ubnd-tinh", "181@1": "ubnd-huyen"}.get(subject, "ubnd-xa")
        return held(subject, activity, f"hand-{number}", "2022-03-01", agency=agency, participants=groups or {}, **data)

    def money(amount: int) -> list[dict[str, Any]]:
        return [{"line": "f3-mobilised", "amount": amount}]

    post(
        late,
        at("06400", "communication-session", 1, {"parent": 30}, by={"channel": "loudspeaker"}),
        at("06400", "communication-session", 2, {"parent": 10, "caregiver": 5}),
        at("06412", "advocacy", 3, {"related-agency": 8}),
        at("20@1", "training", 4, {"staff-education": 7, "child-work-staff": 2, "parent": 50}, by={"mode": "online"}),
        at("181@1", "training", 5, {"staff-community": 11}),
        at("20@1", "policy-contribution", 6),
        at("06400", "parent-counselling", 7, {"parent": 9}),
        at("06412", "parent-counselling", 8, {"parent": 4}),
        at("06400", "service-health", 9, {"child-0-8": 40, "parent": 12}, domain="health"),
        at("06412", "life-skills-education", 10, {"preschool-and-primary-pupil": 6}),
        at("06400", "first-1000-days-counselling", 11, {"child-0-8": 3, "pregnant-woman": 5, "caregiver": 2}),
        at("06400", "network-referral", 12, by={"outcome": "completed"}),
        at("06412", "network-referral", 13, by={"outcome": "not-completed"}),
        *(at("181@1", "pilot-model", 14 + number, by={"phase": phase})
          for number, phase in enumerate(("start", "start", "evaluate", "scale-up"))),
        at("181@1", "supervision", 18),
        at("20@1", "supervision", 19),
        at("06400", "resource-mobilisation", 20, money=money(2_500_000), by={"donor": "domestic-individual"}),
        at("06412", "resource-mobilisation", 21, money=money(500_000), by={"donor": "foreign-individual"}),
        at("20@1", "oda-mobilisation", 22, money=money(9_000_000)),
        *(at(unit, "parenting-programme", 23 + number)
          for number, unit in enumerate(("06400", "06400", "06412", "181@1"))),
        at("181@1", "coordination", 27), at("20@1", "coordination", 28), at("181@1", "coordination", 29),
        at("181@1", "measurement-pilot", 30),
    )  # fmt: skip

    def of(measure: str, **more: str) -> dict[str, Any]:
        return one(late, **{"indicator": measure, "within": "20@1", "period": "2022", **more})

    assert {measure: of(measure)["value"] for measure in BY_HAND} == BY_HAND
    # Each unit once, of all in force on the year's last day.
    communes, districts = (
        len(late.rollups(indicator="plan-issued", within="20@1", level=level, period="2022"))
        for level in ("commune", "district")
    )
    shares = {"parenting-programme-rollout": (3, communes + districts), "coordination-mechanism": (2, districts + 1),
              "ecd-measurement-pilot": (1, districts + 1)}  # fmt: skip
    assert {name: (of(name)["numerator"], of(name)["denominator"]) for name in shares} == shares
    assert of("coordination-mechanism")["value"] == round(100 * 2 / (districts + 1), 4)
    donors = late.rollups(indicator="resources-mobilised", by="donor", within="20@1", period="2022")
    assert {row["by"]["donor"]: row["value"] for row in donors} == {
        "domestic-individual": 2_500_000, "foreign-individual": 500_000,
    }  # fmt: skip
    # Two models began in month 2022-03: three years later their evaluations are due, and one has come.
    followed = {period: of("pilot-models-followed-up", period=period) for period in ("2025-02", "2025-03", "2025-Q2")}
    assert [(row["numerator"], row["denominator"], row["value"]) for row in followed.values()] == [
        (1, 0, None), (1, 2, 50.0), (1, 2, 50.0),
    ]  # fmt: skip
