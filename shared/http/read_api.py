"""What the read APIs have in common: how far who asks sees, and how a question that can't be answered is told."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shared.access.authentication import CHALLENGE, EXPECTED, authorization_of, find_key
from shared.access.rights import Reach, own_events, reach_of
from shared.database.connections import DATABASE_AWAY
from shared.http.read_words import ReadWords
from shared.registry.snapshot import Registry
from shared.values.personal_data import named
from shared.values.scalars import ScalarError, shown, text
from shared.wording.language import language_of
from shared.wording.words import Common, Words, listed

LONGEST_PARAMETER = 1000  # characters: a list of slugs, or a place in pages by two identifiers
Value = TypeVar("Value")


class _UnansweredError(Exception):
    """The question isn't answered: `words` say why."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.en)
        self.words = words


class QueryError(_UnansweredError):
    """The question can't be answered as asked. `field` is the parameter; `words` say what was expected."""

    def __init__(self, field: str, words: Words) -> None:
        super().__init__(words)
        self.field = field


class ForbiddenError(_UnansweredError):
    """The key doesn't reach what is asked."""


class UnauthorizedError(_UnansweredError):
    """There is no valid key."""


def none_of(field: str, known: Iterable[str], got: str | None) -> QueryError:
    """Refuse a parameter that is none of the known names."""
    return QueryError(
        field,
        ReadWords.ONE_OF.value.filled(names=", ".join(known), got=Common.NOTHING.value if got is None else shown(got)),
    )


def beyond(reach: Reach) -> ForbiddenError:
    """Refuse what a reach doesn't see."""
    return ForbiddenError(ReadWords.BEYOND.value.filled(units=", ".join(reach.subtrees)))


def parameters(request: Request) -> Mapping[str, str]:
    """Read the query's parameters, each given once, of bounded length and fit for PostgreSQL. Raises QueryError."""
    found: dict[str, str] = {}
    for name, value in request.query_params.multi_items():
        if name in found:
            raise QueryError(named(name), ReadWords.ONCE.value)
        found[name] = read(named(name), text, value, LONGEST_PARAMETER)
    return found


def only(query: Mapping[str, str], known: Collection[str]) -> None:
    """Refuse a parameter that isn't known: a misspelt one must not pass in silence."""
    for name in query:
        if name not in known:
            words = ReadWords.NO_PARAMETER.value.filled(names=listed(sorted(known)))
            raise QueryError(named(name), words if known else ReadWords.TAKES_NONE.value)


def read(field: str, parse: Callable[..., Value], *values: Any, **bounds: Any) -> Value:
    """Read a parameter by a parser of `shared.values.scalars`. Raises QueryError that names the parameter."""
    try:
        return parse(*values, **bounds)
    except ScalarError as error:
        raise QueryError(field, error.words) from None


def reading_reach(registry: Registry, request: Request, now: datetime, *, senders_too: bool = False) -> Reach:
    """Find how far the key of a request sees. With `senders_too` one that only posts may ask as well.

    Raises UnauthorizedError, ForbiddenError, and ConnectionError (one of DATABASE_AWAY) before the registry is loaded.
    """
    if not registry.loaded:
        raise ConnectionError("the registry is not loaded yet")
    given = authorization_of(request.scope["headers"])
    key = find_key(registry, given, now)
    if key is None:  # wrong, ended or revoked: which of them is nobody's to learn
        words = ReadWords.NO_KEY if given is None else ReadWords.NO_VALID_KEY
        raise UnauthorizedError(words.value.filled(header=EXPECTED))
    if not key.can_read and not senders_too:
        raise ForbiddenError(ReadWords.MAY_NOT_READ.value)
    if not key.can_read:
        return own_events(key)
    if not registry.limited_to(key.programmes).programmes:
        raise ForbiddenError(ReadWords.NO_PROGRAMME_LOADED.value)
    return reach_of(key)


def guarded(respond: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Wrap an endpoint so that every error above is answered in JSON: 400, 401, 403 or 503."""

    async def endpoint(request: Request) -> Response:
        try:
            return await respond(request)
        except QueryError as error:
            return _problem(request, 400, "bad_parameter", error.words, field=error.field)
        except UnauthorizedError as error:
            return _problem(request, 401, "unauthorized", error.words, CHALLENGE)
        except ForbiddenError as error:
            return _problem(request, 403, "forbidden", error.words)
        except DATABASE_AWAY:
            return _problem(request, 503, "unavailable", ReadWords.NO_DATABASE.value, {"Retry-After": "2"})

    return endpoint


def _problem(
    request: Request,
    status: int,
    error: str,
    words: Words,
    headers: Mapping[str, str] | None = None,
    **more: str,
) -> Response:
    message = words.in_language(language_of(request.scope["headers"]))
    return JSONResponse({"error": error, **more, "message": message}, status_code=status, headers=headers)
