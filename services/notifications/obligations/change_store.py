"""The SQL of what changed about obligations: the outbox of the obligation.* events, and each one's history."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from shared.database.connections import Connection, Pool

# Two replicas take different rows; one that dies gives its rows back.
TAKE_UNPUBLISHED = """
    SELECT change.obligation, change.revision, programme, unit
    FROM notifications.change JOIN notifications.obligation ON obligation.id = change.obligation
    WHERE NOT change.published
    ORDER BY change.obligation, change.revision LIMIT $1
    FOR UPDATE OF change SKIP LOCKED
"""
CHANGES = """
    SELECT change.obligation, change.revision, change.change, change.state, change.cycle, change.due_at, change.met_at,
           change.at, programme, report, period, unit, agency
    FROM unnest($1::bigint[], $2::integer[]) AS taken (obligation, revision)
    JOIN notifications.change ON change.obligation = taken.obligation AND change.revision = taken.revision
    JOIN notifications.obligation ON obligation.id = change.obligation
    ORDER BY change.obligation, change.revision
"""
PUBLISHED = """
    UPDATE notifications.change SET published = true
    FROM unnest($1::bigint[], $2::integer[]) AS done (obligation, revision)
    WHERE change.obligation = done.obligation AND change.revision = done.revision
"""
OBLIGATION = "SELECT * FROM notifications.obligation WHERE id = $1"
HISTORY = """
    SELECT revision, change, state, cycle, due_at, met_at, at, by, reason
    FROM notifications.change WHERE obligation = $1 ORDER BY revision
"""
# Both lose quietly against a report that came meanwhile: what is met needs neither. An extension begins a new cycle.
EXTEND = """
    WITH extended AS (
        UPDATE notifications.obligation SET
            state = 'open', due_at = $2, shifted_because = NULL, extended = true, cycle = cycle + 1,
            reopened_at = NULL, next_at = $3, revision = revision + 1
        WHERE id = $1 AND state IN ('open', 'overdue') AND due_at < $2
        RETURNING *
    )
    INSERT INTO notifications.change (obligation, revision, change, state, cycle, due_at, met_at, at, by, reason)
    SELECT id, revision, 'reopened', state, cycle, due_at, met_at, $3, $4, $5 FROM extended
"""
WAIVE = """
    WITH waived AS (
        UPDATE notifications.obligation SET state = 'waived', next_at = NULL, revision = revision + 1
        WHERE id = $1 AND state IN ('open', 'overdue')
        RETURNING *
    )
    INSERT INTO notifications.change (obligation, revision, change, state, cycle, due_at, met_at, at, by, reason)
    SELECT id, revision, 'waived', state, cycle, due_at, met_at, $2, $3, $4 FROM waived
"""
UNPUBLISHED = "SELECT count(*) FROM notifications.change WHERE NOT published"


async def take_unpublished(connection: Connection, limit: int) -> list[Any]:
    """Which changes no event was published for, locked until the caller's transaction ends."""
    return list(await connection.fetch(TAKE_UNPUBLISHED, limit))


async def read_changes(connection: Connection, taken: Sequence[Any]) -> list[Any]:
    """What these changes were."""
    keys = [(row["obligation"], row["revision"]) for row in taken]
    return list(await connection.fetch(CHANGES, *zip(*keys, strict=True)))


async def published(connection: Connection, changes: Sequence[tuple[int, int]]) -> None:
    """Note (obligation, revision) as published."""
    await connection.execute(PUBLISHED, *zip(*changes, strict=True))


async def unpublished(connection: "Connection | Pool") -> int:
    """How many changes wait to be published."""
    count: int = await connection.fetchval(UNPUBLISHED)
    return count


async def find_obligation(pool: Pool, obligation: int) -> Any | None:
    """One obligation's row."""
    return await pool.fetchrow(OBLIGATION, obligation)


async def history(pool: Pool, obligation: int) -> list[Any]:
    """All that happened to an obligation, oldest first."""
    return list(await pool.fetch(HISTORY, obligation))


async def extend(pool: Pool, obligation: int, due_at: datetime, by: str, reason: str, now: datetime) -> bool:
    """Give an unfinished obligation a later deadline and a new cycle; False when there is nothing to extend."""
    return await pool.execute(EXTEND, obligation, due_at, now, by, reason) == "INSERT 0 1"


async def waive(pool: Pool, obligation: int, by: str, reason: str, now: datetime) -> bool:
    """Expect an unfinished obligation no more; False when it is finished."""
    return await pool.execute(WAIVE, obligation, now, by, reason) == "INSERT 0 1"
