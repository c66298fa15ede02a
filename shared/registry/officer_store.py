"""The registry's SQL for officers."""

from collections.abc import Iterable, Sequence
from typing import Any

from shared.database.connections import Connection, Pool
from shared.registry.officers import Officer

UPSERT_OFFICER = """
    INSERT INTO registry.officer
           (name, role, unit, agency, channels, language, quiet_from, quiet_to, away_until, deputy, optional)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (unit, agency, name) DO UPDATE SET
        role = excluded.role, channels = excluded.channels, language = excluded.language,
        quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to,
        away_until = excluded.away_until, deputy = excluded.deputy, optional = excluded.optional
"""
OFFICERS_AT = "SELECT * FROM registry.officer WHERE unit = ANY ($1::text[]) ORDER BY id"
OFFICER_IDS = "SELECT id FROM registry.officer WHERE unit = ANY ($1::text[]) ORDER BY id"
OFFICERS_BY_ID = "SELECT * FROM registry.officer WHERE id = ANY ($1::bigint[]) ORDER BY id"
OFFICER = "SELECT * FROM registry.officer WHERE id = $1"


def officer_of(row: Any) -> Officer:
    """Make the officer of a row of registry.officer."""
    return Officer(
        name=row["name"], role=row["role"], unit=row["unit"], agency=row["agency"], channels=tuple(row["channels"]),
        language=row["language"],
        quiet=None if row["quiet_from"] is None else (row["quiet_from"], row["quiet_to"]),
        away_until=row["away_until"], deputy=row["deputy"], optional=row["optional"], id=row["id"],
    )  # fmt: skip


async def write_officers(connection: Connection, officers: Iterable[Officer]) -> None:
    """Write officers; one with the same unit, agency and name is brought up to date."""
    rows = [
        (o.name, o.role, o.unit, o.agency, list(o.channels), o.language, *(o.quiet or (None, None)),
         o.away_until, o.deputy, o.optional)
        for o in officers
    ]  # fmt: skip
    await connection.executemany(UPSERT_OFFICER, rows)


async def officers_at(connection: Connection, units: Iterable[str]) -> list[Officer]:
    """Read the officers of these units."""
    return [officer_of(row) for row in await connection.fetch(OFFICERS_AT, list(units))]


async def officer_ids(connection: Connection, units: Iterable[str]) -> list[int]:
    """Read the ids of the officers of these units: to read them apart, where one may not be readable."""
    return [row["id"] for row in await connection.fetch(OFFICER_IDS, list(units))]


async def officers_by_id(connection: Connection, ids: Sequence[int]) -> list[Officer]:
    """Read these officers."""
    return [officer_of(row) for row in await connection.fetch(OFFICERS_BY_ID, ids)]


async def find_officer(connection: "Connection | Pool", id_: int) -> Officer | None:
    """Read one officer; None if there is none."""
    row = await connection.fetchrow(OFFICER, id_)
    return officer_of(row) if row else None
