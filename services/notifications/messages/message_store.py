"""The SQL of messages on their way.

A message is taken by compare-and-set: its state is the lock. `sending` with `act_at` ahead is the lease of the worker
that took it; whoever finds the lease ended may take it again. Only a row that is still `sending` is recorded: of two
workers that had it, the first record counts. `act_at`, leases and retries run on the database's own clock, the
same for every replica; `now` is the run's.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from services.notifications.apart import storable
from shared.database.connections import Connection, Pool

LEASE = timedelta(seconds=60)  # longer than one attempt to send may take

# Another worker may have got there first: then there is no row. Locked in order, or two workers deadlock; a locked row
# is waited for, because it may be the sweep's that is just noting what it has published: skipped, it would be lost
# until the repair.
TAKE = """
    WITH free AS (
        SELECT id FROM notifications.message
        WHERE id = ANY ($1::uuid[])
          AND (state IN ('pending', 'queued') OR (state IN ('waiting', 'sending') AND act_at <= clock_timestamp()))
        ORDER BY id FOR UPDATE
    )
    UPDATE notifications.message SET state = 'sending', act_at = clock_timestamp() + $2, attempts = attempts + 1
    FROM free, registry.officer
    WHERE message.id = free.id AND officer.id = message.officer
    RETURNING message.id, message.programme, message.unit, message.choice, message.attempts, message.occasion,
              officer.id AS officer, officer.name, officer.role, officer.agency, officer.channels, officer.language,
              officer.generation,
              ARRAY(SELECT address FROM notifications.dead_address
                    WHERE address IN (SELECT lower(channel) FROM unnest(officer.channels) AS channel)) AS dead,
              message.error, officer.programmes
"""
# Whose officer was removed after the sweep had read them.
CANCEL_OF_NOBODY = """
    WITH message AS (
        UPDATE notifications.message SET state = 'cancelled', error = NULL, act_at = NULL
        WHERE id IN (
            SELECT id FROM notifications.message
            WHERE id = ANY ($1::uuid[]) AND act_at IS NOT NULL
              AND NOT EXISTS (SELECT FROM registry.officer WHERE officer.id = message.officer)
            ORDER BY id FOR UPDATE)
        RETURNING id
    )
    UPDATE notifications.alert SET state = 'cancelled'
    FROM message WHERE alert.message = message.id AND alert.state = 'queued'
"""
HELD = """
    SELECT message.id FROM notifications.message JOIN registry.officer ON officer.id = message.officer
    WHERE message.id = ANY ($1::uuid[]) AND message.state = 'sending'
"""
ALERTS = """
    SELECT alert.id, alert.message, alert.unit FROM notifications.alert
    WHERE alert.message = ANY ($1::uuid[]) AND alert.state = 'queued' ORDER BY alert.id
"""
# Worked out again: what has become untrue since it was claimed is not sent. Who decided is found by number, and only of
# decisions: compared with every officer there is, it took a hundred times as long as the rest.
ITEMS = r"""
    SELECT alert.message, alert.id AS alert, alert.step,
           CASE WHEN alert.problem IS NOT NULL
                THEN problem.cycle = alert.cycle AND alert.step = 'problem-' || problem.state
                WHEN alert.step = 'received'
                THEN alert.cycle = obligation.cycle AND obligation.state = 'late_met'
                WHEN alert.step = 'changed-after'
                THEN alert.cycle = obligation.cycle
                     AND EXISTS (SELECT FROM notifications.changed_figure AS changed
                                 WHERE changed.obligation = alert.obligation AND changed.number = alert.occurrence)
                WHEN alert.step = 'waived'
                THEN alert.cycle = obligation.cycle AND obligation.state = 'waived'
                ELSE alert.cycle = obligation.cycle AND obligation.state IN ('open', 'overdue') END AS live,
           obligation.report, obligation.period, obligation.due_at, obligation.shifted_because,
           COALESCE(obligation.unit, problem.unit) AS unit, COALESCE(obligation.agency, problem.agency) AS agency,
           alert.problem, problem.raised_at, obligation.met_at, decider.unit AS decider_unit,
           decider.agency AS decider_agency, alert.obligation, alert.cycle
    FROM notifications.alert
    LEFT JOIN notifications.obligation ON obligation.id = alert.obligation
    LEFT JOIN notifications.problem ON problem.id = alert.problem
    LEFT JOIN LATERAL (
        SELECT officer.unit, officer.agency
        FROM notifications.change LEFT JOIN registry.officer
             ON officer.id = substring(by FROM '^officer (\d{1,18}) of ')::bigint
             AND by = 'officer ' || officer.id || ' of ' || officer.unit
        WHERE alert.step IN ('extended', 'waived') AND change.obligation = alert.obligation
          AND change.cycle = alert.cycle AND by IS NOT NULL
        ORDER BY revision DESC LIMIT 1
    ) AS decider ON true
    WHERE alert.id = ANY ($1::bigint[]) AND alert.state = 'queued'
    ORDER BY obligation.due_at, COALESCE(obligation.unit, problem.unit), obligation.report, alert.id
