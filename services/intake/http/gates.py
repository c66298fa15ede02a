"""The way in, the same for every wire format: the gates that a post passes, in this order.

| | gate | refused with |
|---|---|---|
| 1 | HTTP: head, connections, chunks (`shared/http`), before an endpoint is called | 400, 408, 503 |
| 2 | key: who asks, within what (`Kip-Reach`), for whom (`Kip-Officer`) | 400, 401, 403; 503 without keys |
| 3 | kinds: whether the key may post any of what this address takes, and of its own | 403 |
| 4 | rate of the sender | 429 |
| 5 | encoding, then what the endpoint asks of the head: parameters, media type, form | 400, 404, 415 |
| 6 | size, time and memory of the body; the key once more, if the registry changed meanwhile | 400, 408, 413, 503 |
| 7 | turn: a large body or a spreadsheet waits for others, a stream for its sender's other ones | 503 |
| 8 | parse, by the endpoint | 400, 413 |
| 9 | look the officer up, judge each event, then publish | 403, 410, 413, 422; 503 |

`enter` is 2 to 5, `Post.body` 6 and 7, `Post.admit` 9. A stream of lines takes `Post.chunks` for 6, and passes 4, 7, 8
and 9 group by group, slowed down to the rate instead of refused. A single event is a batch of one; a request that holds
all it says in its query has no body to pass 6 and 7.
"""

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from starlette.requests import ClientDisconnect, Request

from services.intake.admission.admission import Outcome, Terms
from services.intake.admission.poster import Poster
from services.intake.formats.cloudevents import Parsed
from services.intake.http.endpoint import EndpointContext
from services.intake.http.request_head import header
from services.intake.pacing.slices import SMALL
from services.intake.refusals.request_errors import Fault, RefusedError, unavailable
from services.intake.refusals.request_words import AwayWords, BodyWords, RequestWords
from shared.access.acting import ActingError, let_act, read_acting
from shared.access.authentication import CHALLENGE, EXPECTED, authorization_of, find_key
from shared.access.headers import HeaderError, read_narrowing
from shared.database.connections import DATABASE_AWAY
from shared.domain.events import Kind
from shared.http.held_body import BodyError, BodyLimits, HeldBody
from shared.http.words import LimitWords
from shared.registry.snapshot import Key, Registry
from shared.runtime.turns import Turns
from shared.values.personal_data import named
from shared.wording.words import listed

BODY_BYTES = 8 * 1024 * 1024
KEY_SECONDS = 0.25  # between two looks at a stream's key: a revocation is promised to work within a second


def identify(context: EndpointContext, request: Request) -> Poster:
    """Find who posts. Raises RefusedError: 401 without a valid key, 400 for headers that say nothing known, 403 for an
    officer whom the key may not act for, 503 while keys can't be checked.
    """
    registry = context.registry()
    if not context.trusted() or not registry.loaded:
        raise unavailable(AwayWords.NO_REGISTRY.value)
    headers = request.scope["headers"]
    key = find_key(registry, authorization_of(headers), context.now())
    if key is None:
        raise RefusedError(Fault.UNAUTHORIZED, EXPECTED, headers=CHALLENGE)
    try:
        reference = read_acting(headers)
        if reference is not None:
            let_act(key)
        return Poster(key, read_narrowing(headers, registry.units), reference)
    except ActingError as error:
        raise RefusedError(Fault(error.fault), error.words) from None
    except HeaderError as error:
        expected = RequestWords.HEADER.value.filled(expected=error.expected)
        raise RefusedError(Fault.BAD_PARAMETER, expected, field=error.header) from None


def enter(context: EndpointContext, request: Request, kinds: frozenset[Kind] = frozenset(Kind)) -> "Post":
    """Let a request in by its head (gates 2 to 5) that may hold events of these kinds. Nothing of its body is read.

    Raises RefusedError: as `identify` does, 403 for a key that may post none of these kinds, or nothing of its own, 429
    over the sender's rate (503 for a sender known to lose a 429), 415 for a compressed body.
    """
    post = Post(context, request)
    key = post.key
    if key.kinds is not None and not key.kinds & kinds:
        may = RequestWords.MAY_POST.value.filled(kinds=listed(sorted(key.kinds)))
        raise RefusedError(Fault.NOT_ALLOWED, may if key.kinds else RequestWords.MAY_POST_NOTHING.value)
    if key.can_act and post.poster.reference is None:
        raise RefusedError(Fault.NOT_ALLOWED, RequestWords.ONLY_FOR_OFFICERS.value)
    wait = context.rates.wait(key)
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
    return post


