"""The SQL of monthly summaries: how reports stand below units, and the messages that say so."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.database.connections import Connection

SUMMARISED = "SELECT summarised FROM notifications.programme WHERE slug = $1"
NOTE_SUMMARISED = "UPDATE notifications.programme SET summarised = $2 WHERE slug = $1"
MAKE_SUMMARIES = """
    INSERT INTO notifications.message (id, programme, officer, unit, occasion, not_before, made_at, state, act_at)
    SELECT id, programme, officer, unit, occasion, not_before, $7,
           CASE WHEN $8 THEN 'uncertain' ELSE 'pending' END, CASE WHEN NOT $8 THEN now() END
    FROM unnest($1::uuid[], $2::text[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[])
         AS summary (id, programme, officer, unit, occasion, not_before)
    ON CONFLICT (occasion) DO NOTHING
"""
# What was waived is expected no more here, and what had expired before anybody could be notified is nobody's fault.
# A unit that lies below two of a subject's roots counts once. Periods of a report are of one kind: their text is their
# order. (Their deadlines are not: one that is extended may lie after the next period's.)
PERIOD_COUNTS = """
    WITH reached AS (
        SELECT DISTINCT subject.programme, subject.unit, descendant
        FROM unnest($1::text[], $2::text[], $3::text[]) AS subject (programme, unit, root)
        JOIN registry.unit_closure ON ancestor = subject.root
    )
    SELECT reached.programme, reached.unit, report, period, count(*) AS expected,
           count(*) FILTER (WHERE state = 'met') AS on_time, count(*) FILTER (WHERE state = 'late_met') AS late,
           count(*) FILTER (WHERE state IN ('open', 'overdue')) AS missing
    FROM reached JOIN notifications.obligation
         ON obligation.unit = descendant AND obligation.programme = reached.programme
    WHERE due_at <= $4 AND state NOT IN ('expired', 'waived')
    GROUP BY reached.programme, reached.unit, report, period
    ORDER BY reached.programme, reached.unit, report, period COLLATE "C"
"""


class Subject(NamedTuple):
    """What a summary is about: a unit in a programme, with the units at the `roots` of its history."""

    programme: str
    unit: str
    roots: tuple[str, ...]


class PeriodCounts(NamedTuple):
    """How many reports of one period were due below a subject's roots, and what became of them."""

    programme: str
    unit: str
    report: str
    period: str
    expected: int
    on_time: int
    late: int
    missing: int


class NewSummary(NamedTuple):
    """A message to be made; `occasion` names it, so that it exists once."""

    id: UUID
    programme: str
    officer: int
    unit: str
    occasion: str
    not_before: datetime | None


async def summarised_month(connection: Connection, programme: str) -> str | None:
    """Read the last month (2023-04) whose summaries were made."""
    month: str | None = await connection.fetchval(SUMMARISED, programme)
    return month


async def note_summarised(connection: Connection, programme: str, month: str) -> None:
    """Note that the month's summaries were made."""
    await connection.execute(NOTE_SUMMARISED, programme, month)


async def make_summaries(
    connection: Connection, summaries: Sequence[NewSummary], now: datetime, *, uncertain: bool
) -> None:
    """Make these messages; an occasion that has one already is left out. `uncertain`: they may have been sent."""
    if summaries:
        await connection.execute(MAKE_SUMMARIES, *zip(*summaries, strict=True), now, uncertain)


async def period_counts(connection: Connection, subjects: Sequence[Subject], now: datetime) -> list[PeriodCounts]:
    """Count all subjects' reports that were due by `now`, in one query: by subject and report, the oldest first."""
    asked = [(subject.programme, subject.unit, root) for subject in subjects for root in subject.roots]
    if not asked:
        return []
    return [PeriodCounts(*row) for row in await connection.fetch(PERIOD_COUNTS, *zip(*asked, strict=True), now)]
