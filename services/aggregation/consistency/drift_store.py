"""The SQL of checks of a province against its ledger, and of their corrections."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import NamedTuple

from services.aggregation import store
from services.aggregation.consistency.wild_store import SOUND_TIME
from services.aggregation.contribution import CellKey
from services.aggregation.ledger import LedgerEvent
from services.aggregation.parts import Counters, Parts
from services.aggregation.record_subject import RecordSubject
from services.aggregation.records import Standing, contested
from shared.database.connections import Connection, Pool
from shared.domain.canonical import Identity
from shared.domain.standing import Version
from shared.programme.families import Name

_WIDTH = len(Version._fields)

ONE_CHECK = "SELECT pg_advisory_lock(hashtextextended('kip.check.' || $1::text, 0))"
CHECK_DONE = "SELECT pg_advisory_unlock(hashtextextended('kip.check.' || $1::text, 0))"
COUNT = "SELECT count(*) FROM aggregation.ledger WHERE province = $1"
LEDGER = f"""
    SELECT province, sender, kind, unit, time, source, id, accepted_at, data FROM aggregation.ledger
    WHERE province = $1 AND {SOUND_TIME}
"""  # noqa: S608 - a constant
SINCE = f"{LEDGER} AND batch > $2"
LAST_BATCH = "SELECT coalesce(max(batch), 0)::bigint FROM aggregation.progress WHERE partition = $1"
CELLS = """
    SELECT unit, subject, period, programme, province,
           records, reported, numerator, denominator, people, female, amount, parts
    FROM aggregation.cell WHERE province = $1
"""
# A row for each contender of a contested record, one for any other.
RECORDS = """
    SELECT key, unit, programme, subject, agency, period, state, contested,
           record.revision, record.time, record.source, record.id, record.sender, record.accepted_at, record.alive,
           record.deprecates,
           contender.revision, contender.time, contender.source, contender.id, contender.sender,
           contender.accepted_at, contender.alive, contender.deprecates
    FROM aggregation.record LEFT JOIN aggregation.contender USING (key, province)
    WHERE province = $1 ORDER BY key, contender.id, contender.source, contender.sender
"""
STANDING = "SELECT key, id, source, sender, alive FROM aggregation.record WHERE province = $1 AND key = ANY($2)"
FORGET_RECORDS = "DELETE FROM aggregation.record WHERE province = $1 AND key = ANY($2)"
FORGET_CONTENDERS = "DELETE FROM aggregation.contender WHERE province = $1 AND key = ANY($2)"
FORGET_DRIFT = "DELETE FROM aggregation.drift WHERE province = $1"
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
SHAPES = "SELECT province, fingerprint, names FROM aggregation.shape"
REMEMBER_SHAPE = """
    INSERT INTO aggregation.shape VALUES ($1, $2)
    ON CONFLICT (province) DO UPDATE SET fingerprint = excluded.fingerprint
"""
# Nobody knows yet by which rules the cells of a province without a row are made: its fingerprint is nobody's.
SUSPEND = """
    INSERT INTO aggregation.shape VALUES ($1, '', NULL) ON CONFLICT (province) DO UPDATE SET names = NULL
"""
RESUME = "UPDATE aggregation.shape SET names = $2 WHERE province = $1"
LONGEST_UNCHECKED = """
    SELECT asked.province FROM unnest($1::text[]) AS asked (province)
    LEFT JOIN aggregation.checked ON checked.province = asked.province
    ORDER BY checked_at NULLS FIRST, asked.province LIMIT 1
"""

HAS_RECORDS = """
    SELECT EXISTS (
        SELECT FROM aggregation.record
        WHERE (programme, subject) IN (SELECT * FROM unnest($1::text[], $2::text[]))
    )
"""

CHUNK = 5000
CHECK_SECONDS = 2 * 3600.0  # the nation's largest province is rebuilt in minutes; one waits for another's end


class Record(NamedTuple):
    """A record as it stands, and what it is about."""

    key: str
    unit: str
    subject: RecordSubject
    standing: Standing


class Shape(NamedTuple):
    """By what a province's cells are made: register and rules, and the names of records (None: being made anew)."""

    fingerprint: bytes
    names: str | None


@asynccontextmanager
async def snapshot(
    pool: Pool, province: str, partition: int, renamed_to: str | None = None
) -> AsyncIterator[tuple[Connection, int]]:
    """Open a connection that sees one instant between two batches of the partition; yield it and the last batch seen.

    The partition's writer is held up only for the moment in which the snapshot is taken; but where records stand under
    other names than `renamed_to` (None: whichever they are), the province's batches wait from here until `resume`. One
    check of a province runs at a time.
    """
    async with pool.acquire(limit=CHECK_SECONDS) as connection:
        await connection.execute(ONE_CHECK, province, timeout=3600)
        try:
            async with connection.transaction(isolation="repeatable_read"):
                async with pool.acquire() as other, other.transaction():
                    await store.guard_partition(other, partition)
                    if renamed_to is not None and (await store.names(other, [province]))[province] != renamed_to:
                        await other.execute(SUSPEND, province)
                    batch = await connection.fetchval(LAST_BATCH, partition)
                yield connection, batch
        finally:
            if not connection.is_closed():
                await connection.execute(CHECK_DONE, province)


