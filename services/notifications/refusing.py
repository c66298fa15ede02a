"""Answer what a decision's or an officer's question is refused for in JSON, and read an obligation's name in it."""

from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from services.notifications.decision_words import DecisionError, Decline, Refused, declined
from shared.access.acting import ActingError
from shared.access.headers import HeaderError
from shared.database.connections import DATABASE_AWAY
from shared.domain.obligation_name import ObligationName, ObligationNameError, read_obligation_name
from shared.wording.language import language_of
from shared.wording.words import Common

_PRIVATE = {
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
    "X-Content-Type-Options": "nosniff",
}
_AWAY_SECONDS = 2
Endpoint = Callable[[Request], Awaitable[Response]]


def refusing(respond: Endpoint) -> Endpoint:
    """Wrap an endpoint so that a DecisionError is answered."""

    async def endpoint(request: Request) -> Response:
        try:
            return await respond(request)
        except DecisionError as error:
            return _refusal(request, error)

    return endpoint


def private(respond: Endpoint) -> Endpoint:
    """Wrap an endpoint that knows an officer by a link: whatever stands in its way is answered, and nobody keeps it."""

    async def endpoint(request: Request) -> Response:
        try:
            response = await respond(request)
        except DecisionError as error:
            response = _refusal(request, error)
        except (HeaderError, ActingError) as error:
            response = _refusal(request, _told_as(error))
        except DATABASE_AWAY:
            response = _refusal(request, DecisionError(Decline.NO_DATABASE.value, retry_after=_AWAY_SECONDS))
        response.headers.update(_PRIVATE)
        return response

    return endpoint


def _refusal(request: Request, error: DecisionError) -> Response:
    """Answer a refusal in the language that is asked for."""
    message = error.words.in_language(language_of(request.scope["headers"]))
    told = {"error": error.error, "message": message, **({"field": error.field} if error.field else {}), **error.more}
    later = {"Retry-After": str(error.retry_after)} if error.retry_after is not None else {}
    return JSONResponse(told, status_code=error.status, headers=later)


def _told_as(error: HeaderError | ActingError) -> DecisionError:
    """Tell as a refused decision why a request can't be one of an officer's, or narrow its key so."""
    if isinstance(error, HeaderError):
        words = Common.EXPECTED.value.filled(expected=error.expected)
        return DecisionError(Refused(400, "bad_parameter", words), error.header)
    return DecisionError(Refused(error.fault.status, error.fault.value, error.words))


def obligation_name(text: str, epoch: int) -> ObligationName:
    """Read the name of an obligation of this epoch. Raises DecisionError."""
    try:
        name = read_obligation_name(text)
    except ObligationNameError as error:
        raise DecisionError(Refused(400, "bad_parameter", error.words), "name") from error
    if name.epoch != epoch:
        raise declined(Decline.OTHER_EPOCH)
    return name
