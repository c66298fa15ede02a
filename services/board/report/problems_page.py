"""What the page of obstacles shows: those that wait, those that are raised with the report, a form for one. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from urllib.parse import quote
from uuid import uuid4

from services.board.report.draft import ProblemAnswer
from services.board.report.open_problems import OpenProblem, OpenProblems
from services.board.report.pages import Opened, common, errors_of
from services.board.report.words import FormWords
from shared.domain.refusals import Refusal
from shared.wording.words import Words


def problems_page(
    opened: Opened,
    waiting: OpenProblems,
    typed: Mapping[str, str],
    refusals: Sequence[Refusal],
    stale: datetime | None,
    notice: Words | None = None,
) -> dict[str, object]:
    """Show them. `typed` and `refusals` are of an obstacle that is raised, `stale` when another draft was kept."""
    said = opened.form.said
    resolved = {item.record for item in opened.answers.problems if item.change == "resolved"}
    return {
        **common(opened),
        "waiting": [_waiting(opened, row, resolved=row.mark in resolved) for row in waiting.rows],
        "more": opened.path(f"problems?after={quote(waiting.next, safe='')}") if waiting.next else None,
        "raised": [
            {"text": item.typed.get("text", ""), "record": item.record, "change": said(FormWords.RAISED.value)}
            for item in opened.answers.problems
            if item.change == "raised"
        ],
        "typed": typed,
        "record": str(uuid4()),
        "errors": errors_of(refusals, opened.form.language),
        "stale": None if stale is None else said(FormWords.STALE.value.filled(at=opened.at(stale))),
        "notice": None if notice is None else said(notice),
    }


def _waiting(opened: Opened, row: OpenProblem, *, resolved: bool) -> dict[str, object]:
    said, own = opened.form.said, row.is_own(opened.form)
    words = FormWords.FROM_HERE.value if own else FormWords.FROM.value.filled(sender=row.sender)
    if row.raised_at is not None:
        words = FormWords.RAISED_AT.value.filled(at=opened.at(row.raised_at), sender=words)
    elsewhere = None if own else said(FormWords.RESOLVED_THERE.value.filled(sender=row.sender))
    return {
        "text": row.text or said(FormWords.NO_TEXT.value),
        "since": said(words),
        "record": row.mark,
        "own": own,
        "resolved": own and resolved,
        "elsewhere": elsewhere,
    }


def resolution(opened: Opened, problem: OpenProblem) -> ProblemAnswer:
    """Make the answer that one of the form's own obstacles is resolved. Its text goes with it, as it stood."""
    text = problem.text or opened.form.said(FormWords.NO_TEXT.value)
    return ProblemAnswer(record=problem.mark, change="resolved", typed={"text": text}, raised_at=problem.raised_at)
