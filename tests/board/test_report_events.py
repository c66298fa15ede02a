"""A handed in draft as the door and aggregation take it: counted once, however often it is handed in."""

from datetime import datetime

import pytest

from services.board.report.draft import ActivityAnswer, Answers, FigureAnswer, ProblemAnswer
from services.board.report.events import HandIn, UnsoundAnswersError, events_of
from services.board.report.fields import Form, form_of
from shared.domain.obligation_name import ObligationName
from shared.domain.periods import parse_period
from shared.domain.units import Units
from shared.programme.model import Programme
from tests.system import System

COMMUNE = "06415@1"
ACCESS, KNOWLEDGE = "child-service-access/2023-Q1", "knowledge-skills-provided/2023-Q1"
OBLIGATION = ObligationName("ecd-1437", "progress-quarterly", COMMUNE, "ubnd-xa", "2023-Q1", 0)
AT = datetime.fromisoformat("2023-03-15T08:00:00+07:00")
ANSWERS = Answers(
    figures={
        ACCESS: FigureAnswer(typed={
            "numerator": "1 412", "denominator": "1530", "part.sex.female.numerator": "700",
            "part.sex.female.denominator": "760",
        }),
        KNOWLEDGE: FigureAnswer(absent=True, typed={"numerator": "x"}),
    },
    activities=(
        ActivityAnswer(record="board-1", typed={
            "activity": "parent-counselling", "held_on.day": "9", "held_on.month": "3", "held_on.year": "2023",
            "by.domain": "nutrition", "participants.parent": "24",
        }),
    ),
    problems=(ProblemAnswer(record="board-2", typed={"text": "Thiếu cân trẻ em", "domain": "nutrition"}),),
)  # fmt: skip


@pytest.fixture(scope="module")
def form(ecd: Programme, units: Units) -> Form:
    made = form_of(ecd, ecd.report["progress-quarterly"], units[COMMUNE], "ubnd-xa", parse_period("2023-Q1"), "vi")
    assert made is not None
    return made


def test_a_draft_that_is_handed_in_twice_counts_once(form: Form, system: System) -> None:
    first, second = (events_of(form, ANSWERS, HandIn(OBLIGATION, 1, AT), ()) for _ in range(2))
    assert first == second
    assert len({event["id"] for event in first}) == len(first) == 4
    for events in (first, second):
        answer = system.post(events)
        assert answer.status_code == 202, answer.text
    asked = {"programme": "ecd-1437", "within": COMMUNE, "level": "commune", "period": "2023-Q1"}
    system.wait_until(
        lambda: system.rollups(indicator="child-service-access", **asked)[0]["numerator"] == 1412, "the figure counts"
    )
    (access,) = system.rollups(indicator="child-service-access", **asked)
    assert (access["numerator"], access["denominator"], access["units_reported"]) == (1412, 1530, 1)
    (female,) = [
        row
        for row in system.rollups(indicator="child-service-access", by="sex", **asked)
        if row.get("by") == {"sex": "female"}
    ]
    assert (female["numerator"], female["denominator"]) == (700, 760)
    (held,) = system.rollups(activity="parent-counselling", **asked)
    assert held["value"] == 1
    for event in first:
        told = system.read(f"/v1/events/%2Fkip%2Fboard/{event['id']}", key=system.key).json()["rows"]
        assert [row["status"] for row in told] == ["applied"]
    assert first[-1]["id"] == HandIn(OBLIGATION, 1, AT).submission


def test_a_correction_is_a_handing_in_with_ids_of_its_own(form: Form) -> None:
    ids = [{str(event["id"]) for event in events_of(form, ANSWERS, HandIn(OBLIGATION, n, AT), ())} for n in (1, 2)]
    assert ids[0].isdisjoint(ids[1])


def test_nothing_is_said_of_a_figure_that_is_absent_and_a_withdrawal_names_the_record(form: Form) -> None:
    answers = Answers(
        figures={KNOWLEDGE: FigureAnswer(absent=True)},
        activities=(ActivityAnswer(record="board-1", change="withdrawn"),),
    )
    withdrawn, submitted = events_of(form, answers, HandIn(OBLIGATION, 2, AT), ())
    assert withdrawn["type"] == "vn.kip.record.retracted.v1"
    assert withdrawn["data"] == {"programme": "ecd-1437", "record": f"{COMMUNE}/ubnd-xa/board-1"}
    assert submitted["type"] == "vn.kip.report.submitted.v1"


def test_a_figure_that_counts_and_of_which_there_is_said_to_be_none_is_withdrawn(form: Form) -> None:
    answers = Answers(figures={KNOWLEDGE: FigureAnswer(absent=True), ACCESS: FigureAnswer(absent=True)})
    withdrawn, _ = events_of(form, answers, HandIn(OBLIGATION, 2, AT), {KNOWLEDGE})
    assert (withdrawn["type"], withdrawn["subject"]) == ("vn.kip.record.retracted.v1", COMMUNE)
    assert withdrawn["data"] == {
        "programme": "ecd-1437", "indicator": "knowledge-skills-provided", "agency": "ubnd-xa", "period": "2023-Q1",
    }  # fmt: skip


def test_answers_that_cannot_be_read_make_no_events(form: Form) -> None:
    answers = Answers(figures={ACCESS: FigureAnswer(typed={"numerator": "x", "denominator": "1"})})
    with pytest.raises(UnsoundAnswersError) as raised:
        events_of(form, answers, HandIn(OBLIGATION, 1, AT), ())
    assert [item.field for item in raised.value.refusals] == ["numerator"]
