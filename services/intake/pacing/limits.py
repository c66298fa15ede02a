"""What one sender, and all of them together, may ask of a replica."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from weakref import WeakValueDictionary

from services.intake.refusals.request_errors import unavailable
from services.intake.refusals.request_words import AwayWords
from shared.registry.snapshot import Key
from shared.runtime.gc_tuning import give_back
from shared.wording.words import Common

EVENTS = 20_000  # of one request; a stream of lines has its limit in bytes
EVENT_BYTES = 64 * 1024
EVENT_SIZE = Common.BYTES_AT_MOST.value.filled(most=EVENT_BYTES)
LARGE_PATIENCE = 30.0  # seconds that a large request, or a spreadsheet, waits for others
BURST_SECONDS = 5.0  # of its rate may a sender save up while it is silent


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class RateLimits:
    """A bucket of events for each sender with a rate.

    A request is let in while anything is left and may take the bucket below zero: a batch larger than the rate passes,
    and the next one waits for it. `seconds` is a clock that only goes forward.
    """

    def __init__(self, seconds: Callable[[], float]) -> None:
        self._seconds = seconds
        self._buckets: dict[str, _Bucket] = {}

    def wait(self, key: Key) -> float:
        """Return for how many seconds the sender has to wait; 0 when it may post now."""
        if key.rate is None:
            return 0.0
        bucket = self._fill(key.sender, key.rate)
        return 0.0 if bucket.tokens > 0 else max(-bucket.tokens / key.rate, 0.001)

    def spend(self, key: Key, events: int) -> None:
        """Count events that were posted, good or bad."""
        if key.rate is not None:
            self._fill(key.sender, key.rate).tokens -= events

    def _fill(self, sender: str, rate: int) -> _Bucket:
        now = self._seconds()
        bucket = self._buckets.get(sender)
        if bucket is None:
            bucket = self._buckets[sender] = _Bucket(rate * BURST_SECONDS, now)
        bucket.tokens = min(rate * BURST_SECONDS, bucket.tokens + (now - bucket.at) * rate)
        bucket.at = now
        return bucket


class OwnTurns:
    """One piece of work at a time for each sender: however many streams it opens, they move as one does."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    def of(self, sender: str) -> asyncio.Lock:
        """Return the sender's turn, as a context manager. It lives as long as somebody holds or awaits it."""
        return self._locks.setdefault(sender, asyncio.Lock())


class Turns:
    """So many pieces of heavy work at once. Another waits for its turn, and is refused where that doesn't come.

    A sender has one turn at a time and waits for one at a time: however many large requests it sends, another sender's
    is next.
    """

    def __init__(self, at_once: int, patience: float) -> None:
        self._free = asyncio.Semaphore(at_once)
        self._patience = patience
        self._own = OwnTurns()

    @asynccontextmanager
    async def turn(self, sender: str, *, needed: bool = True) -> AsyncIterator[None]:
        """Hold the sender's turn for as long as the block lasts. Raises RefusedError (503) if it doesn't come soon."""
        if not needed:
            yield
            return
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(self._patience):
                    await held.enter_async_context(self._own.of(sender))
                    await held.enter_async_context(self._free)
            except TimeoutError:
                raise unavailable(AwayWords.LARGE_REQUESTS.value) from None
            held.callback(give_back)
            yield
