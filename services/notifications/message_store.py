"""The SQL of messages on their way and of what the read API shows.

`act_at`, leases and retries run on the database's own clock, the same for every replica; `now` is the run's.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from shared.db import Connection, Pool

LEASE = timedelta(seconds=60)  # longer than one attempt to send may take
REPUBLISH_AFTER = timedelta(seconds=60)

TO_PUBLISH = """
    SELECT id FROM notifications.message
    WHERE act_at <= clock_timestamp() AND (state <> 'queued' OR $1)
    ORDER BY made_at, id
"""
PUBLISHED = """
    UPDATE notifications.message SET state = 'queued', act_at = clock_timestamp() + $2
    WHERE id = ANY ($1::uuid[])
      AND (state IN ('pending', 'queued') OR (state IN ('waiting', 'sending') AND act_at <= clock_timestamp()))
"""
# Another worker may have got there first: then there is no row.
TAKE = """
    UPDATE notifications.message SET state = 'sending', act_at = clock_timestamp() + $2, attempts = attempts + 1
    FROM registry.officer
    WHERE message.id = $1 AND officer.id = message.officer
      AND (message.state IN ('pending', 'queued')
           OR (message.state IN ('waiting', 'sending') AND act_at <= clock_timestamp()))
    RETURNING message.programme, message.unit, message.choice, message.attempts,
              officer.name, officer.role, officer.channels, officer.language
"""
ITEMS = """
    SELECT alert.id AS alert, alert.step,
           alert.cycle = obligation.cycle AND obligation.state IN ('open', 'overdue') AS live,
           obligation.report, obligation.period, obligation.unit, obligation.agency, obligation.due_at,
           obligation.shifted_because, obligation.state
    FROM notifications.alert JOIN notifications.obligation ON obligation.id = alert.obligation
    WHERE alert.message = $1 AND alert.state = 'queued'
    ORDER BY obligation.due_at, obligation.unit, obligation.report
"""
CONTACTS = "SELECT id, unit, agency, name FROM registry.officer WHERE unit = ANY ($1::text[]) ORDER BY id"
SENT = """
    WITH message AS (
        UPDATE notifications.message SET state = $2, channel = $3, sent_at = $4, error = NULL, act_at = NULL
        WHERE id = $1 AND state = 'sending' RETURNING id
    )
    UPDATE notifications.alert
    SET state = CASE WHEN alert.id = ANY ($5::bigint[]) THEN 'sent' ELSE 'cancelled' END
    FROM message WHERE alert.message = message.id AND alert.state = 'queued'
"""
POSTPONE = """
    UPDATE notifications.message SET state = 'waiting', channel = $2, error = $3, act_at = clock_timestamp() + $4
    WHERE id = $1 AND state = 'sending'
"""
NEXT_CHANNEL = """
    UPDATE notifications.message
    SET state = 'waiting', channel = $2, error = $3, choice = choice + 1, attempts = 0, act_at = clock_timestamp()
    WHERE id = $1 AND state = 'sending'
"""
FAILED = """
    WITH message AS (
        UPDATE notifications.message SET state = 'failed', channel = $2, error = $3, act_at = NULL
        WHERE id = $1 AND state = 'sending' RETURNING id
    )
    UPDATE notifications.alert SET state = 'failed'
    FROM message WHERE alert.message = message.id AND alert.state = 'queued'
"""
UNDELIVERED = """
    SELECT EXTRACT(EPOCH FROM clock_timestamp() - min(created_at))::float8 AS oldest,
           EXTRACT(EPOCH FROM min(act_at) - clock_timestamp())::float8 AS next
    FROM notifications.message WHERE act_at IS NOT NULL
"""
ON_THEIR_WAY = "SELECT count(*) AS count, max(error) AS error FROM notifications.message WHERE act_at IS NOT NULL"
OBLIGATION_ROWS = """
    SELECT id, unit, agency, report, period, due_at, shifted_because, state, met_at, cycle
    FROM notifications.obligation
    WHERE ($1::text IS NULL OR programme = $1) AND ($2::text IS NULL OR report = $2)
      AND ($3::text[] IS NULL OR unit = ANY ($3)) AND ($4::text IS NULL OR period = $4)
      AND ($5::text IS NULL OR state = $5) AND id > $6
    ORDER BY id LIMIT $7
