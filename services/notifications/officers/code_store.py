"""The SQL of codes: one live a session, a few an hour and officer, five tries each. `now` is the machine's clock."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from services.notifications.officers.codes import HOUR, Sent, let_send
from shared.database.connections import Connection, Pool

KEEP = timedelta(days=1)

# One after the other for a session and for an officer, always in this order: two numbers for each, of a table's kind.
LOCK = "SELECT pg_advisory_xact_lock(1802072065, hashtext($1)), pg_advisory_xact_lock(1802072066, hashint8($2))"
FORGET = "DELETE FROM notifications.code WHERE made_at < $1"
LATELY = """
    SELECT made_at, coalesce(link, message) FROM notifications.code
    WHERE officer = $1 AND made_at > $2 ORDER BY made_at
"""
NEWEST = "SELECT link FROM notifications.renewal WHERE officer = $1"
END_FORMER = "UPDATE notifications.code SET live = false WHERE session = $1 AND live"
MAKE = """
    INSERT INTO notifications.code (officer, session, digest, made_at, expires_at, link)
    VALUES ($1, $2, $3, $4, $5, $6)
"""
LIVE = """
    SELECT number, digest, tries FROM notifications.code
    WHERE officer = $1 AND session = $2 AND live AND expires_at > $3 FOR UPDATE
"""
TRIED = "UPDATE notifications.code SET tries = tries + 1, live = $2 WHERE number = $1"


class Tried(NamedTuple):
    """How a try ended; `left` is how many there are."""

    right: bool
    left: int


async def make(
    pool: Pool,
    officer: int,
    session: bytes,
    digest: bytes,
    link: UUID | None,
    now: datetime,
    expires_at: datetime,
    *,
    keeps_one: bool,
) -> int:
    """Keep a code for a session, whose former one ends; return the how manieth of the officer's it is within an hour.

    `keeps_one`: whether one of the hour's is kept for the newest fresh link. Raises TooManyError.
    """
    async with pool.acquire() as connection, connection.transaction():
        await connection.execute(LOCK, session.hex(), officer)
        await connection.execute(FORGET, now - KEEP)
        lately = [Sent(*row) for row in await connection.fetch(LATELY, officer, now - HOUR)]
        let_send(lately, link, await connection.fetchval(NEWEST, officer), keeps_one=keeps_one)
        await connection.execute(END_FORMER, session)
        await connection.execute(MAKE, officer, session, digest, now, expires_at, link)
    return len(lately) + 1


async def try_code(
    pool: Pool, officer: int, session: bytes, now: datetime, is_it: Callable[[bytes], bool], *, most: int
) -> Tried | None:
    """Spend a try on the session's live code, of `most`; None where there is none.

    `is_it` compares with the digest that is kept. The row is locked: of two tries at once each is one. A right one ends
    nothing: whoever asked may not have heard our answer, and the session, which alone the code is for, ends with it.
    """
    async with pool.acquire() as connection, connection.transaction():
        return await _try(connection, officer, session, now, is_it, most)


async def _try(
    connection: Connection, officer: int, session: bytes, now: datetime, is_it: Callable[[bytes], bool], most: int
) -> Tried | None:
    row = await connection.fetchrow(LIVE, officer, session, now)
    if row is None:
        return None
    right, left = is_it(row["digest"]), most - row["tries"] - 1
    await connection.execute(TRIED, row["number"], left > 0)
    return Tried(right, left)
