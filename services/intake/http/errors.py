"""Turns whatever ends a request early into its answer: JSON, in the client's language, the same for every endpoint."""

from collections.abc import Awaitable, Callable

import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from services.intake.formats.json_text import TooManyError, UnreadableError
from services.intake.http.dhis2_responses import error_answer
from services.intake.http.request_head import language_of
from services.intake.outbox.spool import SpoolAwayError
from services.intake.refusals.request_errors import Fault, RefusedError, unavailable
from services.intake.refusals.request_words import AwayWords
from shared.broker.client import UnroutableError
from shared.http.words import HttpWords
from shared.runtime.metrics import EVENTS_RECEIVED
from shared.runtime.turns import BusyError
from shared.spreadsheets.limits import ReaderAwayError, SheetError, SheetTooLargeError
from shared.values.personal_data import named

Endpoint = Callable[[Request], Awaitable[Response]]
log = structlog.get_logger()


class WithErrorResponses:
    """An endpoint as an ASGI application, whose exceptions are answered.

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


def failure(request: Request, error: BaseException) -> Response:
    """Answer a request that ended in an error."""
    refused = refusal_of(error)
    return crash(request, error) if refused is None else refused.response(language_of(request))


def refusal_of(error: BaseException) -> RefusedError | None:
    """Return the refusal that an error means to the client, counted by its code; None for one that nobody expected."""
    refused = _refusal_of(error)
    if refused is not None:
        EVENTS_RECEIVED.labels("request", refused.fault.value).inc()
    return refused


def _refusal_of(error: BaseException) -> RefusedError | None:
    refused: RefusedError | None = None
    match error:
        case RefusedError():
            refused = error
        case TooManyError() | SheetTooLargeError():
            refused = RefusedError(Fault.TOO_LARGE, error.words)
        case UnreadableError() | SheetError():
            refused = RefusedError(Fault.UNREADABLE, error.words)
        case BusyError():
            refused = unavailable(AwayWords.LARGE_REQUESTS.value)
        case SpoolAwayError() | ReaderAwayError():
            log.warning("intake.not_taken", reason=str(error))
            refused = unavailable(error.words)
        case UnroutableError():
            log.error("intake.unroutable", reason=str(error))
            refused = unavailable(error.words)
    return refused


def crash(request: Request, error: BaseException) -> Response:
    """Log an unexpected exception and answer 500 without internal details."""
    log.error("intake.crashed", error=type(error).__name__, exc_info=error)
    message = HttpWords.CRASHED.value.in_language(language_of(request))
    return JSONResponse({"error": "internal", "message": message}, 500)


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer 404 and 405 in JSON, as every other error; in DHIS2's shape below its path."""
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette's own contract
    fault = Fault.METHOD_NOT_ALLOWED if error.status_code == 405 else Fault.NOT_FOUND
    path, headers = request.scope["path"], dict(error.headers or {})
    if "Allow" in headers:
        headers["Allow"] = ", ".join(sorted(headers["Allow"].split(", "), reverse=True))  # Starlette's is a set
    refused = RefusedError(fault, headers.get("Allow", named(path, 100)), headers=headers)
    if path.startswith("/api/"):
        return error_answer(refused.status, refused.message(language_of(request)), refused.headers)
    return refused.response(language_of(request))
