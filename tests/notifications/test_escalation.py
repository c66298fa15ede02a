from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.alerts.escalation import Policy, Situation, WorkingHours, plan
from shared.domain.working_days import WorkingDays
from shared.programme.base import Label
from shared.programme.model import Step

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
HOURS = WorkingHours(WorkingDays("VN", ()), time(8), time(17), ZONE)


def at(text):
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def step(slug, working_days, to, **more):
    return Step(slug=slug, label=Label(vi=slug, en=slug), working_days=working_days, to=to, template=slug, **more)


POLICY = Policy(
    (
        step("reminder", -1, 0),
        step("today", 0, 0),
        step("overdue", 1, 0, repeat_working_days=2, at_most=3),
        step("parent", 1, 1),
        step("grandparent", 3, 2),
    ),
    HOURS,
)
DUE = at("2023-03-16 17:00")  # a Thursday


def sent_by(now, *, overdue, sent=(), escalates=True, held=False, reopened=None):
    situation = Situation(overdue, DUE, reopened, escalates, frozenset(sent))
    found = plan(situation, POLICY, at(now), held=held)
    return [f"{decision.turn.step}-{decision.turn.number}" for decision in found.due], found.next_at


@pytest.mark.parametrize(
    ("now", "overdue", "sent", "expected", "next_at"),
    [
        ("2023-03-14 09:00", False, [], [], "2023-03-15 08:00"),
        ("2023-03-15 08:00", False, [], ["reminder-1"], "2023-03-16 08:00"),
        ("2023-03-15 09:00", False, [("reminder", 1)], [], "2023-03-16 08:00"),
        ("2023-03-15 18:00", False, [], [], "2023-03-16 08:00"),
        ("2023-03-16 09:00", False, [], ["today-1"], "2023-03-16 17:00"),  # the reminder was missed: only the latest
        ("2023-03-16 17:01", True, [], [], "2023-03-17 08:00"),
        ("2023-03-17 08:00", True, [], ["overdue-1", "parent-1"], "2023-03-21 08:00"),
        ("2023-03-18 08:00", True, [], [], "2023-03-20 08:00"),  # a Saturday
        ("2023-03-21 08:00", True, [("overdue", 1), ("parent", 1)], ["overdue-2", "grandparent-1"], "2023-03-23 08:00"),
        ("2023-03-23 08:00", True, [("overdue", 1)], ["overdue-3", "parent-1", "grandparent-1"], None),
        ("2023-03-30 08:00", True, [("overdue", 3), ("parent", 1), ("grandparent", 1)], [], None),
    ],
)
def test_the_steps_that_are_due(now, overdue, sent, expected, next_at):
    found, then = sent_by(now, overdue=overdue, sent=sent)
    assert sorted(found) == sorted(expected)
    assert then == (next_at and at(next_at))


def test_a_request_is_repeated_to_the_unit_and_never_climbs():
    assert sent_by("2023-03-23 08:00", overdue=True, escalates=False)[0] == ["overdue-3"]


def test_what_accuses_is_held_and_what_reminds_is_not():
    assert sent_by("2023-03-17 08:00", overdue=True, held=True) == ([], at("2023-03-17 08:00"))
    assert sent_by("2023-03-15 08:00", overdue=False, held=True)[0] == ["reminder-1"]


def test_steps_count_anew_from_a_reopening_after_the_deadline():
    reopened = at("2023-04-03 10:00")
    assert sent_by("2023-04-03 10:00", overdue=True, reopened=reopened) == ([], at("2023-04-04 08:00"))
    assert sent_by("2023-04-04 08:00", overdue=True, reopened=reopened)[0] == ["overdue-1", "parent-1"]


@given(st.lists(st.integers(0, 60 * 24 * 20), min_size=1, max_size=60), st.booleans())
def test_whenever_it_is_looked_at_nothing_is_sent_twice_or_outside_working_hours_and_in_the_end_nothing_is_missing(
    minutes, escalates
):
    start = at("2023-03-10 00:00")
    sent: set[tuple[str, int]] = set()
    for minute in [*sorted(minutes), 60 * 24 * 24 + 60 * 9]:
        now = start + timedelta(minutes=minute)
        found = plan(Situation(now > DUE, DUE, None, escalates, frozenset(sent)), POLICY, now, held=False)
        turns = [decision.turn for decision in found.due]
        fresh = {(turn.step, turn.number) for turn in turns}
        assert not fresh & sent
        assert not fresh or HOURS.next_open(now) == now
        assert found.next_at is None or found.next_at > now or not turns
        assert len({turn.to for turn in turns}) == len(turns)
        sent |= fresh
    assert ("overdue", 3) in sent
    assert (("parent", 1) in sent, ("grandparent", 1) in sent) == (escalates, escalates)


@pytest.mark.parametrize(
    ("now", "opened"),
    [("2023-03-16 07:59", None), ("2023-03-16 08:00", "2023-03-16 08:00"), ("2023-03-16 16:59", "2023-03-16 08:00"),
     ("2023-03-16 17:00", None), ("2023-03-18 10:00", None), ("2023-04-29 10:00", None)],
)  # fmt: skip
def test_the_working_day_that_people_are_at_work_in(now: str, opened: str | None) -> None:
    assert HOURS.opened_at(at(now)) == (at(opened) if opened else None)
