"""The SQL of `kip doctor`: it only reads."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta

import asyncpg

from shared.database.connections import Connection

SETTINGS = "SELECT name, setting FROM pg_settings WHERE name = ANY ($1)"
LOADED = """
    SELECT name, loaded_at, now() - loaded_at AS age FROM registry.loaded
    WHERE name = 'units' OR name LIKE 'programme %' ORDER BY name
"""
SOURCES = "SELECT count(*) FROM registry.source"
UNITS = """
    SELECT count(*) FROM registry.unit
    WHERE (valid_from IS NULL OR valid_from <= $1) AND (valid_to IS NULL OR valid_to >= $1)
"""
PARTITIONS = "SELECT coalesce(max(partition) + 1, 0) FROM registry.partition"
WAITING_MESSAGES = """
    SELECT count(*) AS waiting, max(now() - created_at) AS oldest
    FROM notifications.message WHERE state NOT IN ('sent', 'failed', 'cancelled', 'uncertain')
"""
ADDRESSES = """
    SELECT DISTINCT split_part(address, ':', 1) AS kind, substr(address, strpos(address, ':') + 1) AS address
    FROM registry.officer, unnest(channels) AS address
    WHERE split_part(address, ':', 1) = ANY ($1::text[]) ORDER BY 1, 2
"""
# Tables whose rows wait for somebody, and how to count them.
REMAINS = {
    "aggregation.dead": "SELECT count(*) FROM aggregation.dead WHERE state = 'waiting'",
    "notifications.aside": "SELECT count(*) FROM notifications.aside WHERE state = 'waiting'",
    "aggregation.drift": "SELECT count(*) FROM aggregation.drift",
    "aggregation.conflict": "SELECT count(*) FROM aggregation.conflict",
    "intake.spool": "SELECT coalesce(sum(events), 0) FROM intake.spool",
}
AUDITS = """
    SELECT 'aggregation' AS service, looked_at FROM aggregation.audit UNION ALL
    SELECT 'notifications', looked_at FROM notifications.audit ORDER BY 1
"""
UNACCOUNTED = """
    SELECT 'aggregation' AS service, outcome, count(*) FROM aggregation.applied_message
    WHERE outcome IN ('republished', 'lost', 'given_up') GROUP BY outcome UNION ALL
    SELECT 'notifications', outcome, count(*) FROM notifications.applied_message
    WHERE outcome IN ('republished', 'lost', 'given_up') GROUP BY outcome
"""
HAS_TABLE = "SELECT to_regclass($1) IS NOT NULL"


async def server_version(connection: Connection) -> tuple[int, str]:
    """Read the server's version as a number (180006) and as it is written."""
    return int(await connection.fetchval("SHOW server_version_num")), await connection.fetchval("SHOW server_version")


async def settings(connection: Connection, names: Sequence[str]) -> dict[str, str]:
    """Read these settings of the server."""
    return {row["name"]: row["setting"] for row in await connection.fetch(SETTINGS, names)}


async def server_time(connection: Connection) -> datetime:
    """Read the server's clock."""
    now: datetime = await connection.fetchval("SELECT clock_timestamp()")
    return now


async def applied_migrations(connection: Connection) -> dict[str, str] | None:
    """Read the digest of each applied migration by its file's name; None where none was ever applied."""
    if not await connection.fetchval(HAS_TABLE, "public.kip_migration"):
        return None
    return {row["name"]: row["digest"] for row in await connection.fetch("SELECT * FROM public.kip_migration")}


async def loaded(connection: Connection) -> list[asyncpg.Record]:
    """Read what was loaded: name, when, how long ago."""
    return list(await connection.fetch(LOADED))


async def audits(connection: Connection) -> dict[str, datetime | None]:
    """Read when the auditor of each service last was at the journal's end; None where it never was."""
    return {row["service"]: row["looked_at"] for row in await connection.fetch(AUDITS)}


async def unaccounted(connection: Connection) -> dict[tuple[str, str], int]:
    """Count the messages that got lost, by service and what became of them, for as long as the account has them."""
    rows = await connection.fetch(UNACCOUNTED)
    return {(row["service"], row["outcome"]): row["count"] for row in rows}


async def count_units(connection: Connection, on: date) -> int:
    """Count the units in force on that day."""
    count: int = await connection.fetchval(UNITS, on)
    return count


async def count_sources(connection: Connection) -> int:
    """Count the registered senders."""
    count: int = await connection.fetchval(SOURCES)
    return count


async def partitions(connection: Connection) -> int:
    """Read how many partitions the map was made for."""
    count: int = await connection.fetchval(PARTITIONS)
    return count


async def count_remains(connection: Connection, table: str) -> int | None:
    """Count the rows of a table of REMAINS that wait for somebody; None where there is no such table."""
    if not await connection.fetchval(HAS_TABLE, table):
        return None
    count: int = await connection.fetchval(REMAINS[table])
    return count


async def waiting_messages(connection: Connection) -> tuple[int, timedelta | None]:
    """Count the messages on their way, and read how long the oldest has been."""
    row = await connection.fetchrow(WAITING_MESSAGES)
    return (row["waiting"], row["oldest"]) if row is not None else (0, None)


async def addresses(connection: Connection, kinds: Sequence[str]) -> list[asyncpg.Record]:
    """Read officers' addresses of these kinds: kind, address, each once."""
    return list(await connection.fetch(ADDRESSES, kinds))
