"""Every decision says why: about each turn of a step, about a report that came late, and in what is kept and logged."""

from dataclasses import replace

import httpx
import pytest
import structlog
from starlette.applications import Starlette

from services.notifications.alerts.escalation import Situation, plan
from services.notifications.alerts.loop import Sweeper
from services.notifications.alerts.received import NotifiedLate, receipt
from services.notifications.read_api import Reader, routes
from shared.access.keys import hash_key
from shared.registry.snapshot import Key
from tests.notifications.field import BEFORE, Field, Fixed, answer, limited
from tests.notifications.field import at as in_vietnam
from tests.notifications.test_escalation import DUE, HOURS, POLICY, at

TURNS = ("reminder-1", "today-1", "overdue-1", "parent-1", "overdue-2", "grandparent-1", "overdue-3")
EARLY = ("deadline_passed", "deadline_passed")
FUTURE = ("not_overdue",) * 5
SENT = (("overdue", 1), ("parent", 1))


@pytest.mark.parametrize(
    ("now", "situation", "reasons"),
    [
        ("2023-03-14 09:00", {"overdue": False}, ("not_yet", "not_yet", *FUTURE)),
        ("2023-03-15 08:00", {"overdue": False}, ("first", "not_yet", *FUTURE)),
        ("2023-03-15 08:00", {"overdue": False, "held": True}, ("first", "not_yet", *FUTURE)),
        ("2023-03-15 09:00", {"overdue": False, "sent": [("reminder", 1)]}, ("already_sent", "not_yet", *FUTURE)),
        ("2023-03-15 18:00", {"overdue": False}, ("outside_hours", "not_yet", *FUTURE)),
        ("2023-03-16 09:00", {"overdue": False}, ("passed_over", "caught_up", *FUTURE)),
        ("2023-03-16 09:00", {"overdue": False, "sent": [("reminder", 1)]}, ("already_sent", "first", *FUTURE)),
        ("2023-03-16 09:00", {"overdue": False, "sent": [("today", 1)]}, ("passed_over", "already_sent", *FUTURE)),
        ("2023-03-17 08:00", {}, (*EARLY, "first", "first", "not_yet", "not_yet", "not_yet")),
        ("2023-03-17 08:00", {"held": True}, (*EARLY, "held", "held", "not_yet", "not_yet", "not_yet")),
        (
            "2023-03-18 08:00", {"held": True},  # a Saturday: nobody is at work, whatever is on its way
            (*EARLY, "outside_hours", "outside_hours", "not_yet", "not_yet", "not_yet"),
        ),
        (
            "2023-03-17 08:00", {"escalates": False},
            (*EARLY, "first", "not_escalated", "not_yet", "not_escalated", "not_yet"),
        ),
        (
            "2023-03-21 08:00", {"sent": SENT},
            (*EARLY, "already_sent", "already_sent", "repeat", "first", "not_yet"),
        ),
        (
            "2023-03-21 08:00", {"sent": [("parent", 1)]},
            (*EARLY, "passed_over", "already_sent", "caught_up", "first", "not_yet"),
        ),
        (
            "2023-03-23 08:00", {"sent": SENT},
            (*EARLY, "already_sent", "already_sent", "passed_over", "first", "caught_up"),
        ),
        (
            "2023-04-03 10:00", {"sent": (), "reopened_at": at("2023-04-03 10:00")},
            (*EARLY, "not_yet", "not_yet", "not_yet", "not_yet", "not_yet"),
        ),
    ],
)  # fmt: skip
def test_each_turn_is_claimed_or_not_for_a_named_reason(now, situation, reasons):
    known = {"overdue": True, "reopened_at": None, "escalates": True, "sent": (), "held": False, **situation}
    held = known.pop("held")
    decided = plan(Situation(due_at=DUE, **{**known, "sent": frozenset(known["sent"])}), POLICY, at(now), held=held)
    found = {f"{decision.turn.step}-{decision.turn.number}": decision.reason for decision in decided.decisions}
    assert found == dict(zip(TURNS, reasons, strict=True))
    claimed = [name for name, reason in found.items() if reason in {"first", "repeat", "caught_up"}]
    assert [f"{decision.turn.step}-{decision.turn.number}" for decision in decided.due] == claimed


OWN = NotifiedLate(1, "commune", 0, sent=True, queued=False)
ABOVE = NotifiedLate(2, "district", 1, sent=True, queued=False)
QUEUED = NotifiedLate(3, "district", 1, sent=False, queued=True)
BOTH = NotifiedLate(4, "commune", 0, sent=True, queued=True)  # one step is delivered, a later one is not yet
MET = "2023-03-21 10:00"


