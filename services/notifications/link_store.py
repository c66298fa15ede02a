"""The SQL of the secret that signs links, of the message that one came in, and of fresh ones."""

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from shared.database.connections import Pool
from shared.domain.obligation_name import ObligationName

MAKE_SECRET = "INSERT INTO notifications.secret (secret) VALUES ($1) ON CONFLICT DO NOTHING"  # noqa: S105
SECRET = "SELECT secret FROM notifications.secret"  # noqa: S105
MESSAGE = """
    SELECT id, programme, sent_at, occasion IS NOT NULL AS summary,
           ARRAY(SELECT DISTINCT step FROM notifications.alert WHERE alert.message = message.id) AS steps
    FROM notifications.message WHERE id = $1 AND officer = $2
"""
# Those that can still be handed in or decided come first: a page may not show all.
NAMED_OBLIGATIONS = """
    SELECT programme, report, unit, agency, period, epoch
    FROM notifications.obligation CROSS JOIN notifications.epoch
    WHERE id IN (SELECT obligation FROM notifications.alert WHERE message = $1 AND officer = $2)
    ORDER BY state NOT IN ('open', 'overdue'), due_at, unit, report, agency, period
"""
DEAD = "SELECT address FROM notifications.dead_address WHERE address = ANY ($1::text[])"
FORMER = "SELECT link FROM notifications.renewal WHERE officer = $1 FOR UPDATE"
RENEW = """
    INSERT INTO notifications.renewal (officer, link, at) VALUES ($1, $2, $3)
    ON CONFLICT (officer) DO UPDATE SET at = excluded.at, link = excluded.link WHERE renewal.at <= $4
"""
TAKE_BACK = "UPDATE notifications.renewal SET link = $3, at = $4 WHERE officer = $1 AND link = $2"


class Renewal(NamedTuple):
    """A fresh link, and the one that the officer was sent before it: None where there was none."""

    link: UUID
    former: UUID | None


class LinkedMessage(NamedTuple):
    """The message that a link came in, and the steps that it was sent for; `sent_at` is None while it isn't recorded as
    sent.
    """

    id: UUID
    programme: str
    sent_at: datetime | None
    summary: bool
    steps: list[str]


async def link_secret(pool: Pool) -> str:
    """Read the secret of this installation, made at the first call."""
    await pool.execute(MAKE_SECRET, secrets.token_urlsafe(32))
    secret: str = await pool.fetchval(SECRET)
    return secret


async def message_of(pool: Pool, message: UUID, officer: int) -> LinkedMessage | None:
    """Read an officer's message; None where they have none of this id."""
    row = await pool.fetchrow(MESSAGE, message, officer)
    return LinkedMessage(*row) if row else None


async def named_obligations(pool: Pool, message: UUID, officer: int) -> list[ObligationName]:
    """List the obligations that the message named, what is unfinished first."""
    return [ObligationName(*row) for row in await pool.fetch(NAMED_OBLIGATIONS, message, officer)]


async def dead_of(pool: Pool, channels: Sequence[str]) -> frozenset[str]:
    """Find which of these channels mail came back from, in lower case."""
    asked = [str(channel).lower() for channel in channels]
    return frozenset(row["address"] for row in await pool.fetch(DEAD, asked))


async def note_renewal(pool: Pool, officer: int, link: UUID, now: datetime, pause: timedelta) -> Renewal | None:
    """Note that the officer is sent this fresh link now; None where the last one went out within `pause`."""
    async with pool.acquire() as connection, connection.transaction():
        former = await connection.fetchval(FORMER, officer)
        if await connection.execute(RENEW, officer, link, now, now - pause) != "INSERT 0 1":
            return None
    return Renewal(link, former)


async def take_back(pool: Pool, officer: int, renewal: Renewal, at: datetime) -> None:
    """Have the one before it be the newest again, as if sent `at`: this one could not be sent. A later one stays."""
    await pool.execute(TAKE_BACK, officer, renewal.link, renewal.former, at)
