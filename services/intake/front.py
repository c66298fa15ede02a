"""The service's ASGI application: what asks for `/v1/events` goes there at once, all else through Starlette.

Small posts come by the thousand a second, and Starlette's layers for routes, errors and measuring cost each of them
half as much as judging its event does.
"""

import time

from starlette.requests import Request
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from services.intake.http import EVENTS, Refusing
from shared.observability import Measured, count_request
from shared.whole_http import Gather


class Front:
    """`/v1/events` before the other routes; counted, and its crashes told, as theirs are.

    `gather` is asked first about a request that came whole in one piece.
    """

    def __init__(self, events: Refusing, others: Measured, gather: Gather) -> None:
        self._events = events
        self._others = others
        self.gather = gather
        self.routes = [Route(EVENTS, events, methods=["POST", "OPTIONS"]), *others.routes]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] == "http" and scope["path"] == EVENTS:
            await self._answer(scope, receive, send)
        else:
            await self._others(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        response = await self._events.answer(Request(scope, receive, send))
        await response(scope, receive, send)
        count_request(EVENTS, response.status_code, time.perf_counter() - started)