@pytest.mark.parametrize(
    ("now", "notified", "reasons", "units", "next_at"),
    [
        ("2023-03-21 10:00", [], [], {}, None),
        ("2023-03-21 10:00", [OWN], ["received"], {"commune": {1}}, None),
        ("2023-03-21 10:00", [OWN, ABOVE], ["received", "next_morning"], {"commune": {1}}, "2023-03-22 08:00"),
        ("2023-03-22 08:00", [ABOVE], ["received"], {"district": {2}}, None),
        ("2023-03-21 10:00", [QUEUED], ["undelivered"], {}, "2023-03-21 10:00"),
        ("2023-03-22 08:00", [ABOVE, QUEUED], ["received", "undelivered"], {"district": {2}}, "2023-03-22 08:00"),
        ("2023-03-21 10:00", [BOTH], ["received"], {"commune": {4}}, "2023-03-21 10:00"),
        ("2023-03-21 19:00", [OWN, ABOVE], ["outside_hours", "outside_hours"], {}, "2023-03-22 08:00"),
        ("2023-03-21 19:00", [OWN, QUEUED], ["outside_hours", "outside_hours"], {}, "2023-03-21 19:00"),
        ("2023-03-21 19:00", [], [], {}, None),
    ],
)
def test_who_hears_of_a_late_report_is_decided_for_a_named_reason(now, notified, reasons, units, next_at):
    decided = receipt(notified, at(MET), HOURS, at(now))
    assert [reason for _, reason in decided.decisions] == reasons
    assert {unit: officers for (unit, _), officers in decided.officers_by_place.items()} == units
    assert all(above == (unit == "district") for unit, above in decided.officers_by_place)
    assert decided.next_at == (next_at and at(next_at))


@pytest.fixture
async def field(pool, registry):
    """Hữu Lũng with an officer in Yên Vượng and one in the district, before the first period."""
    place = Field(pool, limited(registry, "186@1", "20@2"))
    await place.officer("An", "06412@1", "ubnd-xa")
    await place.officer("Bình", "186@1", "phong-ldtbxh-dt-huyen")
    await place.sweep(BEFORE)
    return place


async def reasons_of(field):
    rows = await field.pool.fetch(
        """SELECT step, alert.reason FROM notifications.alert
           LEFT JOIN notifications.obligation ON obligation.id = alert.obligation
           WHERE officer IS NOT NULL AND COALESCE(obligation.unit, '06412@1') = '06412@1' ORDER BY alert.id"""
    )
    return [tuple(row) for row in rows]


async def test_each_alert_keeps_the_reason_for_which_it_was_claimed(field):
    await field.sweep("2023-03-15 08:00")
    await field.sweep("2023-03-17 08:00")
    await field.take(answer("problem.raised", record="p1", text="no staff"), now="2023-03-17 09:00")
    await field.sweep("2023-03-17 09:00")
    await field.pool.execute("UPDATE notifications.alert SET state = 'sent' WHERE state = 'queued'")
    await field.take(
        answer("problem.resolved", record="p1", accepted="2023-03-20 09:00"),
        answer(accepted="2023-03-20 09:00"),
        now="2023-03-20 09:00",
    )
    await field.sweep("2023-03-20 09:00")
    await field.sweep("2023-03-21 08:00")
    assert await reasons_of(field) == [
        ("reminder", "first"),
        ("overdue", "first"),
        ("parent-digest", "first"),
        ("problem-raised", "raised"),
        ("problem-resolved", "resolved"),
        ("received", "received"),
        ("received", "received"),
    ]


async def test_what_was_missed_is_caught_up_and_the_read_api_says_so(field):
    programme = field.registry.programmes["ecd-1437"]
    repeated = {"repeat_working_days": 2, "at_most": 3}
    steps = [step.model_copy(update=repeated if step.slug == "overdue" else {}) for step in programme.escalation]
    programmes = {"ecd-1437": programme.model_copy(update={"escalation": tuple(steps)})}
    field.registry = replace(field.registry, programmes=programmes)
    await field.sweep("2023-04-05 09:00")  # three weeks of downtime
    keys = {hash_key("all"): Key("all", "VN", None, True, None)}
    known = replace(field.registry, keys=keys)
    reader = Reader(registry=lambda: known, pool=lambda: field.pool, now=lambda: in_vietnam("2023-04-05 10:00"))
    transport = httpx.ASGITransport(Starlette(routes=routes(reader)))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        response = await client.get(
            "/v1/alerts", params={"unit": "06412", "limit": "1000"}, headers={"Authorization": "Bearer all"}
        )
    shown = [row for row in response.json()["rows"] if row["officer_name"] is not None]
    assert [(row["step"], row["reason"]) for row in shown] == await reasons_of(field)
    assert ("overdue", "caught_up") in await reasons_of(field)


class Waiting:
    """Events are on their way."""

    async def hold(self):
        return "the queue holds 3"

    async def alerts_empty(self):
        return True


async def test_the_log_counts_what_was_decided_by_its_reason_and_says_the_same_once(field):
    async def publish(bodies):
        pass

    await field.sweep("2023-03-15 08:00")
    sweeper = Sweeper(
        field.pool, lambda: field.registry, Fixed(in_vietnam("2023-03-17 08:00")), publish, Waiting(),
        on_swept=lambda: None, interval=30,
    )  # fmt: skip
    with structlog.testing.capture_logs() as logged:
        for _ in range(3):
            await sweeper.sweep_once()
    swept = [entry for entry in logged if entry["event"] == "sweep.done"]
    assert len(swept) == 2, "the obligations that became overdue, then what is held; the third sweep decides the same"
    assert swept[-1]["alerts"] == 0
    assert swept[-1]["reasons"]["held"] == 2 * 23, "two steps of each commune's report"
