"""The SQL of links that an operator makes: by the hash of their token, good once. `now` is the machine's clock."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.database.connections import Connection, Pool

LASTS = timedelta(hours=24)
KEEP = timedelta(days=1)
ADD = "INSERT INTO board.invitation (hash, officer, verified, made_at, ends_at) VALUES ($1, $2, $3, $4, $5)"
FIND = "SELECT officer, verified, used_at IS NOT NULL OR ends_at <= $2 AS over FROM board.invitation WHERE hash = $1"
# Of two who open it at once one is in.
USE = """
    UPDATE board.invitation SET used_at = $2 WHERE hash = $1 AND used_at IS NULL AND ends_at > $2 RETURNING verified
"""
FORGET = "DELETE FROM board.invitation WHERE ends_at < $1"


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link of an operator's: for which officer, whether its session is a verified device's, whether it is over."""

    officer: str
    verified: bool
    over: bool


async def add(connection: Connection, hash_: bytes, officer: str, *, verified: bool, now: datetime) -> None:
    """Keep a new link."""
    await connection.execute(ADD, hash_, officer, verified, now, now + LASTS)


async def find(pool: Pool, hash_: bytes, now: datetime) -> Invitation | None:
    """Find a link; None for one that is none of ours."""
    row = await pool.fetchrow(FIND, hash_, now)
    return Invitation(row["officer"], row["verified"], row["over"]) if row is not None else None


async def use(connection: Connection, hash_: bytes, now: datetime) -> bool:
    """Use a link up; False where somebody has."""
    return await connection.fetchval(USE, hash_, now) is not None


async def forget(connection: "Connection | Pool", now: datetime) -> None:
    """Delete what has been over for a while."""
    await connection.execute(FORGET, now - KEEP)
