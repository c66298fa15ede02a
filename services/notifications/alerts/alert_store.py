"""The SQL of alerts being claimed: alerts, messages, who was notified before, what was acknowledged, and problems."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.notifications.alerts.received import NotifiedLate
from services.notifications.alerts.recipients import Muted, NewAlert, NewMessage
from shared.database.connections import Connection

CLAIM_ALERTS = """
    INSERT INTO notifications.alert
           (obligation, problem, cycle, step, occurrence, unit, officer, message, state, wake_at, reason, made_at)
    SELECT obligation, problem, cycle, step, occurrence, unit, officer, message, state, wake_at, reason, $12
    FROM unnest($1::bigint[], $2::bigint[], $3::integer[], $4::text[], $5::smallint[], $6::text[], $7::bigint[],
                $8::uuid[], $9::text[], $10::timestamptz[], $11::text[])
         AS due (obligation, problem, cycle, step, occurrence, unit, officer, message, state, wake_at, reason)
    ON CONFLICT DO NOTHING
    RETURNING message
"""
MAKE_MESSAGES = """
    INSERT INTO notifications.message (id, programme, officer, unit, not_before, made_at, state, act_at)
    SELECT id, programme, officer, unit, not_before, $7,
           CASE WHEN uncertain THEN 'uncertain' ELSE 'pending' END, CASE WHEN NOT uncertain THEN now() END
    FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::timestamptz[], $6::boolean[])
         AS message (id, programme, officer, unit, not_before, uncertain)
"""
# Who may have been notified (uncertain) hears the end of it too: once, where they were notified last. A merger between
# two alerts moves an officer to another unit, and the claim takes one row an officer.
NOTIFIED_LATE = """
    SELECT alert.obligation, alert.officer,
           (array_agg(alert.unit ORDER BY alert.state = 'queued', alert.id DESC))[1] AS unit, min(step.up) AS up,
           bool_or(alert.state <> 'queued') AS sent, bool_or(alert.state = 'queued') AS queued
    FROM notifications.alert
    JOIN notifications.obligation ON obligation.id = alert.obligation AND obligation.cycle = alert.cycle
    JOIN unnest($2::text[], $3::text[], $4::integer[]) AS step (programme, step, up)
         ON step.programme = obligation.programme AND step.step = alert.step
    WHERE alert.obligation = ANY ($1::bigint[]) AND alert.state IN ('sent', 'queued', 'uncertain')
    GROUP BY alert.obligation, alert.officer
"""
# Muted: what was kept back from an officer who had acknowledged, and whose acknowledgement has ended, or what went
# aside and is taken up again. Of each obligation's only the latest is live, if it is still true; that figures were
# changed says nothing about that.
MUTED = """
    SELECT alert.id, alert.officer, alert.unit, COALESCE(obligation.programme, problem.programme) AS programme,
           alert.wake_at,
           CASE WHEN alert.problem IS NOT NULL
                THEN problem.cycle = alert.cycle AND alert.step = 'problem-' || problem.state
                WHEN alert.step = 'changed-after'
                THEN alert.cycle = obligation.cycle
                     AND EXISTS (SELECT FROM notifications.changed_figure AS changed
                                 WHERE changed.obligation = alert.obligation AND changed.number = alert.occurrence)
                ELSE alert.cycle = obligation.cycle
                     AND obligation.state IN ('open', 'overdue', CASE alert.step WHEN 'received' THEN 'late_met' END)
                     AND NOT EXISTS (SELECT FROM notifications.alert AS later
                                     WHERE later.obligation = alert.obligation AND later.cycle = alert.cycle
                                       AND later.officer = alert.officer AND later.id > alert.id
                                       AND later.step <> 'changed-after') END AS live
    FROM notifications.alert
    LEFT JOIN notifications.obligation ON obligation.id = alert.obligation
    LEFT JOIN notifications.problem ON problem.id = alert.problem
    WHERE alert.state = 'muted' AND alert.wake_at <= $1
    ORDER BY alert.id FOR UPDATE OF alert