"""
# Of a digest that goes two levels up or more: which of its obligations a level between was sent word of.
ABOVE_TOLD = """
    SELECT DISTINCT asked.alert
    FROM unnest($1::bigint[], $2::bigint[], $3::integer[]) AS asked (alert, obligation, cycle)
    JOIN unnest($4::bigint[], $5::text[]) AS below (alert, step) ON below.alert = asked.alert
    JOIN notifications.alert AS told
      ON told.obligation = asked.obligation AND told.cycle = asked.cycle AND told.step = below.step
    WHERE told.state = 'sent'
"""
# By agency: whoever is asked besides, and never reported to those above, is none of the silent.
EXPECTED = """
    SELECT programme, report, period, unit.parent, agency, count(*) AS expected
    FROM notifications.obligation JOIN registry.unit ON unit.uid = obligation.unit
    WHERE unit.parent = ANY ($1::text[]) AND period = ANY ($2::text[]) AND state NOT IN ('waived', 'expired')
    GROUP BY 1, 2, 3, 4, 5
"""
OPEN_PROBLEMS = """
    SELECT DISTINCT alert.officer, problem.id AS problem, problem.programme, problem.unit, problem.agency,
           CASE WHEN problem.raised_at BETWEEN '2000-01-01' AND '2101-01-01' THEN problem.raised_at END AS raised_at
    FROM notifications.alert JOIN notifications.problem ON problem.id = alert.problem
    WHERE alert.officer = ANY ($1::bigint[]) AND alert.problem IS NOT NULL
      AND problem.state = 'raised' AND alert.state IN ('sent', 'queued', 'uncertain')
    ORDER BY raised_at, problem
"""
SENT = """
    WITH message AS (
        UPDATE notifications.message
        SET state = 'sent', channel = done.channel, sent_to = done.sent_to, sent_at = $4, error = NULL, act_at = NULL
        FROM unnest($1::uuid[], $2::text[], $3::bytea[]) AS done (id, channel, sent_to)
        WHERE message.id = done.id AND state = 'sending' RETURNING message.id
    )
    UPDATE notifications.alert
    SET state = CASE WHEN alert.id = ANY ($5::bigint[]) THEN 'sent' ELSE 'cancelled' END
    FROM message WHERE alert.message = message.id AND alert.state = 'queued'
"""
CANCELLED = """
    WITH message AS (
        UPDATE notifications.message SET state = 'cancelled', error = NULL, act_at = NULL
        WHERE id = ANY ($1::uuid[]) AND state = 'sending' RETURNING id
    )
    UPDATE notifications.alert SET state = 'cancelled'
    FROM message WHERE alert.message = message.id AND alert.state = 'queued'
"""
PUT_BACK = """
    UPDATE notifications.message
    SET state = 'waiting', attempts = attempts - 1, act_at = clock_timestamp() + $2
    WHERE id = $1 AND state = 'sending'
