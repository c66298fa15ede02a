"""The SQL of an officer's calendar."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from shared.database.connections import Pool

OBLIGATIONS = """
    SELECT programme, report, period, unit, agency, due_at, shifted_because, state, revision
    FROM notifications.obligation
    WHERE unit = ANY ($1::text[]) AND due_at >= $2 AND due_at < '2101-01-01'
      AND state IN ('open', 'overdue', 'waived')
    ORDER BY due_at, id LIMIT 1000
"""


class CalendarObligation(NamedTuple):
    """An obligation in an officer's calendar."""

    programme: str
    report: str
    period: str
    unit: str
    agency: str
    due_at: datetime
    shifted_because: str | None  # JSON, see deadlines.Shift
    state: str
    revision: int


async def obligations(pool: Pool, units: Sequence[str], since: datetime) -> list[CalendarObligation]:
    """Read what these units owe, and what was waived, due since then."""
    return [CalendarObligation(*row) for row in await pool.fetch(OBLIGATIONS, units, since)]
