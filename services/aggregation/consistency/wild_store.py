"""Events of the ledger whose time no door takes: how they are found, passed over, and moved to the table `dead`.

They were accepted before doors had bounds. Nothing counts them, and what rests on them is put right by a rebuild.
"""

import asyncpg
from pydantic_core import from_json, to_json

from services.aggregation import store
from shared.database.connections import Connection, Pool
from shared.domain.canonical import envelope
from shared.values.scalars import END_OF_TIME, FIRST_INSTANT

# As the partial index `ledger_wild` has it.
SOUND_TIME = f"(time >= '{FIRST_INSTANT:%Y-%m-%d %H:%M:%S}+00' AND time < '{END_OF_TIME:%Y-%m-%d %H:%M:%S}+00')"
WILD_TIME = f"(time < '{FIRST_INSTANT:%Y-%m-%d %H:%M:%S}+00' OR time >= '{END_OF_TIME:%Y-%m-%d %H:%M:%S}+00')"
REASON = f"accepted, not counted: its time lies outside the years {FIRST_INSTANT.year} to {END_OF_TIME.year - 1}"
LISTED = f"""
    SELECT count(*) OVER () AS count, sender, source, id, time::text FROM aggregation.ledger WHERE {WILD_TIME}
    ORDER BY accepted_at, source, id LIMIT $1
"""  # noqa: S608 - constants
# Of those that the check has seen: what came since would still stand in records.
TAKE_OUT = f"""
    DELETE FROM aggregation.ledger WHERE province = $1 AND batch <= $2 AND {WILD_TIME}
    RETURNING province, sender, source, id, kind, unit, time::text, accepted_at, data
"""  # noqa: S608 - constants
NOW = "SELECT clock_timestamp()"  # a check's own clock, as when it remembers its outcome


async def listed(connection: Connection, limit: int) -> tuple[int, list[str]]:
    """How many there are, and the first of them as `sender source id, time`."""
    rows = await connection.fetch(LISTED, limit)
    names = [f"{row['sender']} {row['source']} {row['id']}, {row['time']}" for row in rows]
    return (rows[0]["count"] if rows else 0), names


async def move_to_dead(pool: Pool, province: str, partition: int, batch: int) -> int:
    """Move the province's events of wild times, up to this batch, to `dead`; return how many.

    No record may rest on them any more: a live batch looks up what it beats.
    """
    async with pool.acquire() as connection, connection.transaction():
        await store.guard_partition(connection, partition)
        rows = await connection.fetch(TAKE_OUT, province, batch)
        if rows:
            now = await connection.fetchval(NOW)
            await store.bury(connection, [(REASON, row["kind"], _canonical(row)) for row in rows], now)
    return len(rows)


def _canonical(row: asyncpg.Record) -> str:
    """The event as it travelled; its time as PostgreSQL writes it, which reaches further than Python's."""
    identity = row["id"], row["source"], row["sender"], row["province"]
    accepted_at = row["accepted_at"].isoformat()
    data = from_json(row["data"])
    return to_json(envelope(identity, row["kind"], row["unit"], row["time"], accepted_at, data)).decode()
