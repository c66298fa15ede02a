"""The SQL of what officers ask for themselves: acknowledgements, undone ones, and the record of each."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from services.notifications.alerts import alert_store
from shared.database.connections import Connection, Pool
from shared.domain.obligation_name import ObligationName

RECORD = """
    INSERT INTO notifications.act (at, officer, generation, key, device, act, programme, obligation, until)
    SELECT $1, $2, $3, $4, $5, $6, $7, obligation, $9 FROM unnest($8::bigint[]) AS obligation
"""
IDS = """
    SELECT obligation.id, programme, report, unit, agency, period
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
         AS name (programme, report, unit, agency, period)
    JOIN notifications.obligation USING (programme, report, unit, agency, period)
"""
UNDO = """
    DELETE FROM notifications.acknowledgement USING unnest($3::bigint[]) AS undone (obligation)
    WHERE officer = $1 AND programme = $2 AND acknowledgement.obligation IS NOT DISTINCT FROM undone.obligation
"""
MUTE = """
    INSERT INTO notifications.mute (officer, programme, until, at) VALUES ($1, $2, $3, $4)
    ON CONFLICT (officer, programme) DO UPDATE SET until = excluded.until, at = excluded.at
"""
UNMUTE = "DELETE FROM notifications.mute WHERE officer = $1 AND programme = $2"
# What it kept back is looked at by the next sweep, which keeps it as long as another one covers it.
WAKE_KEPT = """
    UPDATE notifications.alert SET wake_at = $4
    FROM notifications.obligation, unnest($3::bigint[]) AS undone (obligation)
    WHERE alert.officer = $1 AND alert.state = 'muted' AND obligation.id = alert.obligation
      AND obligation.programme = $2 AND (undone.obligation IS NULL OR undone.obligation = obligation.id)
"""


class Author(NamedTuple):
    """Who acts: an officer of a generation; by whose key, and on which device of theirs."""

    officer: int
    generation: int
    key: str | None = None
    device: str | None = None


async def ids_of(pool: Pool, names: Sequence[ObligationName]) -> dict[ObligationName, int]:
    """Find the rows of these obligations; one that isn't there is left out."""
    keys = [(name.programme, name.report, name.unit, name.agency, name.period) for name in names]
    rows = await pool.fetch(IDS, *zip(*keys, strict=True)) if keys else []
    found = {tuple(key): id_ for id_, *key in rows}
    return {name: found[key] for name, key in zip(names, keys, strict=True) if key in found}


async def acknowledge(
    pool: Pool, author: Author, programme: str, obligations: Sequence[int | None], until: datetime, now: datetime
) -> None:
    """Note that the officer has acknowledged these (None: all of the programme) until then."""
    async with pool.acquire() as connection, connection.transaction():
        await alert_store.acknowledge(connection, author.officer, programme, obligations, until, now)
        await record(connection, author, "acknowledged", programme, obligations, until, now)


async def mute(pool: Pool, author: Author, programme: str, until: datetime, now: datetime) -> None:
    """Pause the officer's reminders of a programme until then."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(MUTE, author.officer, programme, until, now)
        await record(connection, author, "muted", programme, [None], until, now)


async def undo(pool: Pool, author: Author, programme: str, obligations: Sequence[int | None], now: datetime) -> None:
    """Undo these acknowledgements, with all of the programme also what paused reminders; what they kept back is due."""
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(UNDO, author.officer, programme, obligations)
        if None in obligations:
            await connection.execute(UNMUTE, author.officer, programme)
        await connection.execute(WAKE_KEPT, author.officer, programme, obligations, now)
        await record(connection, author, "undone", programme, obligations, None, now)


async def record(
    connection: Connection,
    author: Author,
    act: str,
    programme: str,
    obligations: Sequence[int | None],
    until: datetime | None,
    now: datetime,
) -> None:
    """Keep who did it, when, by which key and on which device."""
    await connection.execute(RECORD, now, *author, act, programme, obligations, until)
