"""The SQL of who can be reached: at an address that is not dead, of a kind for which notifications has a channel."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import NamedTuple

from shared.database.connections import Connection, Pool

# The kinds are those of the service, not of whoever asks: `kip doctor` may run without its settings.
NOTE_KINDS = """
    WITH gone AS (DELETE FROM notifications.channel WHERE kind <> ALL ($1::text[]))
    INSERT INTO notifications.channel (kind) SELECT unnest($1::text[]) ON CONFLICT DO NOTHING
"""
KINDS = "SELECT kind FROM notifications.channel ORDER BY kind"
_REACHABLE = """
    EXISTS (SELECT FROM unnest(officer.channels) AS channel
            WHERE lower(channel) NOT IN (SELECT address FROM notifications.dead_address)
              AND (split_part(channel, ':', 1) IN (SELECT kind FROM notifications.channel)
                   OR NOT EXISTS (SELECT FROM notifications.channel)))
"""
CONTACTS = f"""
    SELECT unit, agency, name, programmes, {_REACHABLE} AS reachable,
           ARRAY(SELECT programme FROM notifications.mute WHERE mute.officer = officer.id AND until > $2) AS paused
    FROM registry.officer WHERE unit = ANY ($1::text[]) ORDER BY id
"""  # noqa: S608
UNREACHABLE = f"""
    SELECT unit.name || ' (' || officer.unit || '): ' || officer.name FROM registry.officer
    JOIN registry.unit ON unit.uid = officer.unit
    WHERE NOT {_REACHABLE} ORDER BY officer.unit, officer.name
"""  # noqa: S608


class Contact(NamedTuple):
    """An officer of a unit, as a digest names them."""

    unit: str
    agency: str
    name: str
    programmes: list[str]
    reachable: bool  # at one of their addresses
    paused: list[str]  # the programmes of which their mail program has paused reminders


async def note_kinds(pool: Pool, kinds: Collection[str]) -> None:
    """Note for which kinds of addresses there is a channel, and for no others."""
    await pool.execute(NOTE_KINDS, sorted(kinds))


async def noted_kinds(connection: Connection) -> list[str]:
    """List the kinds of addresses for which notifications has a channel; none before it has started once."""
    return [row["kind"] for row in await connection.fetch(KINDS)]


async def contacts(connection: Connection, units: Sequence[str], now: datetime) -> list[Contact]:
    """Read the officers of these units."""
    return [Contact(*row) for row in await connection.fetch(CONTACTS, units, now)] if units else []


async def unreachable(connection: Connection) -> list[str]:
    """List the officers who can't be reached at any of their addresses, with their units."""
    return [row[0] for row in await connection.fetch(UNREACHABLE)]
