"""What every service's answers have in common: `/healthz`, `/readyz`, `/metrics`, and that «later» says when."""

import time
from collections.abc import Awaitable, Callable, Mapping
from functools import lru_cache
from typing import Any

from prometheus_client import CONTENT_TYPE_LATEST, Counter, Histogram, generate_latest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from shared.http.connection import PROBES
from shared.http.refusal import RETRY_AFTER_SECONDS
from shared.runtime import retry, supervision
from shared.runtime.metrics import DEPENDENCY_UP, HTTP_REQUESTS, HTTP_SECONDS

LATER = frozenset({429, 503})  # answers that ask for another try
_SOON = (b"retry-after", str(RETRY_AFTER_SECONDS).encode())
Readiness = Callable[[], Awaitable[Mapping[str, str | None]]]


def probe_routes(readiness: Readiness, describe: Callable[[], Mapping[str, Any]]) -> list[Route]:
    """Serve `/healthz`, `/readyz` and `/metrics`.

    `readiness` gives, per dependency, None if it is good or the reason why not; `describe` adds facts to `/readyz`.
    What every service has in common is added here: its background tasks run, and nothing that must be done is refused.
    """

    async def checked() -> Mapping[str, str | None]:
        return {**await readiness(), "tasks": supervision.down(), "work": retry.refusals()}

    async def healthz(_: Request) -> Response:
        return JSONResponse({"status": "alive"})

    async def readyz(_: Request) -> Response:
        checks = await checked()
        ready = all(reason is None for reason in checks.values())
        body = {
            "status": "ready" if ready else "not ready",
            "checks": {name: reason or "ok" for name, reason in checks.items()},
            **describe(),
            "restarted": supervision.restarted(),
        }
        return JSONResponse(body, status_code=200 if ready else 503)

    async def metrics(_: Request) -> Response:
        for name, reason in (await checked()).items():
            DEPENDENCY_UP.labels(name).set(reason is None)
        retry.observe_refusals()
        return Response(generate_latest(), headers={"Content-Type": CONTENT_TYPE_LATEST})

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


class Measured:
    """`app`, with its requests counted and timed by route (`/v1/units/{code}`: no label per unit); probes aside.

    An answer that asks for another try says when: soon, where whoever made it knows no better.
    """

    def __init__(self, app: Starlette) -> None:
        self._app = app
        self.routes = [route for route in app.routes if isinstance(route, Route)]
        self._paths: dict[object, str] = {route.endpoint: route.path for route in self.routes}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        status = 500  # what a client gets when the application raises before it answers
        started = time.perf_counter()

        async def note(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if status in LATER:
                    message = _with_time(message)
            await send(message)

        try:
            await self._app(scope, receive, note)
        finally:
            route = self._paths.get(scope.get("endpoint"), "none")
            if route not in PROBES:
                count_request(route, status, time.perf_counter() - started)


def _with_time(start: Message) -> Message:
    headers = [*start.get("headers", ())]
    if any(name.lower() == b"retry-after" for name, _ in headers):
        return start
    return {**start, "headers": [*headers, _SOON]}


def count_request(route: str, status: int, seconds: float) -> None:
    """Count one request and its time by route."""
    requests, times = _of_route(route, status)
    requests.inc()
    times.observe(seconds)


@lru_cache(maxsize=1024)
def _of_route(route: str, status: int) -> tuple[Counter, Histogram]:
    """Look up the metrics of these labels, once: doing it at every request would cost more than counting."""
    return HTTP_REQUESTS.labels(route, str(status)), HTTP_SECONDS.labels(route)
