"""Judges a draft: what of it is answered, wrong or unusual, and what keeps it from being handed in. Pure."""

from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import Enum

from services.board.report.checks import Doubt, counts_in_doubt, doubts, wrong_activity, wrong_figure, wrong_problem
from services.board.report.draft import ActivityAnswer, Answers, FigureAnswer, ProblemAnswer
from services.board.report.fields import Figure, Form
from services.board.report.standing import Standing
from services.board.report.typed import count_or_text, read_activity, read_figure, read_problem
from services.board.report.words import FieldWords, FormWords
from shared.domain.events import IndicatorReported
from shared.domain.refusals import Code, Refusal
from shared.domain.rule_words import wanted
from shared.values.model_words import expected_by_model
from shared.values.personal_data import in_text
from shared.wording.words import Words, in_both, joined, said

LONGEST_REASON = 500
REASON = "reason"


class State(Enum):
    """How far a part of the report is. The value names its words."""

    TODO = FormWords.TODO
    ANSWERED = FormWords.ANSWERED
    STANDS = FormWords.STANDS  # nobody has answered it here, but there is a figure that counts
    ABSENT = FormWords.ABSENT
    TO_MEND = FormWords.TO_MEND


@dataclass(frozen=True, slots=True)
class Judged:
    """A figure's answer: what it says, what is wrong with it, what is unusual about it."""

    data: IndicatorReported | None
    refusals: list[Refusal]
    unusual: list[Doubt] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong or without its reason."""
        return not self.refusals

    def told(self, refusal: Refusal) -> Words:
        """Say what is wrong apart from its field, as a summary does: of a reason also what is unusual there."""
        doubt = [doubt.words for doubt in self.unusual if refusal.field == f"{REASON}.{doubt.name}"]
        return joined([*doubt, _message(refusal)], ": ")


class ReasonWanted(Refusal):
    """A reason that is asked for: said in its own words, as nothing that was typed is wrong."""

    def message(self, language: str) -> str:
        """Say it in `vi` or `en`."""
        return said(self.expected, language)


@dataclass(frozen=True, slots=True)
class Fault:
    """What keeps a report from being handed in: the page where it is mended, and what is said."""

    path: str
    words: Words


def judge_figure(
    form: Form,
    figure: Figure,
    answer: FigureAnswer,
    standing: Standing,
    today: date,
    *,
    unconfirmed: Container[str] = (),
) -> Judged:
    """Judge one figure. What is unusual needs a reason; of the `unconfirmed` ones it was given for other numbers."""
    if answer.absent:
        return Judged(None, list(_beside_absent(figure, answer)))
    data, refusals = read_figure(form, figure, answer)
    if data is None:
        return Judged(None, refusals)
    refusals = wrong_figure(form, figure, data)
    unusual = doubts(figure, data, standing.before(figure)) if not refusals else []
    wrong_reasons = (
        _unconfirmed(doubt.name)
        if doubt.name in unconfirmed
        else _wrong_reason(doubt.name, answer.reason(doubt.name), today)
        for doubt in unusual
    )
    return Judged(data, [*refusals, *filter(None, wrong_reasons)], unusual)


def standing_reasons(former: FigureAnswer, typed: Mapping[str, str]) -> dict[str, str]:
    """Choose the reasons of a former answer that hold beside what is typed now: the counts that they are about are the
    same, however they are written.
    """
    counts, now = ({name: count_or_text(text) for name, text in it.items()} for it in (former.typed, typed))
    return {
        name: text
        for name, text in former.reasons.items()
        if all(counts.get(field) == now.get(field) for field in counts_in_doubt(name))
    }


def _beside_absent(figure: Figure, answer: FigureAnswer) -> Iterator[Refusal]:
    """Refuse the first number that was typed of a figure that there is said to be none of.

    Components are chosen, and a choice can't be emptied: of these the tick alone is heard.
    """
    typed = [name for name in figure.fields if answer.typed.get(name, "").strip()]
    if typed and not figure.components:
        yield Refusal(Code.VALUE_INVALID, typed[0], FieldWords.ABSENT_AND_FIGURE.value)


def _unconfirmed(name: str) -> Refusal:
    return ReasonWanted(Code.VALUE_INVALID, f"{REASON}.{name}", FieldWords.REASON_AGAIN.value)


def _wrong_reason(name: str, text: str, today: date) -> Refusal | None:
    place = f"{REASON}.{name}"
    if not text:
        return ReasonWanted(Code.FIELD_MISSING, place, FieldWords.REASON.value)
    if len(text) > LONGEST_REASON:
        expected = wanted(expected_by_model("string_too_long", {"max_length": LONGEST_REASON}))
        return Refusal(Code.VALUE_INVALID, place, expected, len(text))
    return Refusal(Code.PERSONAL_DATA, place) if in_text(text, today.year) is not None else None


def judge_activity(form: Form, answer: ActivityAnswer, today: date) -> list[Refusal]:
    """Judge one activity; what is only withdrawn says nothing."""
    if answer.change == "withdrawn":
        return []
    data, refusals = read_activity(form, answer)
    return refusals if data is None else wrong_activity(form, data, today)


def judge_problem(form: Form, answer: ProblemAnswer, today: date) -> list[Refusal]:
    """Judge one problem; of one that is resolved nothing was typed."""
    if answer.change == "resolved":
        return []
    data, refusals = read_problem(form, answer)
    return refusals if data is None else wrong_problem(form, data, today)


def state_of(form: Form, figure: Figure, answers: Answers, standing: Standing, today: date) -> State:
    """Say how far a figure is."""
    answer = answers.figures.get(figure.key)
    if answer is None:
        return State.STANDS if figure.key in standing.figures else State.TODO
    if not judge_figure(form, figure, answer, standing, today).sound:
        return State.TO_MEND
    return State.ABSENT if answer.absent else State.ANSWERED


def faults_of(form: Form, answers: Answers, standing: Standing, today: date) -> Iterator[Fault]:
    """List what keeps the report from being handed in, each with the page where it is mended."""
    for figure in form.figures:
        path, state = f"figure/{figure.key}", state_of(form, figure, answers, standing, today)
        if state is State.TODO:
            yield Fault(path, FormWords.UNANSWERED.value.filled(label=figure.label))
        elif state is State.TO_MEND:
            judged = judge_figure(form, figure, answers.figures[figure.key], standing, today)
            yield from (Fault(path, _said(figure.label, judged.told(item))) for item in judged.refusals)
    for activity in answers.activities:
        refusals, label = judge_activity(form, activity, today), label_of(form, activity)
        yield from (Fault(f"activity/{activity.record}", _said(label, _message(item))) for item in refusals)
    for problem in answers.problems:
        refusals = judge_problem(form, problem, today)
        label = problem.typed.get("text", "")
        yield from (Fault("problems", _said(label, _message(item))) for item in refusals)


def label_of(form: Form, answer: ActivityAnswer) -> str:
    """Name the type of an activity."""
    activity = form.activity(answer.typed.get("activity", ""))
    return activity.label if activity is not None else ""


def _said(label: str, told: Words) -> Words:
    return joined([in_both(label), told], ": ")


def _message(refusal: Refusal) -> Words:
    return Words(refusal.message("vi"), refusal.message("en"))
