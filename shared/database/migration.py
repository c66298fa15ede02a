"""Brings a database to this version: applies the files of `migrations/`, in order, each once."""

import hashlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import Path

from shared.database.connections import Connection, DatabaseError, Hosts, Pool

MIGRATIONS = Path(__file__).parent / "migrations"
MAY_LOOK = "SELECT has_table_privilege(to_regclass('public.kip_migration'), 'SELECT')"  # null: there is none
_LOCK = 0x6B69_7000  # "kip": one migration at a time, however many services start together


async def _nothing_more(_: Connection) -> None:
    """Do nothing at the end of a migration."""


async def migrate(
    url: str, now: datetime, finish: Callable[[Connection], Awaitable[None]] = _nothing_more
) -> list[str]:
    """Apply every migration that the database doesn't have yet, in order, each in a transaction; return their names.

    `finish` is done in the last one's transaction, or in one of its own if there is none to apply: a service that waits
    for the last migration finds it done. Forward only, and safe when several processes start at once. Raises
    DatabaseError when an applied file has changed since.
    """
    connection = await Hosts(url).connect(server_settings={"application_name": "kip-migrate"})
    try:
        await connection.execute("SELECT pg_advisory_lock($1)", _LOCK)
        await connection.execute(
            """CREATE TABLE IF NOT EXISTS public.kip_migration
               (name text PRIMARY KEY, digest text NOT NULL, applied_at timestamptz NOT NULL)"""
        )
        rows = await connection.fetch("SELECT name, digest FROM public.kip_migration")
        applied = {row["name"]: row["digest"] for row in rows}
        fresh = _not_applied(applied)
        for number, (name, sql, digest) in enumerate(fresh, start=1):
            async with connection.transaction():
                await connection.execute(sql)
                await connection.execute("INSERT INTO public.kip_migration VALUES ($1, $2, $3)", name, digest, now)
                if number == len(fresh):
                    await finish(connection)
        if not fresh:
            async with connection.transaction():
                await finish(connection)
        return [name for name, _, _ in fresh]
    finally:
        await connection.close(timeout=5)


def _not_applied(applied: Mapping[str, str]) -> list[tuple[str, str, str]]:
    """List name, text and digest of what is to be applied. Raises DatabaseError where an applied one has changed."""
    fresh: list[tuple[str, str, str]] = []
    for path in sorted(MIGRATIONS.glob("*.sql")):
        sql = path.read_text(encoding="utf-8")
        digest = hashlib.sha256(sql.encode()).hexdigest()
        if path.name not in applied:
            fresh.append((path.name, sql, digest))
        elif applied[path.name] != digest:
            raise DatabaseError(f"{path.name} was applied with another text; add a new migration instead")
    return fresh


async def is_migrated(pool: "Pool | Connection") -> bool:
    """Tell whether every migration of this version has been applied, and this connection's role has got its rights."""
    if not await pool.fetchval(MAY_LOOK):
        return False
    applied = {row["name"] for row in await pool.fetch("SELECT name FROM public.kip_migration")}
    return all(path.name in applied for path in MIGRATIONS.glob("*.sql"))
