"""The SQL of sessions: by the hash of their secret. `now` is the machine's clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from asyncpg import Record

from shared.database.connections import Connection, Pool

KEEP = timedelta(days=1)  # a session that is over: «has ended» is then told apart from «never was»
SEEN_PAUSE = timedelta(minutes=5)

_COLUMNS = "hash, officer, device, obligations, message, link, ends_at, verified_until, code_sent_to, code_ends_at"
INSERT = """
    INSERT INTO board.session
        (hash, officer, device, obligations, message, link, made_at, seen_at, ends_at, verified_until)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8, $9)
"""
FIND = f"SELECT {_COLUMNS}, ended_at FROM board.session WHERE hash = $1"  # noqa: S608
SEEN = "UPDATE board.session SET seen_at = $2 WHERE hash = $1 AND seen_at < $3"
END = """
    UPDATE board.session SET ended_at = $2, code_sent_to = NULL WHERE hash = $1 AND ended_at IS NULL RETURNING true
"""
END_ALL = "UPDATE board.session SET ended_at = $2, code_sent_to = NULL WHERE officer = $1 AND ended_at IS NULL"
CODE_SENT = "UPDATE board.session SET code_sent_to = $2, code_ends_at = $3 WHERE hash = $1"
FORGET = "DELETE FROM board.session WHERE ends_at < $1 OR ended_at < $1"


@dataclass(frozen=True, slots=True)
class Session:
    """One browser that came by a link: whose, of which message and what that named, until when it counts as verified.

    `message` and `link` are None where an operator made the link.

    `hash` is of its secret; `device` is its public mark.
    """

    hash: bytes
    officer: str
    device: str
    obligations: Sequence[str]
    message: UUID | None
    link: UUID | None
    ends_at: datetime
    verified_until: datetime | None
    code_sent_to: str | None = None
    code_ends_at: datetime | None = None

    def is_verified(self, now: datetime) -> bool:
        """Tell whether the officer has shown on this device that it is theirs."""
        return self.verified_until is not None and now < self.verified_until

    def code_waits(self, now: datetime) -> bool:
        """Tell whether a code was sent that can still be entered."""
        return self.code_ends_at is not None and now < self.code_ends_at


async def insert(connection: "Connection | Pool", session: Session, now: datetime) -> None:
    """Keep a new session."""
    await connection.execute(
        INSERT, session.hash, session.officer, session.device, list(session.obligations), session.message, session.link,
        now, session.ends_at, session.verified_until,
    )  # fmt: skip


async def find(pool: Pool, hash_: bytes, now: datetime) -> tuple[Session, bool] | None:
    """Find a session, and whether it is over; None for one that isn't known."""
    row = await pool.fetchrow(FIND, hash_)
    if row is None:
        return None
    return _session(row), row["ended_at"] is not None or row["ends_at"] <= now


async def note_seen(pool: Pool, hash_: bytes, now: datetime) -> None:
    """Note that a session is used, every few minutes."""
    await pool.execute(SEEN, hash_, now, now - SEEN_PAUSE)


async def end(connection: "Connection | Pool", hash_: bytes, now: datetime) -> bool:
    """End a session; tell whether it was this that ended it."""
    return bool(await connection.fetchval(END, hash_, now))


async def end_all(connection: "Connection | Pool", officer: str, now: datetime) -> None:
    """End every session of an officer's reference: it was revoked."""
    await connection.execute(END_ALL, officer, now)


async def note_code(pool: Pool, hash_: bytes, sent_to: str, ends_at: datetime) -> None:
    """Note that a code was sent for the session: to which address (masked), good until when."""
    await pool.execute(CODE_SENT, hash_, sent_to, ends_at)


async def forget_code(pool: Pool, hash_: bytes) -> None:
    """Note that the session's code is no longer good."""
    await pool.execute(CODE_SENT, hash_, None, None)


async def forget(connection: "Connection | Pool", now: datetime) -> None:
    """Delete what has been over for a while."""
    await connection.execute(FORGET, now - KEEP)


def _session(row: Record) -> Session:
    return Session(
        row["hash"], row["officer"], row["device"], tuple(row["obligations"]), row["message"], row["link"],
        row["ends_at"], row["verified_until"], row["code_sent_to"], row["code_ends_at"],
    )  # fmt: skip