class Post:
    """A request that was let in. `poster` has its key as it was looked up last, in `registry`."""

    __slots__ = ("_context", "_request", "poster", "registry")

    def __init__(self, context: EndpointContext, request: Request) -> None:
        self._context = context
        self._request = request
        self.registry: Registry = context.registry()
        self.poster: Poster = identify(context, request)

    @property
    def key(self) -> Key:
        """The request's key."""
        return self.poster.key

    @property
    def known(self) -> Registry:
        """The registry as the key may know it: limited to its programmes."""
        return self.registry.limited_to(self.key.programmes)

    @asynccontextmanager
    async def body(self, turns: Turns | None = None) -> AsyncIterator[bytes]:
        """Hold the body and a turn for as long as the block lasts (gates 6 and 7).

        `turns` are those that every body of this address needs; without, one that isn't small needs one of the large.
        Raises RefusedError where the body isn't taken, or its key was revoked while it came.
        """
        context, sender = self._context, self.key.sender
        try:
            async with HeldBody(
                self._request, BodyLimits(BODY_BYTES, context.body_seconds, context.memory, sender)
            ) as body:
                self._look_again()
                async with (turns or context.large).turn(sender, needed=turns is not None or len(body) > SMALL):
                    yield body
        except BodyError as error:
            if error.status == 503:
                raise unavailable(error.words) from None
            raise RefusedError(Fault(error.error), error.words) from None

    async def admit(self, parsed: Parsed, terms: Terms) -> Outcome:
        """Judge and publish what was read of the request (gate 9), and count it against the sender's rate.

        Raises RefusedError where the key was revoked meanwhile or the officer isn't there, and what `Admission.admit`
        raises.
        """
        self._look_again()
        poster = await self._acting()
        candidates, rejected = parsed
        self._context.rates.spend(self.key, len(candidates) + len(rejected))
        return await self._context.admission.admit(parsed, self.registry, poster, self._context.now(), terms)

    async def chunks(self) -> AsyncIterator[bytes]:
        """Give the body of a stream as it comes, for as long as the key holds, also where nothing comes (gate 6).

        Raises RefusedError as `identify` does, and where the stream breaks off, pauses too long or is too large.
        """
        chunks = _bounded(self._context, self._request)
        while True:
            waiting = asyncio.create_task(_next(chunks))
            try:
                while not waiting.done():
                    await asyncio.wait({waiting}, timeout=KEY_SECONDS)
                    self._identify()
            except BaseException:
                waiting.cancel()
                await asyncio.gather(waiting, return_exceptions=True)
                raise
            chunk = waiting.result()
            if chunk is None:
                return
            yield chunk

    def stream_turn(self) -> asyncio.Lock:
        """Return the sender's turn to have a part of a stream worked on (gate 7), as a context manager."""
        return self._context.streams.of(self.key.sender)

    async def wait_for_rate(self) -> None:
        """Wait until the sender may post again; its key holds at the end of it. Raises RefusedError as `identify`."""
        self._identify()
        while (wait := self._context.rates.wait(self.key)) > 0:
            await asyncio.sleep(min(wait, KEY_SECONDS))
            self._identify()

    async def _acting(self) -> Poster:
        """Look up the officer in whose name the request is, if it is in one's. Raises RefusedError."""
        poster = self.poster
        if poster.reference is None:
            return poster
        try:
            return poster._replace(acting=await self._context.officer(poster.key, poster.reference))
        except ActingError as error:
            raise RefusedError(Fault(error.fault), error.words) from None
        except DATABASE_AWAY:
            raise unavailable(AwayWords.NO_DATABASE.value) from None

    def _look_again(self) -> None:
        """Look the key up again if the registry isn't the one that it was found in, or can't be trusted any more."""
        if self._context.registry() is not self.registry or not self._context.trusted():
            self._identify()

    def _identify(self) -> None:
        self.registry = self._context.registry()
        self.poster = identify(self._context, self._request)


async def _bounded(context: EndpointContext, request: Request) -> AsyncIterator[bytes]:
    """Give the chunks of a stream, of which none needs to be held. Raises RefusedError: 400, 408, 413."""
    size = 0
    stream = request.stream()
    while True:
        try:
            async with asyncio.timeout(context.body_seconds):
                chunk = await anext(stream, None)
        except TimeoutError:
            raise RefusedError(
                Fault.TOO_SLOW, LimitWords.NO_PAUSE.value.filled(seconds=f"{context.body_seconds:g}")
            ) from None
        except ClientDisconnect:
            raise RefusedError(Fault.UNREADABLE, BodyWords.BROKE_BEFORE_END.value) from None
        if chunk is None:
            return
        size += len(chunk)
        if size > context.stream_bytes:
            raise RefusedError(Fault.TOO_LARGE, LimitWords.TOO_LARGE.value.filled(most=context.stream_bytes))
        yield chunk


async def _next(chunks: AsyncIterator[bytes]) -> bytes | None:
    return await anext(chunks, None)
