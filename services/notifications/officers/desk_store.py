"""The SQL of an officer's desk."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from services.notifications.read_store import ONE_OBLIGATION, ObligationRow
from shared.database.connections import Pool
from shared.domain.obligation_name import ObligationName

OWED = f"""{ONE_OBLIGATION}
    WHERE unit = ANY ($1::text[]) AND state IN ('open', 'overdue') ORDER BY due_at, id LIMIT $2
"""
LATE = f"""{ONE_OBLIGATION}
    JOIN unnest($1::text[], $2::text[]) AS below (programme, agency) USING (programme, agency)
    WHERE unit = ANY ($3::text[]) AND state = 'overdue' ORDER BY due_at, id LIMIT $4
"""
SETTLED = f"""{ONE_OBLIGATION}
    WHERE unit = ANY ($1::text[]) AND state NOT IN ('open', 'overdue') AND (due_at > $2 OR met_at > $2)
    ORDER BY due_at DESC, id DESC LIMIT $3
"""
BY_ID = f"{ONE_OBLIGATION} WHERE id = ANY ($1::bigint[])"
PROBLEMS = """
    SELECT id, programme, unit, agency, state, text, raised_at FROM notifications.problem
    WHERE state = 'raised' AND id IN (SELECT problem FROM notifications.alert
                                      WHERE officer = $1 AND problem IS NOT NULL AND state IN ('queued', 'sent'))
    ORDER BY raised_at, id LIMIT $2
"""
# Of a message that was sent at $4, and listed what was open, also what its officer had been notified of by then.
NAMED_PROBLEMS = """
    SELECT id, programme, unit, agency, state, text, raised_at FROM notifications.problem
    WHERE state <> 'withdrawn'
      AND (id IN (SELECT problem FROM notifications.alert WHERE message = $1 AND officer = $2)
           OR programme = $3 AND (state = 'raised' OR changed_at > $4)
              AND id IN (SELECT problem FROM notifications.alert
                         WHERE officer = $2 AND problem IS NOT NULL AND state IN ('queued', 'sent') AND made_at <= $4))
    ORDER BY raised_at, id LIMIT $5
"""
ACKNOWLEDGED = """
    SELECT acknowledgement.programme, report, unit, agency, period, LEAST(until, '2101-01-01') AS until,
           false AS reminders_only
    FROM notifications.acknowledgement
    LEFT JOIN notifications.obligation ON obligation.id = acknowledgement.obligation
    WHERE officer = $1 AND until > $2
    UNION ALL
    SELECT programme, NULL, NULL, NULL, NULL, LEAST(until, '2101-01-01'), true
    FROM notifications.mute WHERE officer = $1 AND until > $2
    ORDER BY until, programme, report, unit, agency, period
"""


class DeskProblem(NamedTuple):
    """A problem that the officer was notified of."""

    id: int
    programme: str
    unit: str
    agency: str
    state: str
    text: str | None
    raised_at: datetime | None


class DeskAcknowledgement(NamedTuple):
    """What the officer has acknowledged until when; without a report all of the programme."""

    programme: str
    report: str | None
    unit: str | None
    agency: str | None
    period: str | None
    until: datetime
    reminders_only: bool  # a mail program's own button has paused them

    def name(self, epoch: int) -> ObligationName | None:
        """Name the obligation; None where it is about all of the programme."""
        if self.report is None or self.unit is None or self.agency is None or self.period is None:
            return None
        return ObligationName(self.programme, self.report, self.unit, self.agency, self.period, epoch)


async def owed(pool: Pool, units: Sequence[str], limit: int) -> list[ObligationRow]:
    """Read what is open or overdue at these units."""
    return [ObligationRow(*row) for row in await pool.fetch(OWED, units, limit)]


async def settled(pool: Pool, units: Sequence[str], since: datetime, limit: int) -> list[ObligationRow]:
    """Read what these units owe no more and was due or came since then, the latest deadline first."""
    return [ObligationRow(*row) for row in await pool.fetch(SETTLED, units, since, limit)]


async def late(
    pool: Pool, agencies: Sequence[tuple[str, str]], units: Sequence[str], limit: int
) -> list[ObligationRow]:
    """Read what these (programme, agency) owe at these units and is overdue."""
    if not agencies or not units:
        return []
    return [ObligationRow(*row) for row in await pool.fetch(LATE, *zip(*agencies, strict=True), units, limit)]


async def by_id(pool: Pool, obligations: Sequence[int]) -> list[ObligationRow]:
    """Read these obligations."""
    return [ObligationRow(*row) for row in await pool.fetch(BY_ID, obligations)] if obligations else []


async def problems(pool: Pool, officer: int, limit: int) -> list[DeskProblem]:
    """Read the open problems that the officer was notified of."""
    return [DeskProblem(*row) for row in await pool.fetch(PROBLEMS, officer, limit)]


async def named_problems(
    pool: Pool, message: UUID, officer: int, programme: str, sent_at: datetime | None, limit: int
) -> list[DeskProblem]:
    """Read the problems that a message named; `sent_at` where it listed all that were open then."""
    rows = await pool.fetch(NAMED_PROBLEMS, message, officer, programme, sent_at, limit)
    return [DeskProblem(*row) for row in rows]


async def acknowledged(pool: Pool, officer: int, now: datetime) -> list[DeskAcknowledgement]:
    """Read what the officer has acknowledged and has not ended."""
    return [DeskAcknowledgement(*row) for row in await pool.fetch(ACKNOWLEDGED, officer, now)]
