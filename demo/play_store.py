"""The SQL of the demo: which of its senders there are, and how many of their events stand in the ledger."""

from collections.abc import Sequence

from shared.database.connections import Connection

APPLIED = "SELECT count(*) FROM aggregation.ledger WHERE sender = ANY ($1::text[])"
SOURCES = "SELECT name FROM registry.source WHERE name = ANY ($1::text[])"


async def count_applied(connection: Connection, senders: Sequence[str]) -> int:
    """Count the events of these senders in the ledger."""
    count: int = await connection.fetchval(APPLIED, senders)
    return count


async def known_sources(connection: Connection, names: Sequence[str]) -> set[str]:
    """Find which of these senders are registered."""
    return {row["name"] for row in await connection.fetch(SOURCES, names)}