"""
POSTPONE = """
    UPDATE notifications.message SET state = 'waiting', channel = $2, error = $3, act_at = clock_timestamp() + $4
    WHERE id = $1 AND state = 'sending'
"""
NEXT_CHANNEL = """
    UPDATE notifications.message
    SET state = 'waiting', channel = $2, error = $3, choice = $4, attempts = 0, act_at = clock_timestamp()
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
# What was tried on its present channel often enough ($2 attempts that ended: not the one under way), or waits long ($3)
# for its next attempt, will not go out soon; nor will what isn't looked at before $4.
ON_THEIR_WAY = """
    SELECT count(*) FROM notifications.message
    WHERE act_at IS NOT NULL AND (not_before IS NULL OR not_before <= $1)
      AND NOT (error IS NOT NULL AND attempts - (state = 'sending')::integer >= $2)
      AND NOT (error IS NOT NULL AND attempts > 0 AND state = 'waiting' AND act_at > clock_timestamp() + $3)
      AND NOT (state = 'waiting' AND act_at > clock_timestamp() + $4)
"""
UNSENT = """
    SELECT message.id, officer.name AS officer, message.channel, message.state, message.attempts, message.error,
           message.not_before, GREATEST(message.act_at - clock_timestamp(), interval '0') AS wait
    FROM notifications.message JOIN registry.officer ON officer.id = message.officer
    WHERE message.act_at IS NOT NULL
    ORDER BY message.made_at, message.id LIMIT $1
"""


class TakenMessage(NamedTuple):
    """A message that this worker has taken for one attempt, with the officer whom it goes to."""

    id: UUID
    programme: str
    unit: str
    choice: int  # from which of the officer's channels on
    attempts: int  # on that channel, this one included
    occasion: str | None  # of a summary, which carries no alert
    officer: int
    name: str
    role: str
    agency: str
    channels: list[str]
    language: str
    generation: int  # of the officer, which their links bear
    dead: list[str]  # those of the channels to which mail came back, in lower case
    error: str | None  # why it isn't delivered yet
    programmes: list[str]  # that the officer belongs to by now; none: to all


class AlertKey(NamedTuple):
    """An alert that a message carries: enough of it to say whose it is where the rest can't be read."""

    id: int
    message: UUID
    unit: str


class AlertItem(NamedTuple):
    """What an alert says, about an obligation or (`problem`) about a problem; `live` tells whether it is still true."""

    message: UUID
    alert: int
    step: str
    live: bool
    report: str
    period: str
    due_at: datetime
    shifted_because: str | None  # JSON, see deadlines.Shift
    unit: str
    agency: str
    problem: int | None
    raised_at: datetime | None
    met_at: datetime | None
    decider_unit: str | None  # of an extension or a waiver; None of an operator's, or of who is registered no more
    decider_agency: str | None
    obligation: int | None
    cycle: int


class OpenProblem(NamedTuple):
    """An unresolved problem that an officer was notified of."""

    officer: int
    problem: int
    programme: str
    unit: str
    agency: str
    raised_at: datetime | None


class Unsent(NamedTuple):
    """A message that is neither sent nor failed; `wait` is the time until it is looked at again."""

    id: UUID
    officer: str
    channel: str | None
    state: str
    attempts: int
    error: str | None
    not_before: datetime | None
    wait: timedelta


async def take(pool: Pool, messages: Sequence[UUID]) -> list[TakenMessage]:
    """Take messages for one attempt to send; those that another worker has or that are done are left out.

    Those whose officer is registered no more are cancelled.
    """
    taken = [TakenMessage(*row) for row in await pool.fetch(TAKE, messages, LEASE)]
    rest = sorted(set(messages) - {message.id for message in taken})
    if rest:
        await pool.execute(CANCEL_OF_NOBODY, rest)
    return taken


async def held(pool: Pool, messages: Sequence[UUID]) -> set[UUID]:
    """Find which of these messages, which were taken, are still to be sent: their officers may have been removed."""
    return {row["id"] for row in await pool.fetch(HELD, messages)}