"""
ALERT_ROWS = """
    SELECT alert.id, alert.obligation, alert.cycle, alert.step, alert.occurrence, alert.unit AS addressed_unit,
           obligation.unit, obligation.agency, obligation.report, obligation.period, alert.state, alert.made_at,
           message.id AS message, message.channel, message.sent_at, message.attempts, message.error,
           alert.officer, officer.name AS officer_name, officer.channels
    FROM notifications.alert
    JOIN notifications.obligation ON obligation.id = alert.obligation
    LEFT JOIN notifications.message ON message.id = alert.message
    LEFT JOIN registry.officer ON officer.id = alert.officer
    WHERE ($1::text[] IS NULL OR obligation.unit = ANY ($1)) AND ($2::bigint IS NULL OR alert.officer = $2)
      AND ($3::text IS NULL OR alert.step = $3) AND ($4::timestamptz IS NULL OR alert.made_at >= $4) AND alert.id > $5
    ORDER BY alert.id LIMIT $6
"""


async def to_publish(connection: Connection, *, repair: bool) -> list[UUID]:
    """Messages that should be on the queue: new ones, retries that are due, sends whose worker is gone.

    With `repair` also those that were queued long ago: only where the queue itself is known to be empty.
    """
    return [row["id"] for row in await connection.fetch(TO_PUBLISH, repair)]


async def published(connection: Connection, messages: Sequence[UUID]) -> None:
    """Note that the broker has confirmed them; what a worker has taken meanwhile stays with it."""
    await connection.execute(PUBLISHED, messages, REPUBLISH_AFTER)


async def take(pool: Pool, message: UUID) -> Any | None:
    """Take a message for one attempt to send; None when another worker has it or it is done."""
    return await pool.fetchrow(TAKE, message, LEASE)


async def items_of(pool: Pool, message: UUID) -> list[Any]:
    """What the message tells, with whether it is still true."""
    return list(await pool.fetch(ITEMS, message))


async def contacts(pool: Pool, units: Sequence[str]) -> list[Any]:
    """Officers (id, unit, agency, name) of these units."""
    return list(await pool.fetch(CONTACTS, units))


async def record_sent(pool: Pool, message: UUID, channel: str, now: datetime, told: Sequence[int]) -> None:
    """The provider took it. Alerts in `told` were in the text; the others had become untrue."""
    await pool.execute(SENT, message, "sent", channel, now, told)


async def record_cancelled(pool: Pool, message: UUID) -> None:
    """Nothing was left to tell."""
    await pool.execute(SENT, message, "cancelled", None, None, [])


async def record_retry(pool: Pool, message: UUID, channel: str, error: str, delay: timedelta) -> None:
    """It failed for now: once more on the same channel after `delay`."""
    await pool.execute(POSTPONE, message, channel, error, delay)


async def record_next_channel(pool: Pool, message: UUID, channel: str, error: str) -> None:
    """This channel will not do: on to the officer's next one."""
    await pool.execute(NEXT_CHANNEL, message, channel, error)


async def record_failed(pool: Pool, message: UUID, channel: str | None, error: str) -> None:
    """No channel is left: it stays as a failed row that operations sees."""
    await pool.execute(FAILED, message, channel, error)


async def undelivered(connection: "Connection | Pool") -> tuple[float | None, float | None]:
    """Age in seconds of the oldest message on its way, and in how many seconds the next one must be looked at."""
    row = await connection.fetchrow(UNDELIVERED)
    return (row["oldest"], row["next"]) if row else (None, None)


async def on_their_way(connection: Connection) -> tuple[int, str | None]:
    """How many messages are neither sent nor failed, and the last error of one of them."""
    row = await connection.fetchrow(ON_THEIR_WAY)
    return (row["count"], row["error"]) if row else (0, None)


async def obligation_rows(
    pool: Pool,
    *,
    programme: str | None,
    report: str | None,
    units: Sequence[str] | None,
    period: str | None,
    state: str | None,
    after: int,
    limit: int,
) -> list[Any]:
    """Obligations in order of their id, those after `after`."""
    return list(await pool.fetch(OBLIGATION_ROWS, programme, report, units, period, state, after, limit))


async def alert_rows(
    pool: "Pool | Connection",
    *,
    units: Sequence[str] | None,
    officer: int | None,
    step: str | None,
    since: datetime | None,
    after: int,
    limit: int,
) -> list[Any]:
    """Alerts in order of their id, those after `after`."""
    return list(await pool.fetch(ALERT_ROWS, units, officer, step, since, after, limit))
