"""The last steps: check the answers, hand them in, see what became of them."""

from collections.abc import Iterable
from functools import partial

from starlette.requests import Request
from starlette.responses import Response

from services.board.pages.posted import read_form
from services.board.report.asked import Asked, Ended, NotThereError
from services.board.report.closing_pages import FigureSent, check_page, handed_in, handed_in_last, receipt_page
from services.board.report.draft_store import Submission, find_submission, handed_in_of, key_of
from services.board.report.events import HandIn
from services.board.report.handing_in import HandingIn, Result, Shown
from services.board.report.opening import ReportPages, Who, number_of, to
from services.board.report.pages import Opened
from services.board.report.words import FormWords
from shared.domain.obligation_name import read_obligation_name
from shared.values.scalars import whole_number


async def check(pages: ReportPages, request: Request, who: Who, opened: Opened) -> Response:
    """Show all answers; or hand them in, and show the receipt."""
    async with pages.pool().acquire() as connection:
        last = (await handed_in_of(connection, [opened.name])).get(str(opened.name))
    withdrawn = await _withdrawn(pages.asked(who), opened, handed_in_last(opened))
    page_of = partial(check_page, last=None if last is None else last.at, withdrawn=withdrawn)
    if request.method != "POST":
        return pages.render(request, "check.html", page_of(opened, ()))
    fields = await read_form(request, pages.body)
    seen = Shown(number_of(fields, "number"), number_of(fields), fields.get("withdrawn", ""))
    outcome = await HandingIn(pages.asked(who), pages.pool).hand_in(opened, seen, who.ref, who.device)
    await pages.note(request, "hand_in", str(opened.name), outcome.result.name.lower())
    if outcome.result is Result.ACCEPTED:
        return to(opened, f"receipt/{seen.number}")
    shown = await pages.open(who, opened.name)
    match outcome.result:
        case Result.STALE:
            at = shown.at(shown.draft.changed_at)
            newer = shown.draft.version != seen.version
            words = FormWords.STALE_CHECK.value.filled(at=at) if newer else FormWords.STALE_COUNTS.value
            page, status = page_of(shown, (), notice=words), 409
        case Result.AWAY:
            page, status = page_of(shown, (), notice=FormWords.NOT_SENT.value), 503
        case _:
            refused = outcome.result is Result.REFUSED
            page, status = page_of(shown, outcome.faults, refused=refused), 422
    return pages.render(request, "check.html", page, status)


async def receipt(pages: ReportPages, request: Request, who: Who, opened: Opened) -> Response:
    """Show what was handed in, and whether it counts by now."""
    number = whole_number(request.path_params["number"], most=2**31 - 1)
    async with pages.pool().acquire() as connection:
        submission = await find_submission(connection, key_of(opened.name), number)
    if submission is None:
        raise NotThereError(request.url.path)
    hand_in = HandIn(read_obligation_name(submission.obligation), number, submission.handed_in_at)
    asked = pages.asked(who)
    counted = submission.accepted_at is not None and await asked.is_counted(hand_in.submission)
    if counted and not _stands(opened, submission):
        # It may have begun to count since the standing was read: only what is read from now on shows what became of it.
        opened = await pages.open(who, opened.name)
    withdrawn = await _withdrawn(asked, opened, handed_in(opened, submission)) if counted else {}
    page = receipt_page(opened, submission, counted=counted, withdrawn=withdrawn)
    return pages.render(request, "receipt.html", page)


async def _withdrawn(asked: Asked, opened: Opened, sent: Iterable[FigureSent]) -> dict[str, Ended]:
    """Find, by their keys, the figures of these that counted and that somebody has withdrawn since."""
    gone = [(it.figure.key, it.id) for it in sent if it.figure.key not in opened.standing.figures]
    found = [(key, await asked.ended(id_)) for key, id_ in gone]
    return {key: ended for key, ended in found if ended is not None}


def _stands(opened: Opened, submission: Submission) -> bool:
    """Whether every figure counts as it was handed in."""
    figures = opened.standing.figures
    sent = ((it.figure.key, it.id) for it in handed_in(opened, submission))
    return all(key in figures and figures[key].id == event_id for key, event_id in sent)
