"""What the last pages show: everything that is handed in, before, and what became of it, after. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType

from services.board.report.asked import Ended
from services.board.report.draft import ActivityAnswer, Answers, FigureAnswer, ProblemAnswer
from services.board.report.draft_store import Submission
from services.board.report.events import HandIn
from services.board.report.fields import Figure
from services.board.report.judging import Fault, judge_figure, label_of
from services.board.report.pages import Opened, common
from services.board.report.standing import Counted, Standing
from services.board.report.typed import held_on_words
from services.board.report.words import FormWords, late_by
from shared.domain.events import IndicatorReported, Kind
from shared.domain.obligation_name import read_obligation_name
from shared.programme.figure_words import FigureWords, ratio, states
from shared.wording.words import Words

_NO_DELAY = timedelta(0)
_NOTHING = Standing({}, ())
_WAS = "WAS_"  # begins the names of words about what was handed in


def check_page(
    opened: Opened, faults: Sequence[Fault], *, notice: Words | None = None, refused: bool = False
) -> dict[str, object]:
    """All answers, each with the way to change it, and what keeps them from being handed in."""
    said = opened.form.said
    return {
        **common(opened),
        "rows": list(_rows(opened, opened.answers, "")),
        "faults": [
            {"path": opened.path(fault.path) if fault.path else "", "text": said(fault.words)} for fault in faults
        ],
        "refused": refused,
        "notice": None if notice is None else said(notice),
    }


def _rows(opened: Opened, answers: Answers, was: str) -> Iterator[dict[str, object]]:
    """List all answers; with _WAS, as of what was handed in."""
    for figure in opened.form.figures:
        yield _figure_row(opened, figure, answers.figures.get(figure.key))
    for activity in answers.activities:
        yield _activity_row(opened, activity, was)
    for problem in answers.problems:
        yield _problem_row(opened, problem, was)


def _figure_row(opened: Opened, figure: Figure, answer: FigureAnswer | None) -> dict[str, object]:
    form, said = opened.form, opened.form.said
    counted, more = opened.standing.figures.get(figure.key), []
    if answer is None:
        value = _of_counted(figure, counted) if counted is not None else FormWords.TODO.value
        more = [FormWords.STANDS.value] if counted is not None else []
    elif answer.absent:
        value = FormWords.ABSENT.value
    else:
        judged = judge_figure(form, figure, answer, opened.standing, opened.today)
        value = FormWords.TO_MEND.value if judged.data is None else _of_data(figure, judged.data)
        more = [
            FormWords.CONFIRMED.value.filled(doubt=doubt.words, reason=answer.reasons[doubt.name])
            for doubt in judged.unusual
            if doubt.name in answer.reasons
        ]
    label = figure.label if figure.period == form.period else f"{figure.label} ({figure.period_name})"
    path = opened.path(f"figure/{figure.key}")
    return {"label": label, "value": said(value), "more": list(map(said, more)), "path": path}


def _activity_row(opened: Opened, activity: ActivityAnswer, was: str) -> dict[str, object]:
    return {
        "label": label_of(opened.form, activity) or opened.form.said(FormWords.ACTIVITIES.value),
        "value": opened.form.said(held_on_words(activity.typed)),
        "more": [opened.form.said(FormWords[f"{was}{activity.change.upper()}"].value)],
        "path": opened.path(f"activity/{activity.record}"),
    }


def _problem_row(opened: Opened, problem: ProblemAnswer, was: str) -> dict[str, object]:
    """Show an obstacle; of one that was handed in, whose text is kept nowhere here, since when it was open."""
    form, change = opened.form, opened.form.said(FormWords[f"{was}{problem.change.upper()}"].value)
    value = problem.typed.get("text")
    if value is None and problem.raised_at is not None:
        words = FormWords.RAISED_AT.value.filled(at=opened.at(problem.raised_at), sender=FormWords.FROM_HERE.value)
        value = form.said(words)
    return {
        "label": form.said(FormWords.PROBLEMS.value),
        "value": value or change,
        "more": [change] if value else [],
        "path": opened.path("problems"),
    }


def _of_data(figure: Figure, data: IndicatorReported) -> Words:
    if figure.components:
        return _of_components(figure, data.components or {})
    return ratio(data.numerator or 0, data.denominator or 0)


def _of_counted(figure: Figure, counted: Counted) -> Words:
    if figure.components:
        return _of_components(figure, counted.components or {})
    return ratio(counted.numerator or 0, counted.denominator or 0)


def _of_components(figure: Figure, answered: Mapping[str, bool]) -> Words:
    return states({item.slug: Words(item.label, item.label) for item in figure.components}, answered)


def receipt_page(
    opened: Opened, submission: Submission, *, counted: bool, withdrawn: Mapping[str, Ended] = MappingProxyType({})
) -> dict[str, object]:
    """What was handed in and when, whether it counts by now, whether it was on time, and what has changed since.

    `withdrawn` has, by their keys, figures that counted and that somebody else has withdrawn.
    """
    said = opened.form.said
    taken = submission.accepted_at
    heading = FormWords.RECEIVED if taken else FormWords.NOT_ACCEPTED if submission.refused_at else FormWords.PENDING
    return {
        **common(opened),
        "submission": submission,
        "heading": said(heading.value),
        "received": None if taken is None else said(FormWords.RECEIVED_AT.value.filled(at=opened.at(taken))),
        "timing": None if taken is None else said(_timing(opened, submission)),
        "counting": None if taken is None else not counted,
        "rows": [_with_former(opened, submission, row) for row in _rows(opened, submission.answers, _WAS)],
        "changed_after": list(_changed_after(opened, submission, withdrawn)),
    }


def _timing(opened: Opened, submission: Submission) -> Words:
    """Say whether the report was on time: by the obligation as it is met, else by this submission."""
    obligation = opened.obligation
    at = obligation.met_at or submission.accepted_at or opened.now
    delay = at - obligation.due_at
    if delay <= _NO_DELAY:
        return FormWords.ON_TIME.value
    return FormWords.LATE.value.filled(by=late_by(delay), due=opened.at(obligation.due_at))


def handed_in(opened: Opened, submission: Submission) -> Iterator[tuple[Figure, str]]:
    """List the figures of a submission with the ids of their events."""
    hand_in = HandIn(read_obligation_name(submission.obligation), submission.number, submission.handed_in_at)
    for figure in opened.form.figures:
        answer = submission.answers.figures.get(figure.key)
        if answer is not None and not answer.absent:
            yield figure, hand_in.id_of(Kind.INDICATOR_REPORTED, figure.key)


def _with_former(opened: Opened, submission: Submission, row: dict[str, object]) -> dict[str, object]:
    """Add to a figure's row what counted before it, where that was another figure."""
    for figure, event_id in handed_in(opened, submission):
        counted = opened.standing.figures.get(figure.key)
        if row["path"] != opened.path(f"figure/{figure.key}") or counted is None or counted.id != event_id:
            continue
        for former in counted.former[:1]:
            before = (former.numerator, former.denominator)
            if None not in before and before != (counted.numerator, counted.denominator):
                words = FormWords.CHANGED_FROM.value.filled(before=ratio(before[0] or 0, before[1] or 0))
                return {**row, "more": [*_texts(row["more"]), opened.form.said(words)]}
    return row


