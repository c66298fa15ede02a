"""When an auditor asks the account for a message, and when it judges: by markers that passed, not by the clock."""

import tracemalloc
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.journal.account_store import Position
from shared.journal.reading import Entry
from shared.journal.waiting import Waitlist

BEGAN = datetime(2026, 11, 30, 8, tzinfo=UTC)
SURE = timedelta(seconds=120)
QUEUES = ("one", "two")
SECONDS = st.integers(0, 600)


def at(seconds: float) -> datetime:
    return BEGAN + timedelta(seconds=seconds)


def entry(offset: int, message: str | None = None) -> Entry:
    return Entry(offset, message or f"m{offset}", "kip.events", "problem.raised.0", BEGAN, 0, is_marker=False, body=b"")


def asked(waitlist: Waitlist, seconds: float, **passed: float) -> list[str]:
    return [it.message for it in waitlist.due(at(seconds), {queue: at(when) for queue, when in passed.items()}, QUEUES)]


def missing(waitlist: Waitlist) -> list[str]:
    return [it.message for it in waitlist.missing()]


def test_a_message_is_asked_for_soon_when_its_queue_came_to_it_and_when_it_is_judged() -> None:
    waitlist = Waitlist(None, SURE)
    waitlist.read(entry(0), "one", at(0))
    assert asked(waitlist, 1) == []
    assert asked(waitlist, 6) == ["m0"]
    assert asked(waitlist, 60) == []
    assert asked(waitlist, 3600, one=-1) == []  # a backlog of an hour: no marker sent since has come through
    assert missing(waitlist) == []
    assert asked(waitlist, 3601, one=0) == ["m0"]
    assert asked(waitlist, 3602, one=119) == []
    assert missing(waitlist) == []
    assert asked(waitlist, 3603, one=120) == ["m0"]
    assert missing(waitlist) == ["m0"]


def test_a_marker_of_another_queue_says_nothing() -> None:
    waitlist = Waitlist(None, SURE)
    waitlist.read(entry(0), "one", at(0))
    asked(waitlist, 500, two=400)
    assert missing(waitlist) == []


def test_what_came_by_a_queue_that_is_gone_waits_for_all_of_them() -> None:
    waitlist = Waitlist(None, SURE)
    waitlist.read(entry(0), None, at(0))
    asked(waitlist, 500, one=400)
    assert missing(waitlist) == []
    asked(waitlist, 501, one=400, two=119)
    assert missing(waitlist) == []
    asked(waitlist, 502, one=400, two=120)
    assert missing(waitlist) == ["m0"]


def test_the_position_is_the_last_before_what_waits() -> None:
    waitlist = Waitlist(Position(9, "m9"), SURE)
    for offset in (10, 11, 12):
        waitlist.read(entry(offset), "one", at(0))
    waitlist.skip(entry(13))
    assert waitlist.position == Position(9, "m9")
    waitlist.settle({"m11", "m12"})
    assert waitlist.position == Position(9, "m9")
    waitlist.settle({"m10", "unknown"})
    assert waitlist.position == Position(13, "m13")
    assert len(waitlist) == 0


def test_a_message_that_was_published_twice_is_one() -> None:
    waitlist = Waitlist(None, SURE)
    waitlist.read(entry(0, "same"), "one", at(0))
    waitlist.read(entry(1, "same"), "one", at(90))
    asked(waitlist, 130, one=125)
    assert missing(waitlist) == ["same"]
    waitlist.settle({"same"})
    assert waitlist.position == Position(1, "same")


def test_what_is_settled_behind_one_that_waits_takes_no_room() -> None:
    """One partition that stands still for hours: of the others much is read and settled meanwhile."""
    waitlist = Waitlist(Position(9, "m9"), SURE)
    waitlist.read(entry(10), "one", at(0))
    tracemalloc.start()
    try:
        for offset in range(11, 10_011):
            waitlist.read(entry(offset), "two", at(offset))
            waitlist.skip(entry(offset + 10_000))
            waitlist.settle({f"m{offset}"})
        held, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert held < 100_000
    assert waitlist.position == Position(9, "m9")


@given(st.lists(st.tuples(SECONDS, st.sampled_from(QUEUES)), max_size=30), SECONDS, SECONDS)
def test_nobody_is_accused_before_a_marker_of_two_minutes_later_passed(
    read: list[tuple[int, str]], one: int, two: int
) -> None:
    waitlist = Waitlist(None, SURE)
    for offset, (seconds, queue) in enumerate(read):
        waitlist.read(entry(offset), queue, at(seconds))
    asked(waitlist, 1000, one=one, two=two)
    passed = {"one": one, "two": two}
    assert missing(waitlist) == [f"m{n}" for n, (seconds, queue) in enumerate(read) if passed[queue] >= seconds + 120]
