"""The SQL of what the read API shows: obligations with their history, alerts, problems."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.database.connections import Connection, Pool
from shared.domain.obligation_name import ObligationName

ONE_OBLIGATION = """
    SELECT id, unit, agency, report, period, due_at, shifted_because, state, met_at, cycle, programme,
           (SELECT reason FROM notifications.change
            WHERE change.obligation = obligation.id AND change.cycle = obligation.cycle AND by IS NOT NULL
            ORDER BY revision DESC LIMIT 1) AS reason
    FROM notifications.obligation
"""
EPOCH = "SELECT epoch FROM notifications.epoch"


def _listed(after: str, order: str) -> str:
    """Make the query of a page of obligations, each with the last step of the escalation that was reached in its cycle:
    of two of one instant the higher one. Only where a step is asked for are more rows looked at than are shown.
    """
    return f"""
        SELECT obligation.*, said.step, said.made_at
        FROM ({ONE_OBLIGATION}
              WHERE ($1::text[] IS NULL OR programme = ANY ($1)) AND ($2::text IS NULL OR report = $2)
                AND ($3::text[] IS NULL OR unit = ANY ($3)) AND ($4::text[] IS NULL OR period = ANY ($4))
                AND ($5::text IS NULL OR state = $5) AND {after}
                AND ($6::text IS NULL OR EXISTS (
                    SELECT FROM notifications.alert
                    WHERE alert.obligation = obligation.id AND alert.cycle = obligation.cycle AND alert.step = $6))
              ORDER BY {order} LIMIT CASE WHEN $6::text IS NULL THEN $10::bigint END) AS obligation
        LEFT JOIN LATERAL (
            SELECT alert.step, alert.made_at FROM notifications.alert
            JOIN unnest($7::text[], $8::text[], $9::integer[]) AS known (programme, step, place)
                 ON known.programme = obligation.programme AND known.step = alert.step
            WHERE alert.obligation = obligation.id AND alert.cycle = obligation.cycle
            ORDER BY alert.made_at DESC, known.place DESC LIMIT 1
        ) AS said ON true
        WHERE $6 IS NULL OR said.step = $6
        ORDER BY {order} LIMIT $10
    """  # noqa: S608 - constants


BY_ID = _listed("id > $11", "id")
BY_DUE = _listed("($12::timestamptz IS NULL OR (due_at, id) > ($12, $11::bigint))", "due_at, id")
ALERT_ROWS = """
    SELECT alert.id, alert.obligation, alert.problem, alert.cycle, alert.step, alert.occurrence,
           alert.unit AS addressed_unit, COALESCE(obligation.unit, problem.unit) AS unit,
           COALESCE(obligation.agency, problem.agency) AS agency,
           COALESCE(obligation.programme, problem.programme) AS programme, obligation.report, obligation.period,
           alert.state, alert.reason, alert.made_at, message.id AS message, message.channel, message.sent_at,
           message.attempts, message.error, alert.officer, officer.name AS officer_name, officer.channels
    FROM notifications.alert
    LEFT JOIN notifications.obligation ON obligation.id = alert.obligation
    LEFT JOIN notifications.problem ON problem.id = alert.problem
    LEFT JOIN notifications.message ON message.id = alert.message
    LEFT JOIN registry.officer ON officer.id = alert.officer
    WHERE ($1::text[] IS NULL OR COALESCE(obligation.unit, problem.unit) = ANY ($1))
      AND ($8::text[] IS NULL OR COALESCE(obligation.programme, problem.programme) = ANY ($8))
      AND ($2::bigint IS NULL OR alert.officer = $2 AND ($9::text[] IS NULL OR alert.unit = ANY ($9)))
      AND ($3::text IS NULL OR alert.step = $3) AND ($4::timestamptz IS NULL OR alert.made_at >= $4) AND alert.id > $5
      AND ($7::text IS NULL OR alert.state = $7)
    ORDER BY alert.id LIMIT $6
"""
# Summaries carry no alert; what was kept back, or waited for an officer's quiet hours to end, none that is new.
MESSAGES_BESIDE = """
    SELECT message.id, message.programme, message.unit, message.occasion IS NOT NULL AS summary, message.state,
           message.channel, message.error, officer.name AS officer_name
    FROM notifications.message LEFT JOIN registry.officer ON officer.id = message.officer
    WHERE (message.made_at >= $1 OR message.sent_at >= $1) AND NOT EXISTS (
        SELECT FROM notifications.alert WHERE alert.message = message.id AND alert.made_at >= $1)
    ORDER BY message.made_at, message.id
"""
OBLIGATION = f"""{ONE_OBLIGATION}
    WHERE programme = $1 AND report = $2 AND unit = $3 AND agency = $4 AND period = $5
"""
HISTORY = """
    SELECT revision, change, state, cycle, due_at, met_at, at, by, reason, key, device
    FROM notifications.change WHERE obligation = $1 ORDER BY revision
"""
PROBLEM_ROWS = """
    SELECT id, programme, sender, record, unit, agency, state, text, raised_at, changed_at
    FROM notifications.problem
    WHERE state <> 'withdrawn' AND ($1::text[] IS NULL OR unit = ANY ($1)) AND ($2::text IS NULL OR state = $2)
      AND ($5::text[] IS NULL OR programme = ANY ($5)) AND ($6::text IS NULL OR agency = $6)
      AND ($7::text IS NULL OR record = $7) AND id > $3
    ORDER BY id LIMIT $4
