"""The SQL of a table of dead events: those that a service could not take, each with its reason, wait for a person."""

from datetime import datetime
from typing import NamedTuple

from shared.database.connections import Connection


class WaitingEvent(NamedTuple):
    """A dead event that waits; `unit`, `id` and `sender` are what it says of itself."""

    number: int
    kind: str
    reason: str
    died_at: datetime
    unit: str | None
    id: str | None
    sender: str | None


class ShownEvent(NamedTuple):
    """A dead event, whole (JSON)."""

    number: int
    kind: str
    reason: str
    event: str
    died_at: datetime
    state: str
    settled_at: datetime | None


class DeadStore:
    """Reads and settles the dead events of one table (`aggregation.dead`), which is named in the code alone."""

    def __init__(self, table: str) -> None:
        self._count = f"SELECT count(*) FROM {table} WHERE state = 'waiting'"  # noqa: S608
        self._list = f"""
            SELECT number, kind, reason, died_at, event->>'subject' AS unit, event->>'id' AS id,
                   event->>'sender' AS sender
            FROM {table} WHERE state = 'waiting' ORDER BY number LIMIT $1
        """  # noqa: S608
        self._show = f"""
            SELECT number, kind, reason, event, died_at, state, settled_at FROM {table} WHERE number = $1
        """  # noqa: S608
        self._numbers = f"SELECT number FROM {table} WHERE state = 'waiting' ORDER BY number"  # noqa: S608
        # Compare and set: of two that settle the same event, one does.
        self._settle = f"""
            UPDATE {table} SET state = $2, settled_at = $3 WHERE number = $1 AND state = 'waiting' RETURNING event
        """  # noqa: S608

    async def waiting(self, connection: Connection) -> int:
        """Count those that wait for a person."""
        count: int = await connection.fetchval(self._count)
        return count

    async def list_waiting(self, connection: Connection, limit: int) -> list[WaitingEvent]:
        """Read those that wait, oldest first."""
        return [WaitingEvent(*row) for row in await connection.fetch(self._list, limit)]

    async def numbers(self, connection: Connection) -> list[int]:
        """Read the numbers of those that wait."""
        return [row["number"] for row in await connection.fetch(self._numbers)]

    async def show(self, connection: Connection, number: int) -> ShownEvent | None:
        """Read one, with its whole event."""
        row = await connection.fetchrow(self._show, number)
        return ShownEvent(*row) if row else None

    async def settle(self, connection: Connection, number: int, state: str, now: datetime) -> str | None:
        """Mark a waiting event `replayed` or `dropped`; return its JSON, or None where it doesn't wait any more."""
        event: str | None = await connection.fetchval(self._settle, number, state, now)
        return event
