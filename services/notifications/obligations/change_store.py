"""The SQL of what changed about obligations: the outbox of the obligation.* events, and a person's decisions."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from shared.database.connections import Connection, Pool

# Two replicas take different rows; one that dies gives its rows back. While a restore awaits its replay, what answers
# obligations isn't all there: how they stand is announced when it is.
TAKE_UNPUBLISHED = """
    SELECT change.obligation, change.revision, programme, unit
    FROM notifications.change JOIN notifications.obligation ON obligation.id = change.obligation
    WHERE NOT change.published AND NOT EXISTS (SELECT FROM registry.restore WHERE replayed_at IS NULL)
    ORDER BY change.obligation, change.revision LIMIT $1
    FOR UPDATE OF change SKIP LOCKED
"""
CHANGES = """
    SELECT change.obligation, change.revision, change.change, change.state, change.cycle, change.due_at, change.met_at,
           change.at, programme, report, period, unit, agency, epoch
    FROM notifications.epoch CROSS JOIN unnest($1::bigint[], $2::integer[]) AS taken (obligation, revision)
    JOIN notifications.change ON change.obligation = taken.obligation AND change.revision = taken.revision
    JOIN notifications.obligation ON obligation.id = change.obligation
    ORDER BY change.obligation, change.revision
"""
PUBLISHED = """
    UPDATE notifications.change SET published = true
    FROM unnest($1::bigint[], $2::integer[]) AS done (obligation, revision)
    WHERE change.obligation = done.obligation AND change.revision = done.revision
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
    INSERT INTO notifications.change
           (obligation, revision, change, state, cycle, due_at, met_at, at, by, reason, key, device, to_tell)
    SELECT id, revision, 'reopened', state, cycle, due_at, met_at, $3, $4, $5, $6, $7, true FROM extended
"""
WAIVE = """
    WITH waived AS (
        UPDATE notifications.obligation SET state = 'waived', next_at = NULL, revision = revision + 1
        WHERE id = $1 AND state IN ('open', 'overdue')
        RETURNING *
    )
    INSERT INTO notifications.change
           (obligation, revision, change, state, cycle, due_at, met_at, at, by, reason, key, device, to_tell)
    SELECT id, revision, 'waived', state, cycle, due_at, met_at, $2, $3, $4, $5, $6, true FROM waived
"""
UNPUBLISHED = "SELECT count(*) FROM notifications.change WHERE NOT published"


class ChangeKey(NamedTuple):
    """A change that no event was published for: enough of it to say whose it is where the rest can't be read."""

    obligation: int
    revision: int
    programme: str
    unit: str

    @property
    def name(self) -> str:
        """Its name within this epoch."""
        return f"{self.obligation}.{self.revision}"


class Change(NamedTuple):
    """What happened to an obligation, as its event says. `epoch` is the database's, which each restore raises."""

    obligation: int
    revision: int
    change: str
    state: str
    cycle: int
    due_at: datetime
    met_at: datetime | None
    at: datetime
    programme: str
    report: str
    period: str
    unit: str
    agency: str
    epoch: int = 0

    @property
    def name(self) -> str:
        """Its name within this epoch."""
        return f"{self.obligation}.{self.revision}"


async def take_unpublished(connection: Connection, limit: int) -> list[ChangeKey]:
    """Take changes that no event was published for, locked until the caller's transaction ends."""
    return [ChangeKey(*row) for row in await connection.fetch(TAKE_UNPUBLISHED, limit)]


async def read_changes(connection: Connection, taken: Sequence[ChangeKey]) -> list[Change]:
    """Read these changes. Raises OverflowError where one has a time that Python doesn't know."""
    keys = ((key.obligation, key.revision) for key in taken)
    return [Change(*row) for row in await connection.fetch(CHANGES, *zip(*keys, strict=True))]


async def published(connection: Connection, changes: Sequence[ChangeKey]) -> None:
    """Note these as published."""
    keys = ((key.obligation, key.revision) for key in changes)
    await connection.execute(PUBLISHED, *zip(*keys, strict=True))


async def unpublished(connection: "Connection | Pool") -> int:
    """Count the changes that wait to be published."""
    count: int = await connection.fetchval(UNPUBLISHED)
    return count


async def extend(
    pool: Pool,
    obligation: int,
    due_at: datetime,
    by: str,
    reason: str,
    now: datetime,
    *,
    key: str | None = None,
    device: str | None = None,
) -> bool:
    """Give an unfinished obligation a later deadline and a new cycle; False when there is nothing to extend.

    Kept are who decided and why, by whose key, and on which device of theirs.
    """
    return await pool.execute(EXTEND, obligation, due_at, now, by, reason, key, device) == "INSERT 0 1"


async def waive(
    pool: Pool,
    obligation: int,
    by: str,
    reason: str,
    now: datetime,
    *,
    key: str | None = None,
    device: str | None = None,
) -> bool:
    """Expect an unfinished obligation no more; False when it is finished. Kept is the same."""
    return await pool.execute(WAIVE, obligation, now, by, reason, key, device) == "INSERT 0 1"
