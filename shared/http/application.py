"""A service's ASGI application: its routes, measured; what no route answers is told in JSON."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.observability import Measured

Handler = Callable[[Request, Exception], Awaitable[Response]]


async def on_http_error(_: Request, error: Exception) -> Response:
    """404 and 405, as every other refusal."""
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette's own contract
    if error.status_code == 405:
        allowed = (error.headers or {}).get("Allow", "")
        told = {"error": "method_not_allowed", "message": f"expected {allowed}"}
    else:
        told = {"error": "not_found", "message": "there is no such address; see /openapi.json"}
    return JSONResponse(told, status_code=error.status_code, headers=error.headers)


async def on_crash(_: Request, __: Exception) -> Response:
    """A fault of ours, told without its inside; whoever called the application logs it."""
    return JSONResponse({"error": "internal", "message": "an error of the service; it has been logged"}, 500)


def application(
    routes: Sequence[Route],
    lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]],
    on_error: Handler = on_http_error,
) -> Measured:
    """The application. An address with a slash too many is no address: nobody is sent to what `Host` says."""
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: on_error, Exception: on_crash})
    app.router.redirect_slashes = False
    return Measured(app)