async def ledger_size(connection: Connection, province: str) -> int:
    """Count the province's events."""
    count: int = await connection.fetchval(COUNT, province)
    return count


async def ledger(connection: Connection, province: str) -> AsyncIterator[list[LedgerEvent]]:
    """Read the province's events in chunks, in the caller's transaction."""
    cursor = await connection.cursor(LEDGER, province)
    while rows := await cursor.fetch(CHUNK):
        yield [LedgerEvent.of(*row) for row in rows]


async def ledger_since(connection: Connection, province: str, batch: int) -> list[LedgerEvent]:
    """Read what came after that batch."""
    return [LedgerEvent.of(*row) for row in await connection.fetch(SINCE, province, batch)]


async def cells(connection: Connection, province: str) -> AsyncIterator[tuple[CellKey, Parts]]:
    """Read every cell of the province."""
    async for unit, subject, period, programme, of, *whole, parts in connection.cursor(CELLS, province, prefetch=CHUNK):
        yield (unit, subject, period, programme, of), store.parts_of(whole, parts)


async def keep_difference(connection: Connection, province: str, difference: Mapping[CellKey, Parts]) -> None:
    """Replace what `drift` says of the province: where its cells differ, for people to look at."""
    await connection.execute(FORGET_DRIFT, province)
    rows = [(*key, by, *sums) for key, parts in difference.items() for by, sums in parts.items()]
    columns = (*store.CELL_KEY, "by", *Counters._fields)
    await connection.copy_records_to_table("drift", schema_name="aggregation", columns=columns, records=rows)


async def standing_records(connection: Connection, province: str) -> AsyncIterator[Record]:
    """Read every record of the province, as it stands."""
    record: Record | None = None
    contending: list[Version] = []
    async for key, unit, programme, subject, agency, period, state, is_contested, *columns in connection.cursor(
        RECORDS, province, prefetch=CHUNK
    ):
        if record is None or record.key != key:
            if record is not None:
                yield _whole(record, contending)
            winner = Version(*columns[:_WIDTH])
            standing = Standing(winner, is_contested, (winner,))
            record = Record(key, unit, RecordSubject(programme, subject, agency, period, state), standing)
            contending = []
        contender = Version(*columns[_WIDTH:])
        if contender.id is not None:  # else it has none, or they were lost
            contending.append(contender)
    if record is not None:
        yield _whole(record, contending)


def _whole(record: Record, contending: Sequence[Version]) -> Record:
    """Give the record its contenders, where it is contested."""
    if not record.standing.contested:
        return record
    return record._replace(standing=contested(record.standing.winner, contending))


async def forget_records(connection: Connection, province: str, keys: Sequence[str]) -> None:
    """Delete these records, for others to take their place."""
    await connection.execute(FORGET_RECORDS, province, keys)
    await connection.execute(FORGET_CONTENDERS, province, keys)


async def standing(connection: Connection, province: str, keys: Sequence[str]) -> dict[str, Identity | None]:
    """Read the live event that each of these records rests on now; None for a withdrawn one."""
    rows = await connection.fetch(STANDING, province, keys)
    return {row["key"]: (row["id"], row["source"], row["sender"], province) if row["alive"] else None for row in rows}


async def alive_twice(connection: Connection, province: str) -> int:
    """Count the activities of the province that are alive in another one too."""
    count: int = await connection.fetchval(TWICE, province, timeout=3600)
    return count


async def remember(
    connection: Connection, province: str, batch: int, events: int, cells: int, records: int, twice: int
) -> None:
    """Write down the outcome of a check."""
    await connection.execute(REMEMBER, province, batch, events, cells, records, twice)


async def drifting(connection: Connection) -> int:
    """Count the cells and records that differ, by the last check of every province."""
    count: int = await connection.fetchval(DRIFTING)
    return count


async def known_shapes(connection: Connection) -> dict[str, Shape]:
    """Read by what each province's cells were made."""
    return {row["province"]: Shape(row["fingerprint"], row["names"]) for row in await connection.fetch(SHAPES)}


async def resume(connection: Connection, province: str, names: str) -> None:
    """Write down, under the guard, under which names all records of the province stand now: its batches go on."""
    await connection.execute(RESUME, province, names)


async def remember_shape(connection: Connection, province: str, fingerprint: bytes) -> None:
    """Write down by which register and rules the province's cells are made now."""
    await connection.execute(REMEMBER_SHAPE, province, fingerprint)


async def has_records(connection: Connection, indicators: Collection[Name]) -> bool:
    """Tell whether there is a record of any of these indicators."""
    slugs = [slug for slug, _ in indicators], [f"indicator:{indicator}" for _, indicator in indicators]
    found: bool = await connection.fetchval(HAS_RECORDS, *slugs, timeout=3600)
    return found


async def longest_unchecked(connection: Connection, provinces: Sequence[str]) -> str | None:
    """Find the province whose last check is the oldest; None without provinces."""
    province: str | None = await connection.fetchval(LONGEST_UNCHECKED, provinces)
    return province
