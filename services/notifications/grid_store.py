"""The SQL of the grid of units × periods."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from shared.database.connections import Pool

COUNTS = """
    SELECT line, period, state, count(*), min(unit), min(agency)
    FROM unnest($1::text[], $2::text[]) AS place (unit, line)
    JOIN notifications.obligation USING (unit)
    WHERE programme = $3 AND report = $4 AND period = ANY ($5)
    GROUP BY line, period, state
"""


class Counted(NamedTuple):
    """How many obligations of a line and period stand in one state. Of a single one `unit` and `agency` owe it."""

    line: str
    period: str
    state: str
    number: int
    unit: str
    agency: str


async def counts(
    pool: Pool, lines: Mapping[str, str], programme: str, report: str, periods: Sequence[str]
) -> list[Counted]:
    """Count the obligations of these units by the line that each belongs to, by period and state."""
    rows = await pool.fetch(COUNTS, list(lines), list(lines.values()), programme, report, periods)
    return [Counted(*row) for row in rows]
