"""The SQL of Zalo's tokens, and of what Zalo said of the template. Instants are the machine's clock."""

from datetime import datetime, timedelta
from hashlib import sha256
from typing import NamedTuple

from services.notifications.apart import storable
from shared.database.connections import Connection, Pool

NEWEST = """
    SELECT number, refresh, access, granted_at, got_at, access_until, refresh_until, tried_at, unanswered, fault, lost
    FROM notifications.zalo_token ORDER BY number DESC LIMIT 1
"""
SEED = """
    INSERT INTO notifications.zalo_token (refresh, seed, granted_at, got_at, refresh_until) VALUES ($1, $2, $3, $3, $4)
    ON CONFLICT (seed) DO NOTHING
"""
GIVE = "INSERT INTO notifications.zalo_token (refresh, granted_at, got_at, refresh_until) VALUES ($1, $2, $2, $3)"
BEGIN = """
    UPDATE notifications.zalo_token SET tried_at = $2, unanswered = unanswered + 1
    WHERE number = $1 AND refresh IS NOT NULL AND NOT lost
      AND (tried_at IS NULL OR tried_at <= $2::timestamptz - $3::interval)
      AND number = (SELECT max(number) FROM notifications.zalo_token)
    RETURNING number
"""
# What a person gave meanwhile stays the newest. Tokens that were replaced are taken out at once; a seed's row stays
# without them, so that the same setting is not used again.
REPLACE = """
    WITH fresh AS (
        INSERT INTO notifications.zalo_token (refresh, access, granted_at, got_at, access_until, refresh_until)
        SELECT $2, $3, granted_at, $4, $5, $6 FROM notifications.zalo_token
        WHERE number = $1 AND number = (SELECT max(number) FROM notifications.zalo_token)
        RETURNING number
    ), emptied AS (
        UPDATE notifications.zalo_token SET refresh = NULL, access = NULL
        FROM fresh WHERE zalo_token.number < fresh.number AND seed IS NOT NULL
    )
    DELETE FROM notifications.zalo_token USING fresh WHERE zalo_token.number < fresh.number AND seed IS NULL
"""
NOTE = """
    UPDATE notifications.zalo_token
    SET fault = $2, lost = lost OR $3, unanswered = unanswered - $4::boolean::integer
    WHERE number = $1
"""
CLAIM_CHECK = """
    UPDATE notifications.zalo_check SET asked_at = $1
    WHERE asked_at IS NULL OR asked_at <= $1::timestamptz - $2::interval OR asked_at > $1
       OR template IS DISTINCT FROM $3
    RETURNING one
"""
UNCLAIM_CHECK = "UPDATE notifications.zalo_check SET asked_at = NULL"
RECORD_CHECK = """
    UPDATE notifications.zalo_check
    SET checked_at = $1, template = $2, status = $3, quality = $4, fault = $5, quota_daily = $6, quota_remaining = $7
"""
CHECK = """
    SELECT checked_at, template, status, quality, fault, quota_daily, quota_remaining FROM notifications.zalo_check
"""
STANDING = "SELECT granted_at, access_until, refresh_until, unanswered, fault, lost FROM notifications.zalo_standing"


class ZaloToken(NamedTuple):
    """The newest tokens, as the database holds them. `access` is None before the first refresh."""

    number: int
    refresh: str | None
    access: str | None
    granted_at: datetime
    got_at: datetime
    access_until: datetime | None
    refresh_until: datetime
    tried_at: datetime | None
    unanswered: int
    fault: str | None
    lost: bool

    def __repr__(self) -> str:
        """Write it without the tokens: a traceback or a log may show it."""
        return f"ZaloToken(number={self.number}, access_until={self.access_until}, lost={self.lost})"


class Fresh(NamedTuple):
    """What a refresh gave."""

    refresh: str
    access: str
    access_until: datetime
    refresh_until: datetime

    def __repr__(self) -> str:
        """Write it without the tokens."""
        return f"Fresh(access_until={self.access_until})"


class ZaloStanding(NamedTuple):
    """How the newest tokens stand, without them."""

    granted_at: datetime
    access_until: datetime | None
    refresh_until: datetime
    unanswered: int
    fault: str | None
    lost: bool


class ZaloCheck(NamedTuple):
    """What Zalo said last of the template and the quota; `fault` is why the template is of no use to us."""

    checked_at: datetime | None
    template: str | None
    status: str | None
    quality: str | None
    fault: str | None
    quota_daily: int | None
    quota_remaining: int | None


async def newest(pool: Pool) -> ZaloToken | None:
    """Read the newest tokens; None where nobody has given any."""
    row = await pool.fetchrow(NEWEST)
    return ZaloToken(*row) if row else None


async def seed(pool: Pool, refresh: str, now: datetime, until: datetime) -> None:
    """Take the refresh token of the settings, once: the same one is never taken again."""
    await pool.execute(SEED, refresh, sha256(refresh.encode()).digest(), now, until)


async def give(connection: Connection, refresh: str, now: datetime, until: datetime) -> None:
    """Take the refresh token that a person gave: it goes before all that are there."""
    await connection.execute(GIVE, refresh, now, until)


async def begin(pool: Pool, number: int, now: datetime, lease: timedelta) -> bool:
    """Note, before it goes out, that these tokens are being refreshed. False: another replica is at it, or they are not
    the newest.
    """
    return await pool.fetchval(BEGIN, number, now, lease) is not None


async def replace(pool: Pool, number: int, fresh: Fresh, now: datetime) -> None:
    """Keep what a refresh of `number` gave, and forget what it replaces. Safe to repeat."""
    await pool.execute(REPLACE, number, fresh.refresh, fresh.access, now, fresh.access_until, fresh.refresh_until)


async def note(pool: Pool, number: int, fault: str, *, lost: bool, answered: bool) -> None:
    """Note that a refresh gave nothing, and why. Without an answer nobody knows whether the token is spent."""
    await pool.execute(NOTE, number, storable(fault), lost, answered)


async def claim_check(pool: Pool, now: datetime, every: timedelta, template: str) -> bool:
    """Claim this period's question about the template. False: it has been asked."""
    return await pool.fetchval(CLAIM_CHECK, now, every, template) is not None


async def unclaim_check(pool: Pool) -> None:
    """Give the question back: it got no answer, and is asked at the next turn."""
    await pool.execute(UNCLAIM_CHECK)


async def record_check(pool: Pool, check: ZaloCheck) -> None:
    """Keep what Zalo said."""
    said = (value if value is None else storable(value) for value in (check.status, check.quality, check.fault))
    status, quality, fault = said
    await pool.execute(RECORD_CHECK, *check._replace(status=status, quality=quality, fault=fault))


async def read_check(source: "Pool | Connection") -> ZaloCheck:
    """Read what Zalo said last."""
    row = await source.fetchrow(CHECK)
    return ZaloCheck(*row) if row else ZaloCheck(*[None] * len(ZaloCheck._fields))


async def standing(connection: Connection) -> ZaloStanding | None:
    """Read how the newest tokens stand; None where nobody has given any."""
    row = await connection.fetchrow(STANDING)
    return ZaloStanding(*row) if row else None
