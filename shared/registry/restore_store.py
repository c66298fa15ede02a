"""The SQL of restores: which one awaits its replay, how far that is, and until when letters may have been sent before.

A restore is noted by `registry.note_restore` (shared/database/migrations/0132_restore.sql), before any service starts.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from shared.database.connections import Connection

# Of several (a backup restored twice) the earliest backup counts, and whatever was begun last.
AWAITED = """
    SELECT min(since) AS since, max(restored_at) AS restored_at FROM registry.restore
    WHERE replayed_at IS NULL HAVING count(*) > 0
"""
UNDER_WAY = """
    SELECT end_offset, end_message::text, done_offset FROM registry.restore
    WHERE replayed_at IS NULL ORDER BY number DESC LIMIT 1
"""
BEGIN = """
    UPDATE registry.restore SET end_offset = $1, end_message = $2, done_offset = NULL WHERE replayed_at IS NULL
"""
ADVANCE = "UPDATE registry.restore SET done_offset = $1 WHERE replayed_at IS NULL"
REPLAYED = "UPDATE registry.restore SET replayed_at = clock_timestamp() WHERE replayed_at IS NULL"
LAST = "SELECT since, restored_at FROM registry.restore ORDER BY number DESC LIMIT 1"
LOST_UNTIL = """
    SELECT max(lost_until) FROM registry.restore WHERE replayed_at > clock_timestamp() - $1::interval
"""
_REPLAY_LOCK = 0x6B69_7003  # one replay at a time
# Only in so long after the replay can a sweep find steps of the lost time for the first time: the longest holidays are
# shorter. What a changed programme asks for later was never sent.
SETTLED_AFTER = timedelta(days=14)


class Lost(NamedTuple):
    """The time that a restore has lost: since the backup, until it was restored. By the machine's clock."""

    since: datetime
    until: datetime


class UnderWay(NamedTuple):
    """How far a replay is: the last entry that it replays (offset and id), and the last that is done (None: none)."""

    end: int
    message: str
    done: int | None


async def awaited(connection: Connection) -> Lost | None:
    """Read what is lost until a replay gives it back; None where no restore awaits one."""
    row = await connection.fetchrow(AWAITED)
    return Lost(*row) if row else None


async def last(connection: Connection) -> Lost | None:
    """Read what the last restore has lost, replayed or not."""
    row = await connection.fetchrow(LAST)
    return Lost(*row) if row else None


async def try_replay_lock(connection: Connection) -> bool:
    """Be the only one who replays for as long as `connection` lasts; False where somebody else does."""
    got: bool = await connection.fetchval("SELECT pg_try_advisory_lock($1)", _REPLAY_LOCK)
    return got


async def under_way(connection: Connection) -> UnderWay | None:
    """Read how far the replay is; None where none was begun."""
    row = await connection.fetchrow(UNDER_WAY)
    return UnderWay(*row) if row and row["end_offset"] is not None else None


async def begin(connection: Connection, end: int, message: str) -> None:
    """Write down the last entry that is replayed."""
    await connection.execute(BEGIN, end, message)


async def advance(connection: Connection, done: int) -> None:
    """Write down that all up to this entry is applied by both services."""
    await connection.execute(ADVANCE, done)


async def replayed(connection: Connection) -> None:
    """Note that what awaited its replay has had it."""
    await connection.execute(REPLAYED)


async def lost_until(connection: Connection) -> datetime | None:
    """Read until when, by the run's clock, what was due may have been sent before a restore; None where no restore is
    so recent that something of it can still be planned.
    """
    until: datetime | None = await connection.fetchval(LOST_UNTIL, SETTLED_AFTER)
    return until
