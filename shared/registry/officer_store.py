"""The registry's SQL for officers."""

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from shared.database.connections import Connection, Pool
from shared.registry.officers import Officer

# What makes two names one person's, as `officers.person` does; the unique index officer_once has the same expression.
PERSON = r"""
    normalize(casefold(btrim(regexp_replace(normalize({} COLLATE pg_unicode_fast, NFC), '\s+', ' ', 'g'))), NFC)
""".strip()
# An address that is taken away may be another's by now: what was sent there ends. Case makes no other address.
UPSERT_OFFICER = f"""
    WITH written AS (
        INSERT INTO registry.officer
               (name, role, unit, agency, channels, language, quiet_from, quiet_to, away_until, deputy, optional,
                programmes)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
        ON CONFLICT (unit, agency, ({PERSON.format("name")})) DO UPDATE SET
            role = excluded.role, channels = excluded.channels, language = excluded.language,
            quiet_from = excluded.quiet_from, quiet_to = excluded.quiet_to,
            away_until = excluded.away_until, deputy = excluded.deputy, optional = excluded.optional,
            programmes = excluded.programmes,
            generation = officer.generation + (EXISTS (
                SELECT lower(address) FROM unnest(officer.channels) AS address
                EXCEPT SELECT lower(address) FROM unnest(excluded.channels) AS address))::int
        RETURNING new.id, new.unit, new.agency, new.generation > old.generation AS raised
    )
    INSERT INTO registry.officer_audit (operation, officer, unit, agency)
    SELECT 'readdressed', id, unit, agency FROM written WHERE raised
"""  # noqa: S608
OFFICERS_AT = "SELECT * FROM registry.officer WHERE unit = ANY ($1::text[]) ORDER BY id"
OFFICER_IDS = "SELECT id FROM registry.officer WHERE unit = ANY ($1::text[]) ORDER BY id"
OFFICERS_BY_ID = "SELECT * FROM registry.officer WHERE id = ANY ($1::bigint[]) ORDER BY id"
OFFICER = "SELECT * FROM registry.officer WHERE id = $1"
ACTING = "SELECT id, generation, unit, agency, programmes FROM registry.acting_officer WHERE id = $1"
EVERY_OFFICER = "SELECT * FROM registry.officer ORDER BY unit, agency, name"
REVOKE = """
    WITH raised AS (UPDATE registry.officer SET generation = generation + 1 WHERE id = $1 RETURNING id, unit, agency)
    INSERT INTO registry.officer_audit (operation, officer, unit, agency)
    SELECT 'revoked', id, unit, agency FROM raised RETURNING officer
"""
DELETE_OFFICER = "DELETE FROM registry.officer WHERE id = $1"


class ActingOfficer(NamedTuple):
    """What an act of an officer's is judged by, and nothing of the person: unit (uid) and agency of the registration.

    `programmes` are those that they belong to; none named: all.
    """

    id: int
    generation: int
    unit: str
    agency: str
    programmes: tuple[str, ...]

    @property
    def ref(self) -> str:
        """The officer as other services and links name them: `12.0`."""
        return f"{self.id}.{self.generation}"


def officer_of(row: Any) -> Officer:
    """Make the officer of a row of registry.officer."""
    return Officer(
        name=row["name"], role=row["role"], unit=row["unit"], agency=row["agency"], channels=tuple(row["channels"]),
        language=row["language"],
        quiet=None if row["quiet_from"] is None else (row["quiet_from"], row["quiet_to"]),
        away_until=row["away_until"], deputy=row["deputy"], optional=row["optional"],
        programmes=tuple(row["programmes"]), id=row["id"], generation=row["generation"],
    )  # fmt: skip


async def write_officers(connection: Connection, officers: Iterable[Officer]) -> None:
    """Write officers; one with the same unit, agency and name, however it is spelled, is brought up to date.

    Where that takes an address away, what the officer was given so far (links, sessions, devices) ends, audited.
    """
    rows = [
        (o.name, o.role, o.unit, o.agency, list(o.channels), o.language, *(o.quiet or (None, None)),
         o.away_until, o.deputy, o.optional, list(o.programmes))
        for o in officers
    ]  # fmt: skip
    await connection.executemany(UPSERT_OFFICER, rows)


async def officers_at(connection: Connection, units: Iterable[str]) -> list[Officer]:
    """Read the officers of these units."""
    return [officer_of(row) for row in await connection.fetch(OFFICERS_AT, list(units))]


async def every_officer(connection: Connection) -> list[Officer]:
    """Read all officers, by unit, agency and name."""
    return [officer_of(row) for row in await connection.fetch(EVERY_OFFICER)]


async def revoke(connection: Connection, id_: int) -> bool:
    """End what an officer was given so far (links, sessions, devices), audited; False without such an officer."""
    return await connection.fetchval(REVOKE, id_) is not None


async def delete_officer(connection: Connection, id_: int) -> None:
    """Delete one officer's row."""
    await connection.execute(DELETE_OFFICER, id_)


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


async def find_acting_officer(connection: "Connection | Pool", id_: int) -> ActingOfficer | None:
    """Read what an officer's acts are judged by; None if there is no such officer."""
    row = await connection.fetchrow(ACTING, id_)
    return ActingOfficer(*row)._replace(programmes=tuple(row["programmes"])) if row else None
