"""Connections to PostgreSQL and the migrations that shape it."""

import asyncio
import hashlib
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from shared.connections import DATABASE_AWAY, WORK_SECONDS, Connection, Hosts, Pool

__all__ = [
    "DATABASE_AWAY", "Connection", "DatabaseError", "Pool", "close_pool", "is_migrated", "migrate", "open_pool",
]  # fmt: skip

MIGRATIONS = Path(__file__).parent / "migrations"
OLDEST_SERVER = 180_000
CLOSE_SECONDS = 5
_LOCK = 0x6B69_7000  # "kip": one migration at a time, however many services start together


class DatabaseError(Exception):
    """The database can't be used as it is. Its text says what to do."""


async def open_pool(
    url: str,
    *,
    size: int,
    application_name: str,
    settings: Mapping[str, str] | None = None,
    limit: float = WORK_SECONDS,
) -> Pool:
    """Open `size` connections to a server of PostgreSQL 18 or later. Raises DatabaseError for an older one.

    `settings` are the server's own (`work_mem` and the like), for these connections only; `limit` (s) is for all
    that is done on one of them at once.
    """
    names = {"application_name": application_name, "timezone": "UTC"}
    pool = await Pool.open(url, size=size, settings={**names, **(settings or {})}, limit=limit)
    server = await pool.fetchval("SELECT current_setting('server_version_num')::int")
    if server < OLDEST_SERVER:
        await close_pool(pool)
        raise DatabaseError(f"KIP_DATABASE_URL: expected PostgreSQL 18 or later, got {server // 10_000}")
    return pool


async def close_pool(pool: Pool) -> None:
    """Close the pool, bounded: asyncpg's close() can hang on a pending cancel (its issue 1356)."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await pool.close()
    except TimeoutError:
        pool.terminate()


async def migrate(url: str, now: datetime) -> list[str]:
    """Apply every migration that the database doesn't have yet, in order, each in a transaction; return their names.

    Forward only, and safe when several processes start at once. Raises DatabaseError when an applied
    file has changed since.
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
        fresh: list[str] = []
        for path in sorted(MIGRATIONS.glob("*.sql")):
            sql = path.read_text(encoding="utf-8")
            digest = hashlib.sha256(sql.encode()).hexdigest()
            if path.name in applied:
                if applied[path.name] != digest:
                    raise DatabaseError(f"{path.name} was applied with another text; add a new migration instead")
                continue
            async with connection.transaction():
                await connection.execute(sql)
                await connection.execute("INSERT INTO public.kip_migration VALUES ($1, $2, $3)", path.name, digest, now)
            fresh.append(path.name)
        return fresh
    finally:
        await connection.close(timeout=5)


async def is_migrated(pool: Pool) -> bool:
    """Whether every migration of this version has been applied."""
    if await pool.fetchval("SELECT to_regclass('public.kip_migration')") is None:
        return False
    applied = {row["name"] for row in await pool.fetch("SELECT name FROM public.kip_migration")}
    return all(path.name in applied for path in MIGRATIONS.glob("*.sql"))
