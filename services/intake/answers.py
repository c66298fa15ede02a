"""Answers to requests of events: what was taken, what not and why."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from pydantic_core import to_json
from starlette.responses import Response

from services.intake.admission import Outcome
from services.intake.refusals import Code
from shared.words import Words

LISTED = 1000  # of the refused events of a request; its answer counts all


def answer(outcome: Outcome, language: str, *, dry_run: bool, notes: Sequence[Words] = ()) -> Response:
    """202, 207, 200 (dry run), 403, 413 or 422: `{"accepted", "rejected"}`, with `rejected_total` and `notes` if there
    are any.
    """
    if not outcome.rejected and not notes:
        return all_taken(outcome.accepted, status_of(outcome, dry_run=dry_run))
    return stream_answer(outcome, len(outcome.rejected), language, dry_run=dry_run, notes=notes)


@lru_cache(maxsize=512)
def all_taken(accepted: int, status: int) -> Response:
    """The common answer, made once for each number of events; nobody changes it afterwards."""
    return _json({"accepted": accepted, "rejected": []}, status)


def stream_answer(
    outcome: Outcome, rejected: int, language: str, *, dry_run: bool, notes: Sequence[Words] = ()
) -> Response:
    """The same where `outcome` has no more than the first refused ones: `rejected` is how many there were."""
    listed = [item.to_json(language) for item in outcome.rejected[:LISTED]]
    told = {"notes": [note.in_language(language) for note in notes]} if notes else {}
    body = {"accepted": outcome.accepted, "rejected_total": rejected, "rejected": listed, **told}
    return _json(body, status_of(outcome, dry_run=dry_run))


def _json(body: Mapping[str, object], status: int) -> Response:
    return Response(to_json(body), status_code=status, media_type="application/json")


def status_of(outcome: Outcome, *, dry_run: bool) -> int:
    """The HTTP status that says what became of the request."""
    if outcome.forbidden:
        return 403
    if dry_run:
        return 200
    if not outcome.rejected:
        return 202
    if outcome.accepted:
        return 207
    codes = {refusal.code for item in outcome.rejected for refusal in item.refusals}
    return 413 if codes == {Code.EVENT_TOO_LARGE} else 422
