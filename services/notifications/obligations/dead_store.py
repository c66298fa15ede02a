"""The SQL of the table `dead_event`: events that could not be taken and wait for a person."""

from collections.abc import Sequence
from datetime import datetime

import asyncpg

from shared.database.connections import Connection

BURY = """
    INSERT INTO notifications.dead_event (reason, kind, event, died_at)
    SELECT reason, kind, event, $4 FROM unnest($1::text[], $2::text[], $3::json[]) AS dead (reason, kind, event)
"""
WAITING = "SELECT count(*) FROM notifications.dead_event WHERE state = 'waiting'"
LIST = """
    SELECT number, kind, reason, died_at, event->>'subject' AS unit, event->>'id' AS id, event->>'sender' AS sender
    FROM notifications.dead_event WHERE state = 'waiting' ORDER BY number LIMIT $1
"""
SHOW = """
    SELECT number, kind, reason, event, died_at, state, settled_at FROM notifications.dead_event WHERE number = $1
"""
NUMBERS = "SELECT number FROM notifications.dead_event WHERE state = 'waiting' ORDER BY number"
# Compare and set: of two that settle the same event, one does.
SETTLE = """
    UPDATE notifications.dead_event SET state = $2, settled_at = $3
    WHERE number = $1 AND state = 'waiting' RETURNING event
"""


async def bury(connection: Connection, dead: Sequence[tuple[str, str, str]], now: datetime) -> None:
    """Put events aside, each as (reason, kind, JSON), in the caller's transaction."""
    await connection.execute(BURY, *zip(*dead, strict=True), now)


async def waiting(connection: Connection) -> int:
    """How many wait for a person."""
    count: int = await connection.fetchval(WAITING)
    return count


async def list_waiting(connection: Connection, limit: int) -> Sequence[asyncpg.Record]:
    """Those that wait, oldest first."""
    return list(await connection.fetch(LIST, limit))


async def numbers(connection: Connection) -> list[int]:
    """The numbers of those that wait."""
    return [row["number"] for row in await connection.fetch(NUMBERS)]


async def show(connection: Connection, number: int) -> asyncpg.Record | None:
    """One, with its whole event."""
    return await connection.fetchrow(SHOW, number)


async def settle(connection: Connection, number: int, state: str, now: datetime) -> str | None:
    """Mark a waiting event `replayed` or `dropped`; its JSON, or None where it doesn't wait any more."""
    event: str | None = await connection.fetchval(SETTLE, number, state, now)
    return event