"""
# An officer may have acknowledged once more, or paused the programme, after the alert was kept back.
KEEP_LONGER = """
    UPDATE notifications.alert SET wake_at = longer.until
    FROM (SELECT kept.id, LEAST(max(asked.until), '2101-01-01') AS until
          FROM notifications.alert AS kept
          JOIN notifications.obligation ON obligation.id = kept.obligation
          JOIN (SELECT officer, programme, obligation, until, false AS reminders FROM notifications.acknowledgement
                UNION ALL SELECT officer, programme, NULL, until, true FROM notifications.mute) AS asked
               ON asked.officer = kept.officer AND asked.programme = obligation.programme
               AND (asked.obligation IS NULL OR asked.obligation = kept.obligation)
               AND (NOT asked.reminders
                    OR (obligation.programme, kept.step) IN (SELECT * FROM unnest($2::text[], $3::text[])))
          WHERE kept.state = 'muted' AND kept.wake_at <= $1 AND asked.until > $1
          GROUP BY kept.id) AS longer
    WHERE alert.id = longer.id
"""
MUTED_WAKES = "SELECT EXISTS (SELECT FROM notifications.alert WHERE state = 'muted' AND wake_at <= $1)"
WAKE = """
    UPDATE notifications.alert
    SET state = CASE WHEN woken.message IS NULL THEN 'cancelled' WHEN uncertain THEN 'uncertain' ELSE 'queued' END,
        message = woken.message
    FROM unnest($1::bigint[], $2::uuid[], $3::boolean[]) AS woken (id, message, uncertain) WHERE alert.id = woken.id
"""
ACKNOWLEDGED = """
    SELECT officer, programme, obligation, LEAST(until, '2101-01-01') AS until, false AS reminders
    FROM notifications.acknowledgement WHERE officer = ANY ($1::bigint[]) AND until > $2
    UNION ALL
    SELECT officer, programme, NULL, LEAST(until, '2101-01-01'), true
    FROM notifications.mute WHERE officer = ANY ($1::bigint[]) AND until > $2
"""
ACKNOWLEDGE = """
    INSERT INTO notifications.acknowledgement (officer, programme, obligation, until, at)
    SELECT $1, $2, obligation, $4, $5 FROM unnest($3::bigint[]) AS obligation
    ON CONFLICT (officer, programme, obligation) DO UPDATE SET until = excluded.until, at = excluded.at
"""
WAITING_PROBLEMS = """
    SELECT id, programme, unit, agency, state, cycle, domain FROM notifications.problem
    WHERE to_tell ORDER BY id FOR UPDATE
"""
NOTIFIED_OF_PROBLEMS = """
    SELECT problem.id, alert.officer, alert.state FROM notifications.problem
    JOIN notifications.alert ON alert.problem = problem.id AND alert.cycle = problem.cycle
    WHERE problem.id = ANY ($1::bigint[]) AND alert.step = $2 AND alert.state IN ('sent', 'queued', 'uncertain')
