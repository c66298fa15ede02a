"""What the read APIs have in common: how far who asks sees, and how a question that can't be answered is told."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from shared.access.acting import ActingError, acting_officer, read_acting
from shared.access.authentication import CHALLENGE, EXPECTED, authorization_of, find_key
from shared.access.headers import HeaderError, read_narrowing
from shared.access.rights import Reach, officers_reach, own_events, reach_of
from shared.database.connections import DATABASE_AWAY, Pool
from shared.http.read_words import ReadWords
from shared.registry.snapshot import Key, Registry
from shared.values.personal_data import named
from shared.values.scalars import ScalarError, shown, text
from shared.wording.language import language_of
from shared.wording.words import Common, Words, listed

_LATER = {"Retry-After": "2"}
ASKED_BY = "Accept, Authorization, Kip-Reach, Kip-Officer"  # what an answer differs by, for caches
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


class UnavailableError(_UnansweredError):
    """The answer would be wrong now, and is right a while later."""


UNANSWERED: tuple[type[Exception], ...] = (_UnansweredError, HeaderError, ActingError, *DATABASE_AWAY)


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


async def asking_reach(
    pool: Callable[[], Pool], registry: Registry, request: Request, now: datetime, *, senders_too: bool = False
) -> Reach:
    """Find how far a request sees that may be in an officer's name (`Kip-Officer`): no further than their unit and
    programmes.

    Raises as `reading_reach`, ForbiddenError for an officer who sits nowhere any more, and ActingError.
    """
    reach = reading_reach(registry, request, now, senders_too=senders_too)
    reference = read_acting(request.scope["headers"])
    if reference is None:
        return reach
    acting = await acting_officer(pool(), key_of(registry, request, now), reference)
    known = registry.limited_to(frozenset(acting.officer.programmes) or None).programmes.values()
    today = max((programme.today(now) for programme in known), default=now.date())
    seat = registry.units.stands_for(acting.officer.unit, today)
    if seat is None:
        raise ForbiddenError(ReadWords.NO_SEAT.value)
    narrowed = officers_reach(reach, acting.officer, seat)
    if narrowed.subtrees and not registry.limited_to(narrowed.programmes).programmes:
        raise ForbiddenError(ReadWords.NO_PROGRAMME_LOADED.value)
    return narrowed


def reading_reach(registry: Registry, request: Request, now: datetime, *, senders_too: bool = False) -> Reach:
    """Find how far the key of a request sees. With `senders_too` one that only posts may ask as well.

    A request may narrow it by `Kip-Reach`. Raises UnauthorizedError, ForbiddenError, HeaderError, and ConnectionError
    (one of DATABASE_AWAY) before the registry is loaded.
    """
    key = key_of(registry, request, now)
    if not key.can_read and not senders_too:
        raise ForbiddenError(ReadWords.MAY_NOT_READ.value)
    narrowed_to = read_narrowing(request.scope["headers"], registry.units)
    if not key.can_read:
        return own_events(key, narrowed_to)
    if not registry.limited_to(key.programmes).programmes:
        raise ForbiddenError(ReadWords.NO_PROGRAMME_LOADED.value)
    return reach_of(key, narrowed_to)


def key_of(registry: Registry, request: Request, now: datetime) -> Key:
    """Find the key of a request. Raises UnauthorizedError, and ConnectionError before the registry is loaded."""
    if not registry.loaded:
        raise ConnectionError("the registry is not loaded yet")
    given = authorization_of(request.scope["headers"])
    key = find_key(registry, given, now)
    if key is None:  # wrong, ended or revoked: which of them is nobody's to learn
        words = ReadWords.NO_KEY if given is None else ReadWords.NO_VALID_KEY
        raise UnauthorizedError(words.value.filled(header=EXPECTED))
    return key


def guarded(respond: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
    """Wrap an endpoint so that every error above is answered in JSON: 400, 401, 403, 410 or 503."""

    async def endpoint(request: Request) -> Response:
        try:
            return await respond(request)
        except UNANSWERED as error:
            return _problem(request, error)

    return endpoint


def _problem(request: Request, error: Exception) -> Response:
    headers: Mapping[str, str] | None = None
    field: Mapping[str, str] = {}
    match error:
        case QueryError():
            status, code, words, field = 400, "bad_parameter", error.words, {"field": error.field}
        case HeaderError():
            status, code, field = 400, "bad_parameter", {"field": error.header}
            words = Common.EXPECTED.value.filled(expected=error.expected)
        case ActingError():
            status, code, words = error.fault.status, error.fault.value, error.words
        case UnauthorizedError():
            status, code, words, headers = 401, "unauthorized", error.words, CHALLENGE
        case ForbiddenError():
            status, code, words = 403, "forbidden", error.words
        case UnavailableError():
            status, code, words, headers = 503, "unavailable", error.words, _LATER
        case _:
            status, code, words, headers = 503, "unavailable", ReadWords.NO_DATABASE.value, _LATER
    message = words.in_language(language_of(request.scope["headers"]))
    return JSONResponse({"error": code, **field, "message": message}, status_code=status, headers=headers)
