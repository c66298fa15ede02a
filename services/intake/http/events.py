"""`/v1/events`: CloudEvents in their three modes, and lines in bulk. And what all endpoints of intake share."""

from collections.abc import Awaitable, Callable

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from services.intake.admission.admission import Outcome
from services.intake.admission.slices import SMALL
from services.intake.formats import cloudevents
from services.intake.formats.cloudevents import Parsed
from services.intake.formats.json_text import TooManyError, UnreadableError
from services.intake.formats.ndjson import NDJSON
from services.intake.http.dhis2_responses import error_answer
from services.intake.http.endpoint import Door, enter, flags, header, held_body, language_of, media_type_of
from services.intake.http.request_errors import Fault, RefusedError, unavailable, unsupported_type
from services.intake.http.request_words import RequestWords
from services.intake.http.responses import answer, stream_answer
from services.intake.http.stream import take_stream
from services.intake.outbox.spool import SpoolAwayError
from shared.broker.client import UnroutableError
from shared.http.words import HttpWords
from shared.runtime.metrics import EVENTS_RECEIVED
from shared.spreadsheets.limits import ReaderAwayError, SheetError, SheetTooLargeError
from shared.values.personal_data import named

ALLOWED = "POST, OPTIONS"
Endpoint = Callable[[Request], Awaitable[Response]]
log = structlog.get_logger()


class Refusing:
    """An endpoint as an ASGI application, with all that ends a request early told in JSON and the client's language.

    Starlette wraps a plain function in two more layers, for errors of its own that ours never raise.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        request = Request(scope, receive, send)
        try:
            response = await self._endpoint(request)
        except Exception as error:  # whatever it is, the client gets an answer
            response = failure(request, error)
        await response(scope, receive, send)


def events_routes(door: Door) -> list[Route]:
    """`POST` and `OPTIONS /v1/events`."""

    async def events(request: Request) -> Response:
        return handshake(request) if request.method == "OPTIONS" else await _post_events(door, request)

    return [Route("/v1/events", Refusing(events), methods=ALLOWED.split(", "))]


def failure(request: Request, error: BaseException) -> Response:
    """The answer to a request that ended in an error."""
    refused = refusal_of(error)
    if refused is None:
        return crash(request, error)
    EVENTS_RECEIVED.labels("request", refused.fault.value).inc()
    return refused.response(language_of(request))


def refusal_of(error: BaseException) -> RefusedError | None:
    """What an error says to the client; None for a fault of ours."""
    match error:
        case RefusedError():
            return error
        case TooManyError() | SheetTooLargeError():
            return RefusedError(Fault.TOO_LARGE, error.words)
        case UnreadableError() | SheetError():
            return RefusedError(Fault.UNREADABLE, error.words)
        case SpoolAwayError() | ReaderAwayError():
            log.warning("intake.not_taken", reason=str(error))
            return unavailable(error.words)
        case UnroutableError():
            log.error("intake.unroutable", reason=str(error))
            return unavailable(error.words)
    return None


def crash(request: Request, error: BaseException) -> Response:
    """A fault of ours: logged, and told without its inside."""
    log.error("intake.crashed", error=type(error).__name__, exc_info=error)
    message = HttpWords.CRASHED.value.in_language(language_of(request))
    return JSONResponse({"error": "internal", "message": message}, 500)


async def on_http_error(request: Request, error: Exception) -> Response:
    """404 and 405 in JSON, as every other answer; in DHIS2's shape below its path."""
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette's own contract
    fault = Fault.METHOD_NOT_ALLOWED if error.status_code == 405 else Fault.NOT_FOUND
    path, headers = request.scope["path"], dict(error.headers or {})
    if "Allow" in headers:
        headers["Allow"] = ", ".join(sorted(headers["Allow"].split(", "), reverse=True))  # Starlette's is a set
    refused = RefusedError(fault, headers.get("Allow", named(path, 100)), headers=headers)
    if path.startswith("/api/"):
        return error_answer(refused.status, refused.message(language_of(request)), refused.headers)
    return refused.response(language_of(request))


def handshake(request: Request) -> Response:
    """The webhook handshake of CloudEvents: any origin may deliver, at any rate; the key decides."""
    headers = {"Allow": ALLOWED}
    origin = header(request, b"webhook-request-origin")
    if origin is not None:
        headers |= {"WebHook-Allowed-Origin": origin[:200], "WebHook-Allowed-Rate": "*"}
    return Response(status_code=200, headers=headers)


async def _post_events(door: Door, request: Request) -> Response:
    key = enter(door, request)
    partial, dry_run = flags(request, "partial", "dry_run")
    media_type = media_type_of(request)
    if media_type == NDJSON:
        tally = await take_stream(door, request, dry_run=dry_run)
        log.info("intake.stream", sender=key.sender, accepted=tally.accepted, rejected=tally.rejected)
        outcome = Outcome(tally.accepted, tally.listed, superseded=tally.superseded_listed)
        totals = tally.rejected, tally.superseded
        return stream_answer(outcome, totals, language_of(request), door.status_url, dry_run=dry_run)
    parse = None if media_type == cloudevents.BATCH else parser_of(request, media_type)
    async with held_body(door, request, key) as body, door.large.turn(key.sender, needed=len(body) > SMALL):
        candidates, rejected = await cloudevents.parse_batch(body) if parse is None else parse(body)
        door.rates.spend(key, len(candidates) + len(rejected))
        outcome = await door.admission.admit(
            candidates, rejected, door.registry(), key, door.now(), partial=partial, dry_run=dry_run
        )
    if outcome.rejected or dry_run:
        told = {"accepted": outcome.accepted, "rejected": len(outcome.rejected), "dry_run": dry_run}
        log.info("intake.request", sender=key.sender, **told)
    else:
        door.taken.count(key.sender, outcome.accepted)
    return answer(outcome, language_of(request), door.status_url, dry_run=dry_run)


def parser_of(request: Request, media_type: str) -> Callable[[bytes], Parsed]:
    """What reads the one event of a body: by its media type, or by the `ce-` headers of binary mode.

    Raises RefusedError.
    """
    if media_type == cloudevents.STRUCTURED:
        return cloudevents.parse_structured
    if header(request, b"ce-specversion") is not None or header(request, b"ce-type") is not None:
        if media_type in {"", cloudevents.JSON}:
            return lambda body: cloudevents.parse_binary(request.scope["headers"], body)
        raise unsupported_type(RequestWords.BINARY.value.filled(json=cloudevents.JSON), media_type)
    expected = RequestWords.EVENT_TYPES.value.filled(
        batch=cloudevents.BATCH, structured=cloudevents.STRUCTURED, ndjson=NDJSON, json=cloudevents.JSON
    )
    raise unsupported_type(expected, media_type)
