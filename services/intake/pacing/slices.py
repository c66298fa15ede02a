"""Long work in slices, so that the event loop has its turn in between."""

import asyncio
from collections.abc import Callable
from typing import ParamSpec, TypeVar

SMALL = 512 * 1024  # bytes of a body that is worked on at once: some 25 ms
_OF_AN_ITEM = 200  # bytes of a body that are as much work as what one item of it is made into
_ITEMS = 100
_BYTES = 64 * 1024  # of events that are judged: at most 25 ms, those of long texts included
_Result = TypeVar("_Result")
_Arguments = ParamSpec("_Arguments")


class Pause:
    """Lets others have the event loop whenever enough was done."""

    def __init__(self) -> None:
        self._items = 0
        self._bytes = 0

    async def after(self, size: int = 0) -> None:
        """Count one more item of so many bytes, and give way when enough was done."""
        self._items += 1
        self._bytes += size
        if self._items >= _ITEMS or self._bytes >= _BYTES:
            self._items = self._bytes = 0
            await asyncio.sleep(0)


def work(size: int, items: int) -> int:
    """Weigh how much a body of so many bytes is to do, in bytes: a short one may stand for very many items."""
    return max(size, items * _OF_AN_ITEM)


async def aside(
    size: int, doing: Callable[_Arguments, _Result], *arguments: _Arguments.args, **named: _Arguments.kwargs
) -> _Result:
    """Do the work and return its result; on a body that isn't small in a thread, beside the event loop."""
    if size <= SMALL:
        return doing(*arguments, **named)
    return await asyncio.to_thread(doing, *arguments, **named)
