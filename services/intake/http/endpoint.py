"""What every endpoint does first: who asks, how fast, how much; and what it may need after."""

import asyncio
import math
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime

from starlette.requests import ClientDisconnect, Request

from services.intake.admission.admission import Admission
from services.intake.admission.limits import RateLimits, Turns
from services.intake.http.request_errors import Fault, RefusedError, unavailable
from services.intake.http.request_words import AwayWords, BodyWords, RequestWords
from services.intake.http.taken_log import TakenLog
from shared.access.authentication import CHALLENGE, EXPECTED, authorization_of, find_key
from shared.domain.events import Kind
from shared.http.held_body import BodyError, BodyLimits, HeldBody, Memory
from shared.http.words import LimitWords
from shared.registry.snapshot import Key, Registry
from shared.values.personal_data import named
from shared.values.scalars import shown
from shared.wording.language import language_of as language_asked
from shared.wording.words import listed

BODY_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Door:
    """The registry of now and whether it may be trusted, the time, admission, the limits, the log of what was taken.

    `large` are the turns of bodies that are more than a small part of the work of a second.
    `body_seconds` bounds the time in which a body of the usual size has to arrive, and each pause of a stream;
    `stream_bytes` the size of a stream. `status_url` is where what became of an event is told, "" for nowhere.
    """

    registry: Callable[[], Registry]
    trusted: Callable[[], bool]
    now: Callable[[], datetime]
    admission: Admission
    rates: RateLimits
    memory: Memory
    large: Turns
    taken: TakenLog
    body_seconds: float
    stream_bytes: int
    status_url: str


def identify(door: Door, request: Request) -> Key:
    """The request's key. Raises RefusedError: 401 without a valid one, 503 while keys can't be checked."""
    registry = door.registry()
    if not door.trusted() or not registry.loaded:
        raise unavailable(AwayWords.NO_REGISTRY.value)
    key = find_key(registry, authorization_of(request.scope["headers"]), door.now())
    if key is None:
        raise RefusedError(Fault.UNAUTHORIZED, EXPECTED, headers=CHALLENGE)
    return key


def enter(door: Door, request: Request, kinds: frozenset[Kind] = frozenset(Kind)) -> Key:
    """The request's key, before anything of its body is read.

    Raises as `identify` does, 403 for a key that may post none of these kinds, 429 over the sender's rate and 415 for a
    compressed body.
    """
    key = identify(door, request)
    if key.kinds is not None and not key.kinds & kinds:
        may = RequestWords.MAY_POST.value.filled(kinds=listed(sorted(key.kinds)))
        raise RefusedError(Fault.NOT_ALLOWED, may if key.kinds else RequestWords.MAY_POST_NOTHING.value)
    wait = door.rates.wait(key)
    if wait > 0:
        raise RefusedError(
            Fault.RATE_EXCEEDED,
            str(key.rate),
            headers={"Retry-After": str(math.ceil(wait))},
            status=503 if key.loses_429 else None,
        )
    encoding = header(request, b"content-encoding")
    if encoding and encoding.strip().lower() not in {"", "identity"}:
        raise RefusedError(Fault.UNSUPPORTED_ENCODING, named(encoding))
    return key


@asynccontextmanager
async def held_body(door: Door, request: Request, key: Key) -> AsyncIterator[bytes]:
    """The body of a request with this key, held in memory for as long as the block lasts.

    Raises RefusedError where it isn't taken.
    """
    known = door.registry()
    try:
        limits = BodyLimits(BODY_BYTES, door.body_seconds, door.memory, key.sender)
        async with HeldBody(request, limits) as body:
            if door.registry() is not known or not door.trusted():
                identify(door, request)  # the key may have been revoked while the body came
            yield body
    except BodyError as error:
        if error.status == 503:
            raise unavailable(error.words) from None
        raise RefusedError(Fault(error.error), error.words) from None


async def chunks_of(door: Door, request: Request) -> AsyncIterator[bytes]:
    """The body as it comes, for what needs no more than a window of it. Limits as with `HeldBody`."""
    size = 0
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(door.body_seconds):
                chunk = await anext(stream, None)
        except TimeoutError:
            raise RefusedError(
                Fault.TOO_SLOW, LimitWords.NO_PAUSE.value.filled(seconds=f"{door.body_seconds:g}")
            ) from None
        except ClientDisconnect:
            raise RefusedError(Fault.UNREADABLE, BodyWords.BROKE_BEFORE_END.value) from None
        if chunk is None:
            return
        size += len(chunk)
        if size > door.stream_bytes:
            raise RefusedError(Fault.TOO_LARGE, LimitWords.TOO_LARGE.value.filled(most=door.stream_bytes))
        yield chunk


def flags(request: Request, *names: str) -> list[bool]:
    """The query's flags under these names. Raises RefusedError for any other parameter: a misspelt `dry_run` must not
    be taken for a real post.
    """
    if request.scope["query_string"]:
        for name in request.query_params:
            if name not in names:
                raise RefusedError(
                    Fault.BAD_PARAMETER,
                    RequestWords.PARAMETER.value.filled(names=", ".join(names), got=shown(name)),
                )
    return [flag(request, name) for name in names]


def flag(request: Request, name: str) -> bool:
    """A query parameter that is true or false; absent is false."""
    if not request.scope["query_string"]:
        return False
    value = request.query_params.get(name, "false").lower()
    if value not in {"true", "false"}:
        raise RefusedError(Fault.BAD_PARAMETER, RequestWords.FLAG.value.filled(name=name, got=shown(value)))
    return value == "true"


def header(request: Request, name: bytes) -> str | None:
    """A header by its name in lower case; of several, the first. Starlette would search all of them each time."""
    headers: dict[bytes, bytes] | None = request.scope.get("kip.headers")
    if headers is None:
        headers = request.scope["kip.headers"] = dict(reversed(request.scope["headers"]))
    value = headers.get(name)
    return None if value is None else value.decode("latin-1")


def media_type_of(request: Request) -> str:
    """What the body is said to be, in lower case and without parameters; empty where nothing is said."""
    return (header(request, b"content-type") or "").partition(";")[0].strip().lower()


def language_of(request: Request) -> str:
    """In which language the client is answered."""
    return language_asked(request.scope["headers"])
