"""What the last pages show: everything that is handed in, before, and what became of it, after. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from services.board.pages.written import day
from services.board.report.asked import Ended
from services.board.report.draft import FigureAnswer
from services.board.report.draft_store import LastAnswer, Submission
from services.board.report.events import HandIn
from services.board.report.fields import Figure
from services.board.report.judging import Fault, judge_figure
from services.board.report.pages import Opened, common
from services.board.report.standing import Standing
from services.board.report.summary import Row, of_figure, summary_rows
from services.board.report.words import FormWords, late_by
from shared.domain.events import Kind
from shared.domain.obligation_name import read_obligation_name
from shared.programme.figure_words import FigureWords, ratio
from shared.wording.words import Words

_NO_DELAY = timedelta(0)
_NOTHING = Standing({}, ())


def check_page(
    opened: Opened,
    faults: Sequence[Fault],
    *,
    last: datetime | None = None,
    withdrawn: Mapping[str, Ended] = MappingProxyType({}),
    notice: Words | None = None,
    refused: bool = False,
) -> dict[str, object]:
    """All answers, each with the way to change it, and what keeps them from being handed in.

    `last` is when the report that is corrected was handed in last: what somebody else has changed since, or
    `withdrawn`, is said at its figure.
    """
    said = opened.form.said
    since = _since(opened, last, withdrawn)
    return {
        **common(opened),
        "rows": [row.remarked(*since.get(row.path, ())) for row in summary_rows(opened)],
        "faults": [
            {"path": opened.path(fault.path) if fault.path else "", "text": said(fault.words)} for fault in faults
        ],
        "refused": refused,
        "withdrawn": opened.withdrawn_ids,
        "not_over": _not_over(opened),
        "notice": None if notice is None else said(notice),
    }


def _not_over(opened: Opened) -> str | None:
    """Say that the period has days to come, of which the report tells nothing yet."""
    end = opened.form.programme.calendar.end(opened.form.period)
    return None if opened.today > end else opened.form.said(FormWords.NOT_OVER.value.filled(end=day(end)))


def _since(opened: Opened, last: datetime | None, withdrawn: Mapping[str, Ended]) -> dict[str, tuple[str]]:
    """Say what somebody else has changed since the last submission, by the pages of the figures."""
    changed = _changed_after(opened, _sent(opened, opened.handed_in), last, withdrawn) if last is not None else ()
    return {
        opened.path(f"figure/{figure.key}"): (opened.form.said(FormWords.CHANGED_SINCE.value.filled(change=text)),)
        for figure, text in changed
    }


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
        "rows": [_with_former(opened, submission, row) for row in summary_rows(opened, submission)],
        "changed_after": [
            {"label": figure.label, "text": text} for figure, text in _after(opened, submission, withdrawn)
        ],
    }


def _timing(opened: Opened, submission: Submission) -> Words:
    """Say whether the report was on time: by the obligation as it is met, else by this submission."""
    obligation = opened.obligation
    at = obligation.met_at or submission.accepted_at or opened.now
    delay = at - obligation.due_at
    if delay <= _NO_DELAY:
        return FormWords.ON_TIME.value
    return FormWords.LATE.value.filled(by=late_by(delay), due=opened.at(obligation.due_at))


class FigureSent(NamedTuple):
    """A figure that was answered in what was handed in, with the id of its event; there is none where it is absent."""

    figure: Figure
    id: str
    answer: FigureAnswer


def handed_in(opened: Opened, submission: Submission) -> Iterator[FigureSent]:
    """List the figures of a submission."""
    return (sent for sent in _answered(opened, submission) if not sent.answer.absent)


def handed_in_last(opened: Opened) -> Iterator[FigureSent]:
    """List all figures of the report that were handed in, each as it was the last time: a correction has a few."""
    return (sent for sent in _sent(opened, opened.handed_in) if not sent.answer.absent)


def _answered(opened: Opened, submission: Submission) -> Iterator[FigureSent]:
    sent = submission.number, submission.obligation, submission.handed_in_at
    return _sent(opened, {key: LastAnswer(answer, *sent) for key, answer in submission.answers.figures.items()})


def _sent(opened: Opened, answers: Mapping[str, LastAnswer]) -> Iterator[FigureSent]:
    for figure in opened.form.figures:
        last = answers.get(figure.key)
        if last is not None:
            hand_in = HandIn(read_obligation_name(last.obligation), last.number, last.handed_in_at)
            yield FigureSent(figure, hand_in.id_of(Kind.INDICATOR_REPORTED, figure.key), last.answer)


def _with_former(opened: Opened, submission: Submission, row: Row) -> Row:
    """Add to a figure's row what counted before it, where that was another figure."""
    for figure, event_id, _ in handed_in(opened, submission):
        counted = opened.standing.figures.get(figure.key)
        if row.path != opened.path(f"figure/{figure.key}") or counted is None or counted.id != event_id:
            continue
        for former in counted.former[:1]:
            before = (former.numerator, former.denominator)
            if None not in before and before != (counted.numerator, counted.denominator):
                words = FormWords.CHANGED_FROM.value.filled(before=ratio(before[0] or 0, before[1] or 0))
                return row.remarked(opened.form.said(words))
    return row


def _withdrawn(opened: Opened, before: Words, ended: Ended) -> Words:
    """Say that there is no figure any more, by whom and when where that is to be seen."""
    now = FigureWords.NO_FIGURE.value
    if ended.by is None or ended.at is None:
        return FormWords.FIGURE_WITHDRAWN.value.filled(before=before, now=now)
    return FormWords.CHANGED_BY.value.filled(sender=ended.by, at=opened.at(ended.at), before=before, now=now)


def _after(opened: Opened, submission: Submission, withdrawn: Mapping[str, Ended]) -> Iterator[tuple[Figure, str]]:
    taken = submission.accepted_at
    return iter(()) if taken is None else _changed_after(opened, _answered(opened, submission), taken, withdrawn)


def _changed_after(
    opened: Opened, sent: Iterable[FigureSent], since: datetime, withdrawn: Mapping[str, Ended]
) -> Iterator[tuple[Figure, str]]:
    """List the figures that somebody else has changed since, who, when, from what to what; or withdrawn.

    Also what counts of one that there was said to be none of: a push brings back what was withdrawn.
    """
    for figure, event_id, answer in sent:
        counted = opened.standing.figures.get(figure.key)
        data = judge_figure(opened.form, figure, answer, _NOTHING, opened.today).data
        if data is None and not answer.absent:
            continue
        before = FormWords.ABSENT.value if data is None else of_figure(figure, data)
        if counted is None:
            if figure.key in withdrawn:
                words = _withdrawn(opened, before, withdrawn[figure.key])
                yield figure, opened.form.said(words)
        elif counted.id != event_id and counted.accepted_at > since:
            now, at = of_figure(figure, counted), opened.at(counted.accepted_at)
            words = FormWords.CHANGED_BY.value.filled(sender=counted.sender, at=at, before=before, now=now)
            if before != now:
                yield figure, opened.form.said(words)
