"""The SQL of checks and corrections."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import asyncpg

from services.aggregation import store
from services.aggregation.contribution import Delta
from services.aggregation.ledger import Identity
from shared.db import Connection, Pool

ONE_CHECK = "SELECT pg_advisory_lock(hashtextextended('kip.check.' || $1::text, 0))"
CHECK_DONE = "SELECT pg_advisory_unlock(hashtextextended('kip.check.' || $1::text, 0))"
LAST_BATCH = "SELECT coalesce(max(batch), 0)::bigint FROM aggregation.progress WHERE partition = $1"
_COUNTERS = (
    "records bigint, reported bigint, numerator bigint, denominator bigint, people bigint, female bigint, amount bigint"
)
EXPECT = """
    CREATE TEMP TABLE expected_leaf (ladder integer, subject text COLLATE "C", period text COLLATE "C",
        by text COLLATE "C", programme text COLLATE "C", province text COLLATE "C",
        records bigint, reported bigint, numerator bigint, denominator bigint, people bigint, female bigint,
        amount bigint) ON COMMIT DROP;
    CREATE TEMP TABLE expected_step (ladder integer, unit text COLLATE "C") ON COMMIT DROP;
"""
COMPARE = """
    WITH expected AS (
        SELECT step.unit, subject, period, by, programme, province,
               sum(records)::bigint AS records, sum(reported)::bigint AS reported, sum(numerator)::bigint AS numerator,
               sum(denominator)::bigint AS denominator, sum(people)::bigint AS people, sum(female)::bigint AS female,
               sum(amount)::bigint AS amount
        FROM expected_leaf JOIN expected_step AS step USING (ladder)
        GROUP BY step.unit, subject, period, by, programme, province
    ), standing AS (
        SELECT * FROM aggregation.cell WHERE province = $1
    ), difference AS (
        SELECT coalesce(expected.records, 0)     - coalesce(standing.records, 0)     AS records,
               coalesce(expected.reported, 0)    - coalesce(standing.reported, 0)    AS reported,
               coalesce(expected.numerator, 0)   - coalesce(standing.numerator, 0)   AS numerator,
               coalesce(expected.denominator, 0) - coalesce(standing.denominator, 0) AS denominator,
               coalesce(expected.people, 0)      - coalesce(standing.people, 0)      AS people,
               coalesce(expected.female, 0)      - coalesce(standing.female, 0)      AS female,
               coalesce(expected.amount, 0)      - coalesce(standing.amount, 0)      AS amount,
               unit, subject, period, by, programme, province
        FROM expected FULL JOIN standing USING (unit, subject, period, by, programme, province)
    )
    INSERT INTO aggregation.drift
    SELECT * FROM difference
    WHERE (records, reported, numerator, denominator, people, female, amount) <> (0, 0, 0, 0, 0, 0, 0)
"""
RECORDS = """
    SELECT key, revision, time, source, id, sender, alive, programme, subject, unit, agency, period, state
    FROM aggregation.record WHERE province = $1
"""
STANDING = "SELECT key, id, source, sender, alive FROM aggregation.record WHERE province = $1 AND key = ANY($2)"
FORGET_RECORDS = "DELETE FROM aggregation.record WHERE province = $1 AND key = ANY($2)"
CORRECT_CELLS = """
    INSERT INTO aggregation.cell AS cell
    SELECT * FROM aggregation.drift WHERE province = $1 ORDER BY unit, subject, period, by, programme, province
    ON CONFLICT (unit, subject, period, by, programme, province) DO UPDATE SET
        records     = cell.records     + excluded.records,
        reported    = cell.reported    + excluded.reported,
        numerator   = cell.numerator   + excluded.numerator,
        denominator = cell.denominator + excluded.denominator,
        people      = cell.people      + excluded.people,
        female      = cell.female      + excluded.female,
        amount      = cell.amount      + excluded.amount
"""
# An activity moved to another province is a withdrawal there and a new record here: alive in both it counts twice.
TWICE = """
    SELECT count(*) FROM aggregation.record AS here JOIN aggregation.record AS there USING (key)
    WHERE here.province = $1 AND there.province <> $1 AND here.alive AND there.alive AND key LIKE 'activity:%'
"""
# By the database's clock: it orders the checks of services with a simulated clock and of commands without one.
REMEMBER = """
    INSERT INTO aggregation.checked VALUES ($1, clock_timestamp(), $2, $3, $4, $5, $6)
    ON CONFLICT (province) DO UPDATE SET checked_at = excluded.checked_at, batch = excluded.batch,
        events = excluded.events, cells = excluded.cells, records = excluded.records, twice = excluded.twice
