"""The SQL of the ledger's events whose time no door takes: to find them, pass over them, and take them out.

They were accepted before doors had bounds. Nothing counts them, and what rests on them is put right by a rebuild.
"""

from datetime import datetime

from pydantic_core import from_json

from shared.database.connections import Connection
from shared.domain.canonical import Marks, envelope
from shared.domain.dead_event import DeadEvent
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
    RETURNING province, sender, source, id, kind, unit, time::text, accepted_at, data, officer, device
"""  # noqa: S608 - constants
NOW = "SELECT clock_timestamp()"  # a check's own clock, as when it remembers its outcome


async def listed(connection: Connection, limit: int) -> tuple[int, list[str]]:
    """Count the events of wild times, and name the first of them as `sender source id, time`."""
    rows = await connection.fetch(LISTED, limit)
    names = [f"{row['sender']} {row['source']} {row['id']}, {row['time']}" for row in rows]
    return (rows[0]["count"] if rows else 0), names


async def take_out(connection: Connection, province: str, batch: int) -> list[DeadEvent]:
    """Delete the province's events of wild times, up to this batch, from the ledger; return them for `dead`."""
    rows = await connection.fetch(TAKE_OUT, province, batch)
    return [_dead(*row) for row in rows]


async def now(connection: Connection) -> datetime:
    """Read the database's clock."""
    moment: datetime = await connection.fetchval(NOW)
    return moment


def _dead(
    province: str,
    sender: str,
    source: str,
    event_id: str,
    kind: str,
    unit: str,
    time: str,
    accepted_at: datetime,
    data: str,
    *marks: str | None,
) -> DeadEvent:
    """Write the event as it travelled; its time as PostgreSQL writes it, which reaches further than Python's."""
    identity = event_id, source, sender, province
    written = envelope(identity, kind, unit, time, accepted_at.isoformat(), from_json(data), Marks(*marks))
    return DeadEvent.of(kind, REASON, written)
