import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.obligations.consumer import read_batch
from services.notifications.obligations.submissions import Answer, answered_at, judge, withdrawn_at
from shared.domain.canonical import UndecodableError, decode_batch
from shared.domain.events import ObligationState as State
from shared.registry.snapshot import Registry
from tests.notifications.field import answer, at

WHOLE = frozenset({""})  # a submission
NOON = datetime(2023, 3, 16, 5, tzinfo=UTC)


def given_answer(revision, accepted_minute, submitted, id_="a"):
    return Answer(
        "p", "r", "2023-Q1", "06412@1", "ubnd-xa", "app", "/app", id_, revision, NOON,
        NOON + timedelta(minutes=accepted_minute), submitted,
    )  # fmt: skip


def test_a_correction_does_not_make_an_answer_late():
    assert answered_at([given_answer(1, 90, True), given_answer(0, 10, True)], WHOLE) == NOON + timedelta(minutes=10)


def test_a_withdrawal_takes_the_answers_below_it_and_a_higher_revision_revives():
    withdrawn = [given_answer(0, 10, True), given_answer(1, 20, False)]
    assert answered_at(withdrawn, WHOLE) is None
    assert answered_at([*withdrawn, given_answer(2, 30, True)], WHOLE) == NOON + timedelta(minutes=30)


@pytest.mark.parametrize(
    ("answers", "met", "heard", "since"),
    [
        ([(0, 10, True), (1, 20, False)], 10, 500, 20),  # heard of hours later
        ([(0, 10, True), (1, 20, False), (2, 30, True), (3, 40, False)], 30, 500, 40),
        ([(0, 10, True), (1, 20, False), (2, 30, True)], 30, 500, 500),  # that one was handed in again since
        ([(0, 10, True)], 10, 500, 500),  # more is required than before
        ([(0, 10, True), (1, 600, False)], 10, 500, 500),  # a clock that is behind the door's
    ],
)
def test_a_report_is_open_again_from_its_withdrawal_on(answers, met, heard, since):
    given = [given_answer(*item, id_=str(number)) for number, item in enumerate(answers)]
    minutes = [NOON + timedelta(minutes=minute) for minute in (met, heard, since)]
    assert withdrawn_at(given, minutes[0], minutes[1]) == minutes[2]


def test_an_upload_stands_again_after_a_withdrawal_of_any_revision():
    withdrawn = [given_answer(1, 10, True), given_answer(2, 20, False, "b")]
    assert answered_at([*withdrawn, given_answer(None, 30, True, "c")], WHOLE) == NOON + timedelta(minutes=30)
    assert answered_at([*withdrawn, given_answer(None, 15, True, "c")], WHOLE) is None


@given(
    st.lists(st.tuples(st.none() | st.integers(0, 3), st.integers(0, 300), st.booleans()), min_size=1, max_size=8),
    st.randoms(use_true_random=False),
)
def test_the_order_of_arrival_changes_nothing(items, chance):
    answers = [given_answer(*item, id_=str(number)) for number, item in enumerate(items)]
    shuffled = answers * 2
    chance.shuffle(shuffled)
    assert answered_at(shuffled, WHOLE) == answered_at(answers, WHOLE)


@pytest.mark.parametrize(
    ("before", "met", "after", "reopened"),
    [
        ("open", -1, "met", False),
        ("open", 0, "met", False),
        ("open", 1, "late_met", False),
        ("overdue", 0, "met", False),  # it was accepted in time and came late through the queue
        ("overdue", 1, "late_met", False),
        ("late_met", 0, "met", False),
        ("met", None, "overdue", True),
        ("overdue", None, "overdue", False),
        ("waived", 0, "waived", False),
        ("expired", 1, "expired", False),
        ("expired", 0, "met", False),
    ],
)
def test_what_becomes_of_an_obligation(before, met, after, reopened):
    met_at = None if met is None else NOON + timedelta(minutes=met)
    verdict = judge(State(before), NOON, met_at, NOON + timedelta(hours=5))
    assert (verdict.state, verdict.reopened) == (after, reopened)
    assert verdict.met_at == met_at


def test_other_events_and_other_records_are_no_answers():
    indicator = {**answer(), "type": "vn.kip.indicator.reported.v1"}
    withdrawn_activity = answer("record.retracted", record="r1")
    del withdrawn_activity["data"]["report"]
    indicator["data"] = {**indicator["data"], "indicator": "child-service-access"}
    taken = read_batch([indicator, withdrawn_activity, answer()], Registry())
    assert not taken.dead
    assert [item.accepted_at for item in taken.answers] == [at("2023-03-16 10:00")]


@pytest.mark.parametrize("event", [{}, {"id": 1}, {"type": "vn.kip.report.submitted.v1", "data": {}}])
def test_what_can_t_be_read_goes_aside_alone(event):
    taken = read_batch([event, answer(), event], Registry())
    assert [json.loads(item.event) for item in taken.dead] == [event, event]
    assert all("can't be applied: " in item.reason for item in taken.dead)
    assert len(taken.answers) == 1


@pytest.mark.parametrize("body", [b"", b"{", b"7", b"\xff", b"[7]", b'{"type": "x"}'])
def test_what_can_t_be_decoded_is_refused(body):
    with pytest.raises(UndecodableError):
        decode_batch(body)
