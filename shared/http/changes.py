"""Serves `/v1/changes`: a stream of server-sent events (WHATWG HTML, 9.2) that says what has changed, never its value.

Each reader gets what its key sees, at most two events a second; what comes faster is put together. It lives as long as
its key does.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from shared.access.rights import Reach
from shared.broker.notices import PAUSE_SECONDS, Notice, Pending
from shared.domain.units import Units
from shared.http.read_api import UNANSWERED, UnavailableError, guarded, only, parameters
from shared.http.read_words import ReadWords

MOST_WATCHERS = 100  # streams of one process: the board holds one for all that look at it
MOST_OF_SENDER = 20
STILL_SECONDS = 15.0  # after which a stream that has nothing to say shows that it lives
_MEDIA_TYPE = "text/event-stream"
_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
_OF_ALL = frozenset({"unit", "programme"})  # tables of the registry
HELLO = b"retry: 2000\nevent: hello\ndata: {}\n\n"  # whoever reads this asks for everything anew
ALIVE = b": alive\n\n"

ReachOf = Callable[[Request], Awaitable[Reach]]  # raises as `asking_reach` does


class Watchers:
    """The open streams of this process. `listening` tells whether it hears of changes: else nobody can watch it."""

    def __init__(self, listening: Callable[[], bool]) -> None:
        self._open: dict[Pending, str] = {}
        self._listening = listening

    def tell(self, notice: Notice) -> None:
        """Tell all of them what has changed. Never waits."""
        for pending in self._open:
            pending.add(notice)

    async def heed(self, changed: frozenset[str]) -> None:
        """Tell that anything may have changed where the register or a programme has (a follower's callback)."""
        if changed & _OF_ALL:
            self.tell(None)

    @property
    def deaf(self) -> bool:
        """Whether this process hears of nothing now."""
        return not self._listening()

    def full(self, sender: str) -> bool:
        """Whether no more may watch, or no more with the keys of this sender."""
        return len(self._open) >= MOST_WATCHERS or sum(it == sender for it in self._open.values()) >= MOST_OF_SENDER

    @contextmanager
    def watching(self, sender: str) -> Iterator[Pending]:
        """Watch with a key of the sender's, until it is left."""
        pending = Pending()
        self._open[pending] = sender
        try:
            yield pending
        finally:
            del self._open[pending]


def change_route(watchers: Watchers, reach_of: ReachOf, units: Callable[[], Units]) -> Route:
    """Make the endpoint."""

    async def respond(request: Request) -> Response:
        only(parameters(request), frozenset())
        reach = await reach_of(request)
        if watchers.deaf or watchers.full(reach.sender):
            words = ReadWords.DEAF if watchers.deaf else ReadWords.MOST_WATCHERS
            raise UnavailableError(words.value)
        if request.method == "HEAD":  # it has no body that could go on
            return Response(headers=_HEADERS, media_type=_MEDIA_TYPE)

        async def reach_now() -> Reach:
            return await reach_of(request)

        events = stream(watchers, reach.sender, reach_now, units)
        return StreamingResponse(events, media_type=_MEDIA_TYPE, headers=_HEADERS)

    return Route("/v1/changes", guarded(respond))


async def stream(
    watchers: Watchers, sender: str, reach_of: Callable[[], Awaitable[Reach]], units: Callable[[], Units]
) -> AsyncIterator[bytes]:
    """Write what one reader with a key of the sender's hears, until it goes, its key is good no more, or nothing can be
    heard of here.
    """
    with watchers.watching(sender) as pending:
        yield HELLO
        while True:
            try:
                async with asyncio.timeout(STILL_SECONDS):
                    await pending.there.wait()
            except TimeoutError:
                pass
            if watchers.deaf:
                return
            try:
                reach = await reach_of()
            except UNANSWERED:  # whoever comes again is told which
                return
            yield _event(pending.take(), reach, units()) if pending.there.is_set() else ALIVE
            await asyncio.sleep(PAUSE_SECONDS)


def _event(notice: Notice, reach: Reach, units: Units) -> bytes:
    """Write what the reader may see of a notice; where it is nothing, that the stream lives."""
    if notice is None:
        return b'event: changed\ndata: {"everything":true}\n\n'
    seen = sorted(it for it in notice if reach.sees(units, it.unit, it.programme))
    if not seen:
        return ALIVE
    data = {"changed": [{"programme": it.programme, "unit": it.unit} for it in seen]}
    return b"event: changed\ndata: " + to_json(data) + b"\n\n"
