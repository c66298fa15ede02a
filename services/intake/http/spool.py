"""`GET /spool`: how many events wait for the broker, for whoever must not judge before they have been counted.

As internal as `/metrics`: no key, and nothing outside `/v1` and `/api` is passed on to this service from outside.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.intake.outbox.spool import Spool, SpoolAwayError
from services.intake.refusals.request_words import AwayWords
from shared.database.connections import DATABASE_AWAY
from shared.wording.language import language_of

_AWAY: tuple[type[Exception], ...] = (*DATABASE_AWAY, SpoolAwayError)


def spool_route(spool: Spool) -> Route:
    """Route `GET /spool`: `{"events": n}` of all replicas, as the database says now; 503 where it can't be asked."""

    async def waiting(request: Request) -> Response:
        try:
            return JSONResponse({"events": await spool.count()})
        except _AWAY:
            message = AwayWords.NO_SPOOL.value.in_language(language_of(request.scope["headers"]))
            return JSONResponse({"error": "unavailable", "message": message}, status_code=503)

    return Route("/spool", waiting)