async def alerts_of(connection: Connection, messages: Sequence[UUID]) -> list[AlertKey]:
    """Find the alerts that the messages carry."""
    return [AlertKey(*row) for row in await connection.fetch(ALERTS, messages)]


async def items_of(connection: Connection, alerts: Sequence[AlertKey]) -> list[AlertItem]:
    """Read what these alerts say. Raises OverflowError where one has a time that Python doesn't know."""
    return [AlertItem(*row) for row in await connection.fetch(ITEMS, [alert.id for alert in alerts])]


async def above_told(connection: Connection, items: Sequence[AlertItem], below: Sequence[tuple[int, str]]) -> set[int]:
    """Find of which of these alerts' obligations a step of `below`, as (alert, step), was sent in the same cycle."""
    if not below:
        return set()
    asked = [(item.alert, item.obligation, item.cycle) for item in items]
    rows = await connection.fetch(ABOVE_TOLD, *zip(*asked, strict=True), *zip(*below, strict=True))
    return {row["alert"] for row in rows}


async def expected_below(
    connection: Connection, parents: Sequence[str], periods: Sequence[str]
) -> dict[tuple[str, str, str, str, str], int]:
    """Count the units that owe, by (programme, report, period, parent, agency)."""
    rows = await connection.fetch(EXPECTED, parents, periods) if parents else []
    return {tuple(group): count for *group, count in rows}


async def open_problems(connection: Connection, officers: Sequence[int]) -> list[OpenProblem]:
    """Read the unresolved problems that these officers were notified of."""
    return [OpenProblem(*row) for row in await connection.fetch(OPEN_PROBLEMS, officers)] if officers else []


async def record_sent(
    pool: Pool, sent: Sequence[tuple[UUID, str, bytes | None]], alerts: Sequence[int], now: datetime
) -> None:
    """Record that the provider took these (message, channel, mark of the mail address), and that `alerts` were in the
    text: the others that the messages carried had become untrue.
    """
    await pool.execute(SENT, *zip(*sent, strict=True), now, alerts)


async def record_cancelled(pool: Pool, messages: Sequence[UUID]) -> None:
    """Record that nothing was left to say."""
    await pool.execute(CANCELLED, messages)


async def put_back(pool: Pool, message: UUID, delay: timedelta) -> None:
    """Give back a message that was taken and not tried: it is free again after `delay`."""
    await pool.execute(PUT_BACK, message, delay)


async def record_retry(pool: Pool, message: UUID, channel: str, error: str, delay: timedelta) -> None:
    """Record that it failed for now: once more on the same channel after `delay`."""
    await pool.execute(POSTPONE, message, channel, storable(error), delay)


async def record_next_channel(pool: Pool, message: UUID, channel: str, error: str, choice: int) -> None:
    """Record that this channel will not do: on to the officer's next one, `choice`."""
    await pool.execute(NEXT_CHANNEL, message, channel, storable(error), choice)


async def record_failed(pool: Pool, message: UUID, channel: str | None, error: str) -> None:
    """Record that no channel is left: it stays as a failed row that operations sees."""
    await pool.execute(FAILED, message, channel, storable(error))


async def on_their_way(connection: Connection, now: datetime, tries: int, soon: timedelta, patience: timedelta) -> int:
    """Count the messages that may go out by `now` and are neither sent nor failed nor known to be put off.

    Put off is what failed `tries` times on its present channel or once with a longer wait than `soon` until it is tried
    again (a provider that is away), and what isn't looked at within `patience` (one that wants to be left alone).
    """
    count: int = await connection.fetchval(ON_THEIR_WAY, now, tries, soon, patience)
    return count


async def unsent(connection: Connection, limit: int) -> list[Unsent]:
    """Read messages that are neither sent nor failed, oldest first."""
    return [Unsent(*row) for row in await connection.fetch(UNSENT, limit)]
