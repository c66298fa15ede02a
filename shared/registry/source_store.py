"""The registry's SQL for senders and their keys."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from shared.database.connections import Connection
from shared.registry.snapshot import Key

KEYS = """
    SELECT hash, name, subtree, kinds, programmes, can_read, small_numbers, can_act, rate, loses_429,
           expires_at
    FROM registry.source_key JOIN registry.source ON source.name = source_key.source
    WHERE NOT revoked
"""
ADD_SOURCE = """
    INSERT INTO registry.source
        (name, subtree, kinds, programmes, can_read, small_numbers, can_act, rate, loses_429, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT DO NOTHING
"""
# For a sender of ours: its rights are those of this version, whatever they were.
PUT_SOURCE = f"""
    {ADD_SOURCE.replace("DO NOTHING", "(name) DO UPDATE")}
    SET subtree = excluded.subtree, kinds = excluded.kinds, programmes = excluded.programmes,
        can_read = excluded.can_read, small_numbers = excluded.small_numbers, can_act = excluded.can_act,
        rate = excluded.rate, loses_429 = excluded.loses_429
    WHERE (source.subtree, source.kinds, source.programmes, source.can_read, source.small_numbers, source.can_act,
           source.rate, source.loses_429)
          IS DISTINCT FROM (excluded.subtree, excluded.kinds, excluded.programmes, excluded.can_read,
                            excluded.small_numbers, excluded.can_act, excluded.rate, excluded.loses_429)
"""
FIND_KEY = "SELECT source, revoked, expires_at FROM registry.source_key WHERE hash = $1"
ADD_KEY = "INSERT INTO registry.source_key (hash, source, created_at) VALUES ($1, $2, $3)"
# The keys in use, which may be none; a key that ends sooner anyway keeps its end.
END_KEYS = """
    UPDATE registry.source_key SET expires_at = $2
    WHERE source = $1 AND NOT revoked AND (expires_at IS NULL OR expires_at > $2)
"""
REVOKE = """
    UPDATE registry.source_key SET revoked = true
    WHERE source = $1 AND NOT revoked AND ($2::text IS NULL OR starts_with(encode(hash, 'hex'), $2))
"""
LIST = """
    SELECT source.*, coalesce(
        json_agg(json_build_object('key', left(encode(hash, 'hex'), 12), 'created_at', key.created_at,
                                   'expires_at', key.expires_at) ORDER BY key.created_at)
            FILTER (WHERE hash IS NOT NULL), '[]') AS keys
    FROM registry.source LEFT JOIN registry.source_key AS key ON key.source = source.name AND NOT revoked
    GROUP BY source.name ORDER BY source.name
"""
AUDIT = """
    SELECT at, role, client, source, changed, operation, old, new FROM registry.source_audit
    WHERE $1::text IS NULL OR source = $1 ORDER BY number
"""


@dataclass(frozen=True, slots=True)
class Source:
    """A sender as `kip source add` makes it: rights below `subtree`, None for all kinds (no kind: it posts nothing),
    programmes, any rate. `small_numbers`: it sees small counts of sensitive indicators; `can_act`: it acts for
    officers.
    """

    name: str
    subtree: str
    kinds: list[str] | None
    programmes: list[str] | None
    can_read: bool
    rate: int | None
    loses_429: bool
    small_numbers: bool = False
    can_act: bool = False


class KnownKey(NamedTuple):
    """Whose a key is, and whether and when it ends."""

    source: str
    revoked: bool
    expires_at: datetime | None


async def read_keys(connection: Connection) -> dict[bytes, Key]:
    """Read every key that is not revoked, by its hash, with the rights of its sender."""
    return {
        row["hash"]: Key(
            sender=row["name"],
            subtree=row["subtree"],
            kinds=_set(row["kinds"]),
            can_read=row["can_read"],
            expires_at=row["expires_at"],
            programmes=_set(row["programmes"]),
            rate=row["rate"],
            loses_429=row["loses_429"],
            small_numbers=row["small_numbers"],
            can_act=row["can_act"],
        )
        for row in await connection.fetch(KEYS)
    }


async def add_source(connection: Connection, source: Source, now: datetime) -> bool:
    """Add a sender; False when the name is taken."""
    return await connection.execute(ADD_SOURCE, *_row(source, now)) == "INSERT 0 1"


async def put_source(connection: Connection, source: Source, now: datetime) -> None:
    """Add a sender of ours, or give the one that is there these rights; the second time nothing changes or is noted."""
    await connection.execute(PUT_SOURCE, *_row(source, now))


def _row(source: Source, now: datetime) -> tuple[object, ...]:
    return (
        source.name, source.subtree, source.kinds, source.programmes, source.can_read, source.small_numbers,
        source.can_act, source.rate, source.loses_429, now,
    )  # fmt: skip


async def find_key(connection: Connection, key_hash: bytes) -> KnownKey | None:
    """Find a key by its hash, also one that has ended."""
    row = await connection.fetchrow(FIND_KEY, key_hash)
    return KnownKey(*row) if row else None


async def exists(connection: Connection, name: str) -> bool:
    """Tell whether there is such a sender."""
    return bool(await connection.fetchval("SELECT count(*) FROM registry.source WHERE name = $1", name))


async def unknown_programmes(connection: Connection, slugs: list[str]) -> list[str]:
    """List those of the slugs that no loaded programme has."""
    rows = await connection.fetch("SELECT slug FROM registry.programme")
    return sorted(set(slugs) - {row["slug"] for row in rows})


async def add_key(connection: Connection, source: str, key_hash: bytes, now: datetime) -> None:
    """Add a key, hashed, to a sender."""
    await connection.execute(ADD_KEY, key_hash, source, now)


async def end_keys(connection: Connection, source: str, at: datetime) -> int:
    """Let the sender's present keys end at that instant of the run's clock; how many they were."""
    return _count(await connection.execute(END_KEYS, source, at))


async def revoke_keys(connection: Connection, source: str, prefix: str | None) -> int:
    """Revoke the sender's keys, or the one whose hash begins so; how many they were."""
    return _count(await connection.execute(REVOKE, source, prefix))


async def list_sources(connection: Connection) -> list[Any]:
    """List every sender with its keys in use (as JSON text: key, created_at, expires_at)."""
    return list(await connection.fetch(LIST))


async def read_audit(connection: Connection, source: str | None) -> list[Any]:
    """Read the changes of one sender or of all, oldest first."""
    return list(await connection.fetch(AUDIT, source))


def _count(status: str) -> int:
    return int(status.rpartition(" ")[2])


def _set(values: list[str] | None) -> frozenset[str] | None:
    return None if values is None else frozenset(values)
