"""Several figures in one answer, on a running system at the end of 2025: each is what it is alone."""

from tests.aggregation.late import figure, oblige, post, together
from tests.system import System

HUU_LUNG, CAI_KINH = "186@1", "06427@2"


def test_several_figures_are_answered_at_one_instant_as_each_is_alone(late: System) -> None:
    for period, part in (("2024-Q1", 52), ("2024-Q2", 54), ("2025-Q2", 58), ("2025-Q4", 66)):
        post(late, figure("06427" if period < "2025-Q3" else CAI_KINH, period, part, 100 + part))
    oblige(late, "06412@1", "open", 3)
    oblige(late, "06412@1", "waived", 4)
    indicators = "child-service-access,district-network-model"
    names = f"{indicators},comm-sessions,report-timeliness,pilot-models-followed-up,plan-issued"
    for query in (
        {"within": CAI_KINH, "period": "2024-Q1..2025-Q4", "view": "as_of_today"},
        {"within": HUU_LUNG, "period": "2023-Q2", "level": "commune"},
        {"within": "VN", "period": "2024-Q4..2025-Q1"},
    ):
        rows = together(late, names, **query)
        assert list(dict.fromkeys(row["indicator"] for row in rows)) == names.split(",")
    rows = together(late, "child-service-access", within=CAI_KINH, period="2024-Q1..2025-Q4", view="as_of_today")
    assert [row["numerator"] for row in rows if row["numerator"]] == [52, 54, 58, 66]
    assert {row["activity"] for row in late.rollups(activity="parent-counselling", period="2024")} == {
        "parent-counselling"
    }
    units = late.read(
        "/v1/rollups", indicator=names, within=HUU_LUNG, period="2024", level="commune", limit="12"
    ).json()
    assert len(units["rows"]) == 2 * len(names.split(","))
    assert units["next"] == units["rows"][-1]["uid"]


def test_all_indicators_are_asked_at_once_and_what_has_no_such_figure_is_named(late: System) -> None:
    everything = together(late, "all", within=HUU_LUNG, period="2025-Q1..2025-Q2")
    assert [row["indicator"] for row in everything] == [
        name for name in ("child-service-access", "knowledge-skills-provided", "district-network-model") for _ in "12"
    ]
    asked = {"within": HUU_LUNG, "indicator": "all"}
    month = late.read("/v1/rollups", period="2025-01", **asked)
    assert (month.status_code, month.json()["field"]) == (400, "period")
    current = late.read("/v1/rollups", **{**asked, "within": "20@2"}).json()
    assert {row["period"] for row in current["rows"]} == {"2026-Q1"}
    for wrong, field in (
        ({"indicator": "child-service-access,child-service-access", "period": "2024"}, "indicator"),
        ({"indicator": "child-service-access,shoes", "period": "2024"}, "indicator"),
        ({"indicator": "child-service-access,district-network-model", "by": "domain", "period": "2024"}, "by"),
        ({"indicator": "child-service-access,comm-sessions"}, "period"),
        ({"indicator": ",".join(f"i{n}" for n in range(20)), "period": "2020-01..2024-12"}, "period"),
    ):
        answer = late.read("/v1/rollups", within=HUU_LUNG, **wrong)
        assert (answer.status_code, answer.json()["field"]) == (400, field), answer.text
