"""What an auditor has read of the journal and has not yet found in the account. Pure: times come from outside.

An entry is judged only after its queue has passed a marker that was sent `sure` after the entry was read: the
marker stands behind it in the queue, and whoever took the entry before has had that time to commit. A backlog of hours
just waits; nothing in it is missing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import IntEnum

from shared.journal.account_store import Position
from shared.journal.reading import Entry

SOON = timedelta(seconds=5)  # a message is applied by then, mostly


class Look(IntEnum):
    """When the account was last asked for an entry: each is asked for three times at most."""

    NEVER = 0
    SOON = 1  # SOON after it was read
    PASSED = 2  # its queue has passed a marker sent after it was read
    JUDGED = 3  # and one sent `sure` after


@dataclass(slots=True)
class Waiting:
    """One entry. `queue` is None where it isn't one of today's: then all of them must have passed it. `before` is the
    entry that was read before it.
    """

    before: Position | None
    offset: int
    message: str
    queue: str | None
    read_at: datetime
    repeats: int
    look: Look = Look.NEVER


class Waitlist:
    """The entries that are not accounted for, in the journal's order. What is settled behind one that waits for long
    takes no room.
    """

    def __init__(self, position: Position | None, sure: timedelta) -> None:
        self._sure = sure
        self._last = position  # the entry that was read last
        self._waiting: dict[str, Waiting] = {}

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def position(self) -> Position | None:
        """The last entry up to which all is accounted for; None: there is none."""
        first = next(iter(self._waiting.values()), None)
        return self._last if first is None else first.before

    def read(self, entry: Entry, queue: str | None, read_at: datetime) -> None:
        """Wait for an entry of ours. One that came before under the same id (published twice) is the same message."""
        if entry.message is not None and entry.message not in self._waiting:
            waiting = Waiting(self._last, entry.offset, entry.message, queue, read_at, entry.repeats)
            self._waiting[entry.message] = waiting
        self.skip(entry)

    def skip(self, entry: Entry) -> None:
        """Pass an entry that is nothing to account for."""
        self._last = Position(entry.offset, entry.message)

    def due(self, now: datetime, passed: Mapping[str, datetime], queues: Collection[str]) -> list[Waiting]:
        """List those for which the account is to be asked now; each is marked with how late that is."""
        everywhere = min(passed[queue] for queue in queues) if queues and all(q in passed for q in queues) else None
        found: list[Waiting] = []
        for waiting in self._waiting.values():
            reached = passed.get(waiting.queue) if waiting.queue else everywhere
            look = self._look(waiting, now, reached)
            if look > waiting.look:
                waiting.look = look
                found.append(waiting)
        return found

    def settle(self, messages: Collection[str]) -> None:
        """Note these as accounted for."""
        for message in messages:
            self._waiting.pop(message, None)

    def missing(self) -> list[Waiting]:
        """List, in the journal's order, those that were judged and are not accounted for."""
        return sorted((it for it in self._waiting.values() if it.look is Look.JUDGED), key=lambda it: it.offset)

    def _look(self, waiting: Waiting, now: datetime, reached: datetime | None) -> Look:
        if reached is not None and reached >= waiting.read_at + self._sure:
            return Look.JUDGED
        if reached is not None and reached >= waiting.read_at:
            return Look.PASSED
        return Look.SOON if now >= waiting.read_at + SOON else Look.NEVER
