"""Isolate what fails from the rest: one bad row, unit, officer or programme stops nobody else.

For rows of our own, which stay where they are and can be taken up again: one failure is enough to pass one over. An
accepted event has nowhere else to be, so it takes a proof (`shared/runtime/isolation.py`).
"""

import re
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from shared.database.connections import DATABASE_REFUSES, Connection, data_fault
from shared.runtime.faults import told

LONGEST_REASON = 500
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Aside:
    """One thing that goes aside: what kind, which one, whose, and why."""

    kind: str
    subject: str
    programme: str
    unit: str
    reason: str


@dataclass(slots=True)
class Asides:
    """What went aside in one go."""

    found: list[Aside] = field(default_factory=list)

    def add(self, kind: str, subject: object, programme: str, unit: str, error: Exception) -> None:
        """Put one aside."""
        self.found.append(Aside(kind, str(subject), storable(programme), storable(unit), reason_of(error)))

    def subjects(self, kind: str) -> frozenset[str]:
        """List which ones of a kind went aside."""
        return frozenset(item.subject for item in self.found if item.kind == kind)

    @contextmanager
    def unless_sound(self, kind: str, subject: object, programme: str = "", unit: str = "") -> Iterator[None]:
        """Put this one aside if the block raises what can only be its own fault."""
        try:
            yield
        except Exception as error:
            if not is_of_the_data(error):
                raise
            self.add(kind, subject, programme, unit, error)


def is_of_the_data(error: Exception) -> bool:
    """Tell whether an error speaks of the data that was worked on, and not of a database that is not well."""
    return data_fault(error) is not None or not isinstance(error, DATABASE_REFUSES)


async def apart(
    items: Sequence[Item],
    work: Callable[[Sequence[Item]], Awaitable[Result]],
    fails: Callable[[Item, Exception], None],
) -> list[Result]:
    """Do `work` with all items; where it raises because of the data, with each half. `fails` gets what raises alone.

    `work` must leave nothing behind when it raises. One bad item among n costs three times the work, once.
    """
    if not items:
        return []
    try:
        return [await work(items)]
    except Exception as error:
        if not is_of_the_data(error):
            raise
        if len(items) == 1:
            fails(items[0], error)
            return []
    middle = len(items) // 2
    return [*await apart(items[:middle], work, fails), *await apart(items[middle:], work, fails)]


async def saved(connection: Connection, work: Callable[[], Awaitable[Result]]) -> Result:
    """Do `work` so that it leaves nothing behind when it raises, within a transaction or without one."""
    async with connection.transaction():
        return await work()


def reason_of(error: BaseException) -> str:
    """Describe an error in words that can be stored."""
    return storable(told(error))


def storable(text: str) -> str:
    """Make a text one that PostgreSQL can keep and a terminal shows: without control characters but the ends of lines,
    and without lone surrogates, 500 characters at most.
    """
    return _CONTROL.sub("\ufffd", text[:LONGEST_REASON]).encode("utf-8", "replace").decode("utf-8")


__all__ = ["Aside", "Asides", "apart", "is_of_the_data", "reason_of", "saved", "storable"]
