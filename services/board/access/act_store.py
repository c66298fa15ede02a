"""The SQL of the audit: who did what on which device, when, and how it ended. Nothing is changed in it."""

from datetime import datetime, timedelta

from shared.database.connections import Connection, Pool

KEEP = timedelta(days=2 * 365)
NOTE = "INSERT INTO board.act (at, officer, device, what, about, outcome) VALUES ($1, $2, $3, $4, $5, $6)"
FORGET = "DELETE FROM board.act WHERE at < $1"
DONE = "done"


async def note(
    connection: "Connection | Pool",
    at: datetime,
    officer: str,
    device: str | None,
    what: str,
    about: str | None = None,
    outcome: str = DONE,
) -> None:
    """Note an act; `device` is None for a command of an operator."""
    await connection.execute(NOTE, at, officer, device, what, about, outcome)


async def forget(connection: "Connection | Pool", now: datetime) -> None:
    """Delete what is older than the audit is kept."""
    await connection.execute(FORGET, now - KEEP)