"""


class ObligationRow(NamedTuple):
    """An obligation as it stands."""

    id: int
    unit: str
    agency: str
    report: str
    period: str
    due_at: datetime
    shifted_because: str | None  # JSON, see deadlines.Shift
    state: str
    met_at: datetime | None
    cycle: int
    programme: str
    reason: str | None  # of its last extension, or its waiver


class Wanted(NamedTuple):
    """Which obligations are wanted: None where it doesn't matter. `step` is the last one that was reached."""

    programmes: Sequence[str] | None
    report: str | None
    units: Sequence[str] | None
    periods: Sequence[str] | None
    state: str | None
    step: str | None


class PageAsked(NamedTuple):
    """Which page of a list: so many rows behind the row `after`, in order of ids or, `by_due`, of deadlines and ids."""

    limit: int
    after: int
    by_due: bool = False
    after_due: datetime | None = None


class ListedObligation(NamedTuple):
    """An obligation with the last step of the escalation that was reached in its cycle, and when; None for none."""

    obligation: ObligationRow
    step: str | None
    step_at: datetime | None


class ChangeRow(NamedTuple):
    """One thing that happened to an obligation, who decided it and why."""

    revision: int
    change: str
    state: str
    cycle: int
    due_at: datetime
    met_at: datetime | None
    at: datetime
    by: str | None
    reason: str | None
    key: str | None  # by whose key
    device: str | None  # on which device of the officer's


class AlertRow(NamedTuple):
    """An alert with what it is about, the message that carries it, and the officer with their addresses."""

    id: int
    obligation: int | None
    problem: int | None
    cycle: int
    step: str
    occurrence: int
    addressed_unit: str
    unit: str
    agency: str
    programme: str
    report: str | None
    period: str | None
    state: str
    reason: str | None
    made_at: datetime
    message: UUID | None
    channel: str | None
    sent_at: datetime | None
    attempts: int | None
    error: str | None
    officer: int | None
    officer_name: str | None
    channels: list[str] | None


class MessageBeside(NamedTuple):
    """A message that carries no new alert: a summary, or one that was made or begun before."""

    id: UUID
    programme: str
    unit: str
    summary: bool
    state: str
    channel: str | None
    error: str | None
    officer_name: str | None


class ProblemRow(NamedTuple):
    """A problem as it stands."""

    id: int
    programme: str
    sender: str
    record: str
    unit: str
    agency: str
    state: str
    text: str | None
    raised_at: datetime | None
    changed_at: datetime


async def obligations(
    pool: Pool,
    wanted: Wanted,
    steps: Sequence[tuple[str, str, int]],
    page: PageAsked,
) -> list[ListedObligation]:
    """Read a page of obligations. `steps` are those of the escalations: programme, slug and place."""
    known = zip(*steps, strict=True) if steps else ((), (), ())
    order, begins = (BY_DUE, (page.after, page.after_due)) if page.by_due else (BY_ID, (page.after,))
    rows = await pool.fetch(order, *wanted, *known, page.limit, *begins)
    return [ListedObligation(ObligationRow(*row), step, at) for *row, step, at in rows]


async def epoch(pool: Pool) -> int:
    """Read the epoch of this database: what stands last in every obligation's name."""
    number: int = await pool.fetchval(EPOCH)
    return number


async def find_obligation(pool: Pool, name: ObligationName) -> ObligationRow | None:
    """Read the obligation of this name, whatever epoch it names."""
    row = await pool.fetchrow(OBLIGATION, name.programme, name.report, name.unit, name.agency, name.period)
    return ObligationRow(*row) if row else None


async def history(pool: Pool, obligation: int) -> list[ChangeRow]:
    """Read all that happened to an obligation, oldest first."""
    return [ChangeRow(*row) for row in await pool.fetch(HISTORY, obligation)]


async def alerts(
    pool: "Pool | Connection",
    *,
    units: Sequence[str] | None,
    officer: int | None,
    step: str | None,
    since: datetime | None,
    after: int,
    limit: int,
    state: str | None = None,
    programmes: Sequence[str] | None = None,
    addressed: Sequence[str] | None = None,
) -> list[AlertRow]:
    """Read alerts in order of their id, those after `after`; an officer's only where `addressed` has the officer's
    unit.
    """
    rows = await pool.fetch(ALERT_ROWS, units, officer, step, since, after, limit, state, programmes, addressed)
    return [AlertRow(*row) for row in rows]


async def messages_beside(connection: Connection, since: datetime) -> list[MessageBeside]:
    """Read the messages made or sent since then that carry no alert claimed since then."""
    return [MessageBeside(*row) for row in await connection.fetch(MESSAGES_BESIDE, since)]


async def problems(
    pool: Pool,
    *,
    programmes: Sequence[str] | None,
    units: Sequence[str] | None,
    agency: str | None,
    record: str | None,
    state: str | None,
    after: int,
    limit: int,
) -> list[ProblemRow]:
    """Read problems in order of their id, those after `after`."""
    rows = await pool.fetch(PROBLEM_ROWS, units, state, after, limit, programmes, agency, record)
    return [ProblemRow(*row) for row in rows]
