"""Collects items from many callers into batches, and gives each caller its batch's outcome."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from itertools import repeat
from typing import Generic, TypeAlias, TypeVar

from shared.runtime.supervision import Supervised

Item = TypeVar("Item")
_Waiting: TypeAlias = tuple[Item, asyncio.Future[None]]  # an item, and what its caller awaits


class Batcher(Generic[Item]):
    """Flushes when `limit` weight is waiting or `linger` seconds have passed since the first item, `flushes` at a time.

    While flushes run the next batch fills, so under load batches grow by themselves and nobody waits for the linger. A
    caller that is cancelled does not take its item out: the flush goes on. What `flush` raises every caller gets; where
    items end differently, it returns how each did: None or an error. `name` is its background task's: each of a service
    has its own.
    """

    def __init__(
        self,
        flush: Callable[[Sequence[Item]], Awaitable[Sequence[Exception | None] | None]],
        *,
        limit: int,
        linger: float,
        flushes: int = 1,
        weight: Callable[[Item], int] = lambda _: 1,
        name: str,
    ) -> None:
        self._flush = flush
        self._limit = limit
        self._linger = linger
        self._weight = weight
        self._waiting: list[_Waiting[Item]] = []
        self._waiting_weight = 0
        self._waiting_since = 0.0  # of the oldest item, on the event loop's clock
        self._arrived = asyncio.Event()
        self._full = asyncio.Event()
        self._closing = False
        self._free = asyncio.Semaphore(flushes)
        self._flushing: set[asyncio.Task[None]] = set()
        self._task = Supervised(name, self._run)

    @property
    def waiting(self) -> int:
        """The weight that waits for a flush."""
        return self._waiting_weight

    def start(self) -> None:
        """Start flushing in the background."""
        self._task.start()

    async def stop(self) -> None:
        """Flush what is waiting, then end."""
        self._closing = True
        self._arrived.set()
        self._full.set()
        await self._task.finish()
        await asyncio.gather(*self._flushing)

    def submit(self, item: Item) -> asyncio.Future[None]:
        """Give an item to a batch. The future ends with its flush, as the flush raised or returned for this item."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        if not self._waiting:
            self._waiting_since = loop.time()
            self._arrived.set()
        self._waiting.append((item, future))
        self._waiting_weight += self._weight(item)
        if self._waiting_weight >= self._limit:
            self._full.set()
        return future  # cancelled with who awaits it; the flush passes over it

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            if not self._waiting:
                return
            try:
                async with asyncio.timeout_at(self._waiting_since + self._linger):
                    await self._full.wait()
            except TimeoutError:
                pass
            await self._free.acquire()
            task = asyncio.create_task(self._flush_one(self._take()), name="flush")
            self._flushing.add(task)
            task.add_done_callback(self._flushed)

    def _flushed(self, task: asyncio.Task[None]) -> None:
        self._flushing.discard(task)
        self._free.release()

    def _take(self) -> list[_Waiting[Item]]:
        """Take the next batch. What is left has waited its time: it goes as soon as it may."""
        count, weight = len(self._waiting), self._waiting_weight
        if weight > self._limit:
            count, weight = self._fitting()
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        self._waiting_weight -= weight
        if not self._closing:
            if not self._waiting:
                self._arrived.clear()
            if self._waiting_weight < self._limit:
                self._full.clear()
        return batch

    def _fitting(self) -> tuple[int, int]:
        """Count how many of the waiting items make a batch, one at least, and their weight."""
        count, weight = 0, 0
        for item, _ in self._waiting:
            if count and weight + self._weight(item) > self._limit:
                break
            count += 1
            weight += self._weight(item)
        return count, weight

    async def _flush_one(self, batch: list[_Waiting[Item]]) -> None:
        outcomes: Sequence[Exception | None] | None
        try:
            outcomes = await self._flush([item for item, _ in batch])
        except Exception as failure:  # every caller hears of its batch's failure
            outcomes = [failure] * len(batch)
        except asyncio.CancelledError:  # whoever asked for it: a caller that hears nothing would wait for ever
            outcomes = [ConnectionError("the flush was cancelled")] * len(batch)
        for (_, flushed), error in zip(batch, outcomes or repeat(None, len(batch)), strict=True):
            if flushed.done():
                continue
            if error is None:
                flushed.set_result(None)
            else:
                flushed.set_exception(error)
                flushed.exception()  # a caller that has gone must not leave a warning behind
