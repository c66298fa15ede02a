"""What the read APIs have in common: how far who asks sees, and how a question that can't be answered is told."""

from collections.abc import Awaitable, Callable, Collection, Mapping
from datetime import datetime
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shared.authentication import CHALLENGE, EXPECTED, authorization_of, find_key
from shared.db import DATABASE_AWAY
from shared.registry.snapshot import Registry
from shared.rights import Reach, own_events, reach_of
from shared.scalars import ScalarError, text

LONGEST_PARAMETER = 1000  # characters: a list of slugs, or a place in pages by two identifiers
Value = TypeVar("Value")


class QueryError(Exception):
    """The question can't be answered as asked. `field` is the parameter; the text says what was expected."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


class ForbiddenError(Exception):
    """The key doesn't reach what is asked."""


def beyond(reach: Reach) -> ForbiddenError:
    """The refusal of what a reach doesn't see."""
    return ForbiddenError(f"this key reaches what lies below {' and '.join(reach.subtrees)}")


class UnauthorizedError(Exception):
    """There is no valid key."""


def parameters(request: Request) -> Mapping[str, str]:
    """The query's parameters, each given once, of bounded length and fit for PostgreSQL. Raises QueryError."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in found:
            raise QueryError(name[:80], "expected once")
        found[name] = read(name[:80], text, value, LONGEST_PARAMETER)
    return found


def only(query: Mapping[str, str], known: Collection[str]) -> None:
    """Refuse a parameter that isn't known: a misspelt one must not pass in silence."""
    for name in query:
        if name not in known:
            raise QueryError(name[:80], f"no such parameter; expected {', '.join(sorted(known)) or 'none'}")


def read(field: str, parse: Callable[..., Value], *values: Any, **bounds: Any) -> Value:
    """What a parser of `shared.scalars` makes of a parameter. Raises QueryError that names the parameter."""
    try:
        return parse(*values, **bounds)
    except ScalarError as error:
        raise QueryError(field, str(error)) from None


def reading_reach(registry: Registry, request: Request, now: datetime, *, senders_too: bool = False) -> Reach:
    """How far the key that asks sees. With `senders_too` one that only posts may ask as well.

    Raises UnauthorizedError, ForbiddenError, and ConnectionError (one of DATABASE_AWAY) before the registry is loaded.
    """
    if not registry.loaded:
        raise ConnectionError("the registry is not loaded yet")
    key = find_key(registry, authorization_of(request.scope["headers"]), now)
    if key is None:
        raise UnauthorizedError(f"expected one header {EXPECTED}")
    if not key.can_read and not senders_too:
        raise ForbiddenError("this key may not read; add one with 'kip source add NAME --read'")
    if not key.can_read:
        return own_events(key)
    if not registry.limited_to(key.programmes).programmes:
        raise ForbiddenError("none of this key's programmes is loaded")
    return reach_of(key)


def guarded(respond: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """The endpoint, with every error above told as JSON: 400, 401, 403 or 503."""

    async def endpoint(request: Request) -> Response:
        try:
            return await respond(request)
        except QueryError as error:
            body = {"error": "bad_parameter", "field": error.field, "message": str(error)}
            return JSONResponse(body, status_code=400)
        except UnauthorizedError as error:
            return _problem(401, "unauthorized", str(error), CHALLENGE)
        except ForbiddenError as error:
            return _problem(403, "forbidden", str(error))
        except DATABASE_AWAY:
            return _problem(503, "unavailable", "the database does not answer", {"Retry-After": "2"})

    return endpoint


def _problem(status: int, error: str, message: str, headers: Mapping[str, str] | None = None) -> Response:
    return JSONResponse({"error": error, "message": message}, status_code=status, headers=headers)
