"""Makes events of a draft's answers, with the same ids however often the same draft is handed in. Pure.

They are current events: the door takes no revision of them, each corrects what was accepted before.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from pydantic import BaseModel

from services.board.report.draft import ActivityAnswer, Answers, ProblemAnswer
from services.board.report.fields import Form
from services.board.report.typed import read_activity, read_figure, read_problem
from shared.domain.events import Kind
from shared.domain.obligation_name import ObligationName
from shared.domain.refusals import Refusal

SOURCE = "/kip/board"
_IDS = UUID("6f0c2b7e-5a53-4c0e-9d6b-0a2f0f8f9c17")


@dataclass(frozen=True, slots=True)
class HandIn:
    """One handing in of a report: whose, its number among them (the draft's), when by the run's clock."""

    obligation: ObligationName
    number: int
    at: datetime

    def id_of(self, kind: Kind, what: str) -> str:
        """Name an event of it: the same for the same thing of the same handing in, and for no other."""
        return str(uuid5(_IDS, f"{self.obligation} {self.number} {kind} {what}"))

    @property
    def submission(self) -> str:
        """The id of the event by which the report is submitted."""
        return self.id_of(Kind.REPORT_SUBMITTED, self.obligation.report)


class UnsoundAnswersError(Exception):
    """Answers that can't be told as events. Whoever hands in has been told so before: `refusals` say what."""

    def __init__(self, refusals: list[Refusal]) -> None:
        super().__init__(", ".join(item.field for item in refusals))
        self.refusals = refusals


def events_of(form: Form, answers: Answers, hand_in: HandIn, withdrawn: Collection[str]) -> list[dict[str, object]]:
    """Make the events of all answers; the report's submission comes last. Raises UnsoundAnswersError.

    `withdrawn` are the keys of the figures that are withdrawn: of those there is said to be none, and they count.
    """
    return [
        *_figures(form, answers, hand_in, withdrawn),
        *(_activity(form, answer, hand_in) for answer in answers.activities),
        *(_problem(form, answer, hand_in) for answer in answers.problems),
        _event(form, hand_in, Kind.REPORT_SUBMITTED, form.report.slug, {
            "programme": form.programme.slug, "report": form.report.slug, "agency": form.agency,
            "period": str(form.period),
        }),
    ]  # fmt: skip


def _figures(form: Form, answers: Answers, hand_in: HandIn, withdrawn: Collection[str]) -> Iterator[dict[str, object]]:
    for figure in form.figures:
        answer = answers.figures.get(figure.key)
        if answer is not None and not answer.absent:
            data = _sound(*read_figure(form, figure, answer))
            yield _event(form, hand_in, Kind.INDICATOR_REPORTED, figure.key, data)
        elif answer is not None and figure.key in withdrawn:
            yield _event(form, hand_in, Kind.RECORD_RETRACTED, figure.key, {
                "programme": form.programme.slug, "indicator": figure.indicator.slug, "agency": form.agency,
                "period": str(figure.period),
            })  # fmt: skip


def _activity(form: Form, answer: ActivityAnswer, hand_in: HandIn) -> dict[str, object]:
    if answer.change == "withdrawn":
        data: dict[str, object] = {"programme": form.programme.slug, "record": form.own_record(answer.record)}
        return _event(form, hand_in, Kind.RECORD_RETRACTED, answer.record, data)
    return _event(form, hand_in, Kind.ACTIVITY_RECORDED, answer.record, _sound(*read_activity(form, answer)))


def _problem(form: Form, answer: ProblemAnswer, hand_in: HandIn) -> dict[str, object]:
    kind = Kind.PROBLEM_RAISED if answer.change == "raised" else Kind.PROBLEM_RESOLVED
    return _event(form, hand_in, kind, answer.record, _sound(*read_problem(form, answer)))


def _sound(data: BaseModel | None, refusals: list[Refusal]) -> dict[str, object]:
    if data is None:
        raise UnsoundAnswersError(refusals)
    return data.model_dump(mode="json", exclude_none=True, exclude_defaults=True)


def _event(form: Form, hand_in: HandIn, kind: Kind, what: str, data: dict[str, object]) -> dict[str, object]:
    return {
        "specversion": "1.0",
        "id": hand_in.id_of(kind, what),
        "source": SOURCE,
        "type": kind.type,
        "subject": form.unit.uid,
        "time": hand_in.at.isoformat(),
        "data": data,
    }
