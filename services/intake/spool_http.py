"""`GET /spool`: how many events wait for the broker, for whoever must not judge before they have been counted.

As internal as `/metrics`: no key, and nothing outside `/v1` and `/api` is passed on to this service from outside.
"""

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.intake.spool import Spool, SpoolAwayError
from shared.db import DATABASE_AWAY

_AWAY: tuple[type[Exception], ...] = (*DATABASE_AWAY, SpoolAwayError)


def spool_route(spool: Spool) -> Route:
    """`{"events": n}`, of all replicas, as the database says now; 503 where it can't be asked."""

    async def waiting(_: Request) -> Response:
        try:
            return JSONResponse({"events": await spool.count()})
        except _AWAY:
            return JSONResponse({"error": "unavailable", "message": "the spool can't be asked"}, status_code=503)

    return Route("/spool", waiting)