"""
DRIFTING = "SELECT coalesce(sum(cells + records), 0)::bigint FROM aggregation.checked"
EXAMPLES = """
    SELECT unit, subject, period, by, records, reported, numerator, denominator, people, female, amount
    FROM aggregation.drift WHERE province = $1 ORDER BY unit, subject, period, by LIMIT $2
"""
SHAPES = "SELECT province, fingerprint FROM aggregation.shape"
REMEMBER_SHAPE = """
    INSERT INTO aggregation.shape VALUES ($1, $2)
    ON CONFLICT (province) DO UPDATE SET fingerprint = excluded.fingerprint
"""
LONGEST_UNCHECKED = """
    SELECT asked.province FROM unnest($1::text[]) AS asked (province)
    LEFT JOIN aggregation.checked ON checked.province = asked.province
    ORDER BY checked_at NULLS FIRST, asked.province LIMIT 1
"""


@asynccontextmanager
async def snapshot(pool: Pool, province: str, partition: int) -> AsyncIterator[tuple[Connection, int]]:
    """A connection that sees one instant between two batches of the partition, and the last batch that it sees.

    The partition's writer is held up only for the moment in which the snapshot is taken. One check of a province runs
    at a time.
    """
    async with pool.acquire() as connection:
        await connection.execute(ONE_CHECK, province, timeout=3600)
        try:
            async with connection.transaction(isolation="repeatable_read"):
                async with pool.acquire() as other, other.transaction():
                    await store.guard_partition(other, partition)
                    batch = await connection.fetchval(LAST_BATCH, partition)
                yield connection, batch
        finally:
            if not connection.is_closed():
                await connection.execute(CHECK_DONE, province)


async def compare(connection: Connection, province: str, delta: Delta) -> int:
    """Write down where the province's cells differ from `delta`; return in how many places."""
    await connection.execute(EXPECT)
    rows = ((*key, *sums) for key, sums in delta.rows())
    await connection.copy_records_to_table("expected_leaf", records=rows, timeout=3600)
    steps = [(number, uid) for uids, number in delta.ladders.items() for uid in uids]
    await connection.copy_records_to_table("expected_step", records=steps)
    await connection.execute("ANALYZE expected_leaf, expected_step")
    await connection.execute("DELETE FROM aggregation.drift WHERE province = $1", province)
    status = await connection.execute(COMPARE, province, timeout=3600)
    return int(status.rpartition(" ")[2])


async def standing_records(connection: Connection, province: str) -> AsyncIterator[asyncpg.Record]:
    """Every record of the province, as it stands."""
    async for row in connection.cursor(RECORDS, province, prefetch=5000):
        yield row


async def standing(connection: Connection, province: str, keys: Sequence[str]) -> dict[str, Identity | None]:
    """The live event that each of these records rests on now; None for a withdrawn one."""
    rows = await connection.fetch(STANDING, province, keys)
    return {row["key"]: (row["id"], row["source"], row["sender"], province) if row["alive"] else None for row in rows}


async def correct_cells(connection: Connection, province: str) -> None:
    """Add what the last check found missing. Deltas commute: live traffic since then changes nothing about that."""
    await connection.execute(CORRECT_CELLS, province, timeout=3600)
    await connection.execute("DELETE FROM aggregation.drift WHERE province = $1", province)


async def alive_twice(connection: Connection, province: str) -> int:
    """How many activities of the province are alive in another one too."""
    count: int = await connection.fetchval(TWICE, province, timeout=3600)
    return count


async def remember(
    connection: Connection, province: str, batch: int, events: int, cells: int, records: int, twice: int
) -> None:
    """Keep the outcome of a check."""
    await connection.execute(REMEMBER, province, batch, events, cells, records, twice)


async def drifting(connection: Connection) -> int:
    """How many cells and records differ, by the last check of every province."""
    count: int = await connection.fetchval(DRIFTING)
    return count


async def examples(connection: Connection, province: str, limit: int) -> list[asyncpg.Record]:
    """Some of the cells that differ, with the difference: right less standing."""
    return list(await connection.fetch(EXAMPLES, province, limit))


async def known_shapes(connection: Connection) -> dict[str, bytes]:
    """By which register and rules each province's cells were made."""
    return {row["province"]: row["fingerprint"] for row in await connection.fetch(SHAPES)}


async def remember_shape(connection: Connection, province: str, fingerprint: bytes) -> None:
    """Note by which register and rules the province's cells are made now."""
    await connection.execute(REMEMBER_SHAPE, province, fingerprint)


async def longest_unchecked(connection: Connection, provinces: Sequence[str]) -> str | None:
    """The province whose last check is the oldest; None without provinces."""
    province: str | None = await connection.fetchval(LONGEST_UNCHECKED, provinces)
    return province
