"""A service's ASGI application: its routes, measured; what no route answers is told in JSON."""

from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from shared.http.probes import Measured
from shared.http.words import HttpWords
from shared.wording.language import language_of

Handler = Callable[[Request, Exception], Awaitable[Response]]


async def on_http_error(request: Request, error: Exception) -> Response:
    """Answer 404 and 405 in JSON, as every other refusal."""
    assert isinstance(error, HTTPException)  # noqa: S101 - Starlette's own contract
    if error.status_code == 405:
        code = "method_not_allowed"
        words = HttpWords.METHOD_NOT_ALLOWED.value.filled(allowed=(error.headers or {}).get("Allow", ""))
    else:
        code, words = "not_found", HttpWords.NOT_FOUND.value
    told = {"error": code, "message": words.in_language(language_of(request.scope["headers"]))}
    return JSONResponse(told, status_code=error.status_code, headers=error.headers)


async def on_crash(request: Request, _: Exception) -> Response:
    """Answer 500 without internal details; whoever called the application logs the unexpected exception."""
    message = HttpWords.CRASHED.value.in_language(language_of(request.scope["headers"]))
    return JSONResponse({"error": "internal", "message": message}, 500)


def application(
    routes: Sequence[Route],
    lifespan: Callable[[Starlette], AbstractAsyncContextManager[None]],
    on_error: Handler = on_http_error,
    crashed: Handler = on_crash,
) -> Measured:
    """Make the application. An address with a slash too many is no address: nobody is redirected to what `Host`
    says.
    """
    app = Starlette(routes=routes, lifespan=lifespan, exception_handlers={HTTPException: on_error, Exception: crashed})
    app.router.redirect_slashes = False
    return Measured(app)
