"""The SQL of mail that came back."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from services.notifications.apart import storable
from services.notifications.messages.bounce_report import Outcome, Report
from services.notifications.messages.onward import not_before, place_of
from services.notifications.messages.return_path import Returned
from shared.database.connections import Connection, Pool
from shared.programme.model import Programme
from shared.registry.officer_store import officer_of

MAKE_SECRET = "INSERT INTO notifications.return_secret (secret) VALUES ($1) ON CONFLICT DO NOTHING"  # noqa: S105
SECRET = "SELECT secret FROM notifications.return_secret"  # noqa: S105
# Whoever removes the officer waits until this has ended, or it finds nobody: nothing is noted about who is gone.
RETURNED = """
    SELECT officer.*, programme.document, message.act_at IS NOT NULL AS on_its_way,
           EXISTS (SELECT FROM notifications.bounce WHERE message = $1 AND mark = $2 AND outcome = $3) AS repeated
    FROM notifications.message
    JOIN registry.officer ON officer.id = message.officer
    JOIN registry.programme ON programme.slug = message.programme
    WHERE message.id = $1 FOR SHARE OF officer
"""
# The mail server, or a mistake of ours, may have every address refused: then none is believed any more. Measured by
# the officers written to; each has an address or two.
TOO_MANY_DEAD = """
    WITH day AS (SELECT $1::timestamptz - interval '1 day' AS began)
    SELECT (SELECT count(*) FROM notifications.dead_address, day WHERE since > began)
        >= GREATEST($2, (SELECT count(DISTINCT officer) FROM notifications.message, day WHERE made_at > began) / $3)
"""
BOUNCE = """
    INSERT INTO notifications.bounce (message, mark, outcome, status, at) VALUES ($1, $2, $3, $4, $5)
    ON CONFLICT DO NOTHING RETURNING message
"""
DEAD = """
    INSERT INTO notifications.dead_address (address, since, status, reason) VALUES (lower($1), $2, $3, $4)
    ON CONFLICT DO NOTHING
"""
# On to what stands behind the address ($4), unless it went to another one meanwhile. What isn't true any more isn't
# told.
AGAIN = """
    WITH message AS (
        UPDATE notifications.message
        SET state = 'waiting', choice = $3, attempts = 0, sent_at = NULL, sent_to = NULL, error = $2,
            act_at = clock_timestamp(), not_before = $5
        WHERE id = $1 AND state = 'sent' AND sent_to = $4 RETURNING id
    )
    UPDATE notifications.alert SET state = 'queued'
    FROM message WHERE alert.message = message.id AND alert.state = 'sent'
"""
COUNT = """
    INSERT INTO notifications.bounce_total (outcome, total) VALUES ($1, 1)
    ON CONFLICT (outcome) DO UPDATE SET total = bounce_total.total + 1
"""
TOTALS = "SELECT outcome, total FROM notifications.bounce_total"
COUNT_DEAD = "SELECT count(*) FROM notifications.dead_address"
FORGET = """
    DELETE FROM notifications.dead_address
    WHERE address = ANY (SELECT lower(channel) FROM unnest($1::text[]) AS channel) RETURNING address
"""
LIST = "SELECT address, since, status, reason FROM notifications.dead_address ORDER BY since DESC, address LIMIT $1"
RECENTLY_TOO_MANY = """
    SELECT count(*) FROM notifications.bounce WHERE outcome = $1 AND at > $2::timestamptz - interval '7 days'
"""
FORGED, REPEATED, UNKNOWN = "forged", "repeated", "unknown"
TOO_EARLY = "too_early"  # the message is on its way, or sent and not recorded yet: to be told again
TOO_MANY = "too_many"  # dead, but so many died in a day that it isn't believed
MOST_DEAD = 20  # in a day, or of so many officers written to one:
ONE_OF = 10


class DeadAddress(NamedTuple):
    """An address that takes no mail: since when, and what its server said."""

    address: str
    since: datetime
    status: str
    reason: str


async def make_secret(pool: Pool) -> str:
    """Read what signs return paths; made at the first call."""
    await pool.execute(MAKE_SECRET, secrets.token_urlsafe(32))
    secret: str = await pool.fetchval(SECRET)
    return secret


async def read_secret(connection: Connection) -> str | None:
    """Read what signs return paths; None before the first mail with one."""
    secret: str | None = await connection.fetchval(SECRET)
    return secret


async def settle(connection: Connection, report: Report, returned: Returned | None, now: datetime) -> str:
    """Do what a report asks for, in one transaction, and say what became of it: its outcome, or why nothing was done.

    `returned` is what its return path says; None for one that isn't ours. After TOO_EARLY nothing is noted: it must be
    settled again, later.
    """
    async with connection.transaction():
        ended = FORGED if returned is None else await _settle(connection, report, returned, now)
        if ended != TOO_EARLY:
            await connection.execute(COUNT, ended)
    return ended


async def _settle(connection: Connection, report: Report, returned: Returned, now: datetime) -> str:
    row = await connection.fetchrow(RETURNED, returned.message, returned.mark, report.outcome)
    if row is None:
        return UNKNOWN
    failed = report.outcome in {Outcome.DEAD, Outcome.REFUSED}
    if failed and row["on_its_way"] and not row["repeated"]:
        return TOO_EARLY
    dead = report.outcome is Outcome.DEAD
    ended = TOO_MANY if dead and await connection.fetchval(TOO_MANY_DEAD, now, MOST_DEAD, ONE_OF) else report.outcome
    if row["repeated"] or not await connection.fetchval(BOUNCE, *returned, ended, report.status, now):
        return REPEATED
    officer = officer_of(row)
    place = place_of(officer.channels, returned.mark)
    if ended == Outcome.DEAD and place is not None:
        await connection.execute(DEAD, officer.channels[place], now, report.status, storable(report.reason))
    if failed:
        error = storable(" ".join(f"came back: {report.status} {report.reason}".split()))
        behind = 0 if place is None else place + 1
        free = not_before(officer, Programme.model_validate_json(row["document"]), now)
        await connection.execute(AGAIN, returned.message, error, behind, returned.mark, free)
    return ended


async def totals(connection: Connection) -> dict[str, int]:
    """Count the reports, by what became of them."""
    return dict(tuple(row) for row in await connection.fetch(TOTALS))


async def count_dead(connection: Connection) -> int:
    """Count the dead addresses."""
    count: int = await connection.fetchval(COUNT_DEAD)
    return count


async def recently_too_many(connection: Connection, now: datetime) -> int:
    """Count the reports of a dead address of the last week that weren't believed."""
    count: int = await connection.fetchval(RECENTLY_TOO_MANY, TOO_MANY, now)
    return count


async def forget(connection: Connection, channels: Sequence[str]) -> int:
    """Take these addresses (`email:a@b.vn`) as good again; return how many were dead."""
    return len(await connection.fetch(FORGET, list(channels)))


async def dead_addresses(connection: Connection, limit: int) -> list[DeadAddress]:
    """List the dead addresses, the latest first."""
    return [DeadAddress(*row) for row in await connection.fetch(LIST, limit)]
