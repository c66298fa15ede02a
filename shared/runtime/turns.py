"""Turns for heavy work: so much of it at once, and of one sender one piece after the other."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from weakref import WeakValueDictionary

from shared.runtime.gc_tuning import give_back


class BusyError(Exception):
    """No turn has come in time: to be tried again later."""


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
        """Hold the sender's turn for as long as the block lasts. Raises BusyError if it doesn't come soon."""
        if not needed:
            yield
            return
        async with AsyncExitStack() as held:
            try:
                async with asyncio.timeout(self._patience):
                    await held.enter_async_context(self._own.of(sender))
                    await held.enter_async_context(self._free)
            except TimeoutError:
                raise BusyError from None
            held.callback(give_back)
            yield