def _texts(value: object) -> Iterable[str]:
    return value if isinstance(value, list) else ()


def _withdrawn(opened: Opened, before: Words, ended: Ended) -> Words:
    """Say that there is no figure any more, by whom and when where that is to be seen."""
    now = FigureWords.NO_FIGURE.value
    if ended.by is None or ended.at is None:
        return FormWords.FIGURE_WITHDRAWN.value.filled(before=before, now=now)
    return FormWords.CHANGED_BY.value.filled(sender=ended.by, at=opened.at(ended.at), before=before, now=now)


def _changed_after(
    opened: Opened, submission: Submission, withdrawn: Mapping[str, Ended]
) -> Iterator[dict[str, object]]:
    """List the figures that somebody else has changed since, who, when, from what to what; or withdrawn."""
    if submission.accepted_at is None:
        return
    for figure, event_id in handed_in(opened, submission):
        counted = opened.standing.figures.get(figure.key)
        data = judge_figure(opened.form, figure, submission.answers.figures[figure.key], _NOTHING, opened.today).data
        if data is None:
            continue
        before = _of_data(figure, data)
        if counted is None:
            if figure.key in withdrawn:
                words = _withdrawn(opened, before, withdrawn[figure.key])
                yield {"label": figure.label, "text": opened.form.said(words)}
        elif counted.id != event_id and counted.accepted_at > submission.accepted_at:
            now, at = _of_counted(figure, counted), opened.at(counted.accepted_at)
            words = FormWords.CHANGED_BY.value.filled(sender=counted.sender, at=at, before=before, now=now)
            if before != now:
                yield {"label": figure.label, "text": opened.form.said(words)}
