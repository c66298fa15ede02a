"""Answers to requests of events: what was taken, what not and why."""

from collections.abc import Mapping, Sequence
from functools import lru_cache

from pydantic_core import to_json
from starlette.responses import Response

from services.intake.admission.admission import Outcome
from shared.domain.refusals import Code
from shared.wording.words import Words

LISTED = 1000  # of the refused, and of the superseded events of a request; its answer counts all
# As an RFC 6570 template: an answer may be about 20,000 events, and nothing of it is worth writing for each.
_EVENT_STATUS = "/v1/events/{source}/{id}"


def status_url(aggregation: str) -> str:
    """Name where aggregation at this address tells what became of an event; "" without one: no answer names it then."""
    return f"{aggregation.rstrip('/')}{_EVENT_STATUS}" if aggregation else ""


def answer(outcome: Outcome, language: str, address: str, *, dry_run: bool, notes: Sequence[Words] = ()) -> Response:
    """Answer 202, 207, 200 (dry run), 403, 413 or 422: `{"accepted", "rejected"}`, with `rejected_total`, `superseded`,
    `superseded_total` and `notes` if there are any; where events were taken, with the `status_url` unless it is "".
    """
    if not outcome.rejected and not outcome.superseded and not notes:
        return all_taken(outcome.accepted, status_of(outcome, dry_run=dry_run), address)
    totals = len(outcome.rejected), len(outcome.superseded)
    return stream_answer(outcome, totals, language, address, dry_run=dry_run, notes=notes)


@lru_cache(maxsize=512)
def all_taken(accepted: int, status: int, address: str) -> Response:
    """Make the common answer, once for each number of events; nobody changes it afterwards."""
    return _json({"accepted": accepted, "rejected": [], **_named(status, address)}, status)


def stream_answer(
    outcome: Outcome,
    totals: tuple[int, int],
    language: str,
    address: str,
    *,
    dry_run: bool,
    notes: Sequence[Words] = (),
) -> Response:
    """Answer the same where `outcome` has only the first refused and superseded ones: `totals` is how many of each
    there were.
    """
    rejected, superseded = totals
    status = status_of(outcome, dry_run=dry_run)
    body: dict[str, object] = {
        "accepted": outcome.accepted,
        "rejected_total": rejected,
        "rejected": [item.to_json(language) for item in outcome.rejected[:LISTED]],
    }
    if superseded:
        body["superseded_total"] = superseded
        body["superseded"] = [item.to_json() for item in outcome.superseded[:LISTED]]
    if notes:
        body["notes"] = [note.in_language(language) for note in notes]
    return _json({**body, **_named(status, address)}, status)


def _named(status: int, address: str) -> dict[str, str]:
    return {"status_url": address} if address and status in {202, 207} else {}


def _json(body: Mapping[str, object], status: int) -> Response:
    return Response(to_json(body), status_code=status, media_type="application/json")


def status_of(outcome: Outcome, *, dry_run: bool) -> int:
    """Choose the HTTP status that says what became of the request."""
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
