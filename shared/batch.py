"""Collects items from many callers into batches, and gives each caller its batch's outcome."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from itertools import repeat
from typing import Generic, TypeVar

Item = TypeVar("Item")


@dataclass(slots=True)
class _Waiting(Generic[Item]):
    """One item, the future that its caller awaits, and since when (the event loop's clock)."""

    item: Item
    flushed: asyncio.Future[None]
    since: float


class Batcher(Generic[Item]):
    """Flushes when `limit` weight is waiting or `linger` seconds have passed since the first item, one flush at a time.

    While a flush runs the next batch fills, so under load batches grow by themselves and nobody waits for the linger. A
    caller that is cancelled does not take its item out: the flush goes on. What `flush` raises every caller gets; where
    items end differently, it returns how each did: None or an error.
    """

    def __init__(
        self,
        flush: Callable[[Sequence[Item]], Awaitable[Sequence[Exception | None] | None]],
        *,
        limit: int,
        linger: float,
        weight: Callable[[Item], int] = lambda _: 1,
    ) -> None:
        self._flush = flush
        self._limit = limit
        self._linger = linger
        self._weight = weight
        self._waiting: list[_Waiting[Item]] = []
        self._waiting_weight = 0
        self._arrived = asyncio.Event()
        self._full = asyncio.Event()
        self._closing = False
        self._task: asyncio.Task[None] | None = None

    @property
    def waiting(self) -> int:
        """The weight that waits for a flush."""
        return self._waiting_weight

    def start(self) -> None:
        """Begin to flush."""
        self._task = asyncio.create_task(self._run(), name="batcher")

    async def stop(self) -> None:
        """Flush what is waiting, then end."""
        self._closing = True
        self._arrived.set()
        self._full.set()
        if self._task is not None:
            await self._task

    async def submit(self, item: Item) -> None:
        """Wait until the item's batch is flushed. Raises what the flush raised, or returned for this item."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._waiting.append(_Waiting(item, future, loop.time()))
        self._waiting_weight += self._weight(item)
        self._arrived.set()
        if self._waiting_weight >= self._limit:
            self._full.set()
        await future  # cancelled with its caller; the flush passes over it

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            if not self._waiting:
                return
            try:
                async with asyncio.timeout_at(self._waiting[0].since + self._linger):
                    await self._full.wait()
            except TimeoutError:
                pass
            await self._flush_one(self._take())

    def _take(self) -> list["_Waiting[Item]"]:
        count, weight = 0, 0
        for waiting in self._waiting:
            if count and weight + self._weight(waiting.item) > self._limit:
                break
            count += 1
            weight += self._weight(waiting.item)
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        self._waiting_weight -= weight
        if not self._closing:
            if not self._waiting:
                self._arrived.clear()
            if self._waiting_weight < self._limit:
                self._full.clear()
        return batch

    async def _flush_one(self, batch: list["_Waiting[Item]"]) -> None:
        outcomes: Sequence[Exception | None] | None
        try:
            outcomes = await self._flush([waiting.item for waiting in batch])
        except Exception as failure:  # every caller hears of its batch's failure
            outcomes = [failure] * len(batch)
        for waiting, error in zip(batch, outcomes or repeat(None, len(batch)), strict=True):
            if waiting.flushed.done():
                continue
            if error is None:
                waiting.flushed.set_result(None)
            else:
                waiting.flushed.set_exception(error)
                waiting.flushed.exception()  # a caller that has gone must not leave a warning behind
