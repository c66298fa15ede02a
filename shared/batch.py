"""Collects items from many callers into batches, and gives each caller its batch's outcome."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item")


class Batcher(Generic[Item]):
    """Flushes when `limit` weight is waiting or `linger` seconds have passed since the first item, one flush at a time.

    While a flush runs the next batch fills, so under load batches grow by themselves and nobody waits for the linger. A
    caller that is cancelled does not take its item out: the flush goes on.
    """

    def __init__(
        self,
        flush: Callable[[Sequence[Item]], Awaitable[None]],
        *,
        limit: int,
        linger: float,
        weight: Callable[[Item], int] = lambda _: 1,
    ) -> None:
        self._flush = flush
        self._limit = limit
        self._linger = linger
        self._weight = weight
        self._waiting: list[tuple[Item, asyncio.Future[None]]] = []
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
        """Wait until the item's batch is flushed. Raises what the flush raised."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, future))
        self._waiting_weight += self._weight(item)
        self._arrived.set()
        if self._waiting_weight >= self._limit:
            self._full.set()
        await asyncio.shield(future)

    async def _run(self) -> None:
        while True:
            await self._arrived.wait()
            if not self._waiting:
                return
            if self._linger and not self._full.is_set():
                try:
                    async with asyncio.timeout(self._linger):
                        await self._full.wait()
                except TimeoutError:
                    pass
            await self._flush_one(self._take())

    def _take(self) -> list[tuple[Item, asyncio.Future[None]]]:
        count, weight = 0, 0
        for item, _ in self._waiting:
            if count and weight + self._weight(item) > self._limit:
                break
            count += 1
            weight += self._weight(item)
        batch, self._waiting = self._waiting[:count], self._waiting[count:]
        self._waiting_weight -= weight
        if not self._closing:
            if not self._waiting:
                self._arrived.clear()
            if self._waiting_weight < self._limit:
                self._full.clear()
        return batch

    async def _flush_one(self, batch: list[tuple[Item, asyncio.Future[None]]]) -> None:
        try:
            await self._flush([item for item, _ in batch])
        except Exception as error:  # every caller hears of its batch's failure
            for _, future in batch:
                if not future.done():
                    future.set_exception(error)
                    future.exception()  # a caller that has gone must not leave a warning behind
        else:
            for _, future in batch:
                if not future.done():
                    future.set_result(None)