"""
NOTE_CLAIMED = "UPDATE notifications.problem SET to_tell = false WHERE id = ANY ($1::bigint[])"


class MutedAlert(NamedTuple):
    """An alert that was kept back until now; `live` tells whether it is still true."""

    id: int
    officer: int | None
    unit: str
    programme: str
    wake_at: datetime
    live: bool


class WaitingProblem(NamedTuple):
    """A problem that has come, changed or come back, and whose alerts are to be claimed."""

    id: int
    programme: str
    unit: str
    agency: str
    state: str
    cycle: int
    domain: str | None


async def claim_alerts(connection: Connection, alerts: Sequence[NewAlert], now: datetime) -> list[UUID | None]:
    """Claim those alerts that no sweep has claimed before; return the messages that they need, None for none."""
    rows = (
        (
            alert.due.obligation, alert.due.problem, alert.due.cycle, alert.due.step, alert.due.turn, alert.unit,
            alert.officer, alert.message, alert.state, alert.wake_at, str(alert.due.reason),
        )
        for alert in alerts
    )  # fmt: skip
    return [row["message"] for row in await connection.fetch(CLAIM_ALERTS, *zip(*rows, strict=True), now)]


async def make_messages(connection: Connection, messages: Sequence[NewMessage], now: datetime) -> None:
    """Make messages."""
    if messages:
        rows = ((m.id, m.programme, m.officer, m.unit, m.not_before, m.uncertain) for m in messages)
        await connection.execute(MAKE_MESSAGES, *zip(*rows, strict=True), now)


async def notified_late(
    connection: Connection, obligations: Sequence[int], accusing: Mapping[str, Mapping[str, int]]
) -> dict[int, list[NotifiedLate]]:
    """Find, by obligation, who was notified that it is late, or is about to be.

    `accusing` has, by programme, the steps that speak of lateness.
    """
    steps = [(programme, step, up) for programme, known in accusing.items() for step, up in known.items()]
    found: dict[int, list[NotifiedLate]] = {}
    if obligations and steps:
        for obligation, *notified in await connection.fetch(NOTIFIED_LATE, obligations, *zip(*steps, strict=True)):
            found.setdefault(obligation, []).append(NotifiedLate(*notified))
    return found


async def muted_wakes(connection: Connection, now: datetime) -> bool:
    """Tell whether an acknowledgement has ended that kept something back."""
    return bool(await connection.fetchval(MUTED_WAKES, now))


async def muted(connection: Connection, now: datetime, reminders: Sequence[tuple[str, str]]) -> list[MutedAlert]:
    """Read what was kept back by acknowledgements that have ended, locked until the caller's transaction ends.

    What a later acknowledgement of the officer's keeps back as well stays until that has ended; what has paused
    reminders keeps back those alone, the (programme, step) that are some.
    """
    columns = list(zip(*reminders, strict=True)) if reminders else [(), ()]
    await connection.execute(KEEP_LONGER, now, *columns)
    return [MutedAlert(*row) for row in await connection.fetch(MUTED, now)]


async def wake(connection: Connection, alerts: Sequence[tuple[int, UUID | None, bool]]) -> None:
    """Put (alert, message, whether that is uncertain) on their way; without a message it is cancelled."""
    if alerts:
        await connection.execute(WAKE, *zip(*alerts, strict=True))


async def acknowledged(connection: Connection, officers: Sequence[int], now: datetime) -> Muted:
    """Find until when officers want to hear no more."""
    rows = await connection.fetch(ACKNOWLEDGED, officers, now)
    return {(row["officer"], row["programme"], row["obligation"], row["reminders"]): row["until"] for row in rows}


async def acknowledge(
    connection: Connection,
    officer: int,
    programme: str,
    obligations: Sequence[int | None],
    until: datetime,
    now: datetime,
) -> None:
    """Note that the officer has acknowledged these obligations (None: all of the programme) until a time."""
    await connection.execute(ACKNOWLEDGE, officer, programme, obligations, until, now)


async def waiting_problems(connection: Connection) -> list[WaitingProblem]:
    """Read the problems whose alerts are to be claimed, locked until the caller's transaction ends."""
    return [WaitingProblem(*row) for row in await connection.fetch(WAITING_PROBLEMS)]


async def notified_of_problems(connection: Connection, problems: Sequence[int], step: str) -> dict[int, dict[int, str]]:
    """Find, by problem, the officers who have an alert of this step, with its state."""
    found: dict[int, dict[int, str]] = {}
    for problem, officer, state in await connection.fetch(NOTIFIED_OF_PROBLEMS, problems, step):
        found.setdefault(problem, {})[officer] = state
    return found


async def note_claimed(connection: Connection, problems: Sequence[int]) -> None:
    """Note that the alerts of these problems are claimed."""
    await connection.execute(NOTE_CLAIMED, problems)
