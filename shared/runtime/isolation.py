"""Finds, in a batch that was refused, what is bad of itself: only that is put aside, and all else waits.

An item is proven bad when it is refused alone, by the same fault of its data, at a moment at which a known-good item of
its kind is taken. A refusal of any other sort says nothing about the item.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Generic, TypeVar

from shared.database.connections import Connection, data_fault
from shared.runtime.faults import told

Item = TypeVar("Item")
# What reading or using an ill-formed event raises in Python.
_MISSHAPEN = (KeyError, TypeError, ValueError, AttributeError, OverflowError)


@dataclass(frozen=True, slots=True)
class Isolated(Generic[Item]):
    """A batch's parts: what may be tried again together, and each bad item with the reason."""

    sound: Sequence[Item]
    bad: Sequence[tuple[Item, str]]


def fault_of_data(error: BaseException) -> str | None:
    """Return by what fault of data something was refused (an SQLSTATE, or a Python error's name); None for anything
    else.
    """
    return data_fault(error) or (type(error).__name__ if isinstance(error, _MISSHAPEN) else None)


async def isolate(
    items: Sequence[Item], attempt: Callable[[Sequence[Item]], Awaitable[None]], known_good: Callable[[Item], Item]
) -> Isolated[Item]:
    """Separate the items of a refused batch into those that may be tried again and those that are bad of themselves.

    `attempt` applies items on trial and undoes it, raising what refuses them; `known_good` gives a good item of the
    same kind. Raises what says nothing about an item, a refusal of the known-good one included. By halves: one bad item
    of 2,000 costs some twenty trials.
    """
    try:
        await attempt(items)
    except Exception as error:
        if fault_of_data(error) is None:
            raise
        if len(items) == 1:
            await _prove(items[0], error, attempt, known_good)
            return Isolated([], [(items[0], reason(error))])
    else:
        return Isolated(items, [])
    middle = len(items) // 2
    left = await isolate(items[:middle], attempt, known_good)
    right = await isolate(items[middle:], attempt, known_good)
    return Isolated([*left.sound, *right.sound], [*left.bad, *right.bad])


@asynccontextmanager
async def on_trial(connection: Connection) -> AsyncIterator[None]:
    """Open a transaction of which nothing stays, however it ends."""
    trial = connection.transaction()
    await trial.start()
    try:
        yield
    finally:
        await trial.rollback()


async def _prove(
    item: Item,
    refused: Exception,
    attempt: Callable[[Sequence[Item]], Awaitable[None]],
    known_good: Callable[[Item], Item],
) -> None:
    """Raise unless the item is refused once more by the same fault, right after a known-good one was taken."""
    await attempt([known_good(item)])
    try:
        await attempt([item])
    except Exception as error:
        if fault_of_data(error) != fault_of_data(refused):
            raise
    else:
        raise refused


def reason(error: Exception) -> str:
    """Say why an item can't be applied, for the person who looks at it."""
    return f"can't be applied: {told(error)}"
