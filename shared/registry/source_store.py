"""The registry's SQL for senders and their keys."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.database.connections import Connection
from shared.registry.snapshot import Key

KEYS = """
    SELECT hash, name, subtree, kinds, programmes, can_read, rate, loses_429, expires_at
    FROM registry.source_key JOIN registry.source ON source.name = source_key.source
    WHERE NOT revoked
"""
ADD_SOURCE = """
    INSERT INTO registry.source (name, subtree, kinds, programmes, can_read, rate, loses_429, created_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING
"""
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
    programmes, any rate."""

    name: str
    subtree: str
    kinds: list[str] | None
    programmes: list[str] | None
    can_read: bool
    rate: int | None
    loses_429: bool


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
        )
        for row in await connection.fetch(KEYS)
    }


async def add_source(connection: Connection, source: Source, now: datetime) -> bool:
    """Add a sender; False when the name is taken."""
    status = await connection.execute(
        ADD_SOURCE, source.name, source.subtree, source.kinds, source.programmes, source.can_read, source.rate,
        source.loses_429, now,
    )  # fmt: skip
    return status == "INSERT 0 1"


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
