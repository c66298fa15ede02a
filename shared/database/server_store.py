"""The SQL about the database server itself: how it is, as any user of it may ask, and which databases it has."""

from dataclasses import dataclass
from datetime import datetime

from shared.database.connections import Connection

# Of sessions of other users only their number is shown to us; ours are those whose transactions can hold us up.
LAST_BACKUP = "SELECT made_at FROM registry.backup"
HEALTH = """
    SELECT (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend') AS connections,
           current_setting('max_connections')::int AS allowed,
           (SELECT coalesce(max(extract(epoch FROM clock_timestamp() - xact_start)), 0)::float8 FROM pg_stat_activity
            WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()) AS oldest_transaction,
           pg_database_size(current_database()) AS size
"""

DATABASE_OF = "SELECT EXISTS (SELECT FROM pg_database WHERE datname = $1)"


@dataclass(frozen=True, slots=True)
class DatabaseHealth:
    """Connections of all clients, how many there may be, the oldest open transaction (s), the database's size (B)."""

    connections: int
    allowed: int
    oldest_transaction: float
    size: int


async def read_health(connection: Connection) -> DatabaseHealth:
    """Read the server's health as it is now; this connection's own transaction is left out."""
    row = await connection.fetchrow(HEALTH)
    if row is None:
        raise ValueError("a SELECT without FROM gives a row")
    return DatabaseHealth(**dict(row))


async def last_backup(connection: Connection) -> datetime | None:
    """Read of when the last backup is; None where none was noted."""
    made_at: datetime | None = await connection.fetchval(LAST_BACKUP)
    return made_at


async def make_database(connection: Connection, name: str) -> None:
    """Create the database unless it is there; `name` is a plain identifier. Not within a transaction."""
    if not await connection.fetchval(DATABASE_OF, name):
        await connection.execute(f"CREATE DATABASE {name}")
