"""The SQL of an officer's own page and calendar, and of the secret that signs their links."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

from asyncpg import Record

from shared.database.connections import Pool
from shared.domain.obligation_name import ObligationName

MOST_OBLIGATIONS, MOST_PROBLEMS = 500, 100  # on one page
MAKE_SECRET = "INSERT INTO notifications.secret (secret) VALUES ($1) ON CONFLICT DO NOTHING"  # noqa: S105
SECRET = "SELECT secret FROM notifications.secret"  # noqa: S105
# Of more than a page holds, those that can still be handed in or decided come first.
PAGE_OBLIGATIONS = """
    SELECT count(*) OVER () AS whole, obligation.id, programme, unit, agency, report, period, due_at, state,
           (SELECT reason FROM notifications.change
            WHERE change.obligation = obligation.id AND change.cycle = obligation.cycle AND by IS NOT NULL
            ORDER BY revision DESC LIMIT 1) AS reason
    FROM notifications.obligation
    WHERE id IN (SELECT obligation FROM notifications.alert WHERE message = $1 AND officer = $2)
    ORDER BY state NOT IN ('open', 'overdue'), due_at, unit, report, id LIMIT $3
"""
NAMED_OBLIGATIONS = """
    SELECT DISTINCT obligation FROM notifications.alert
    WHERE message = $1 AND officer = $2 AND obligation IS NOT NULL ORDER BY obligation
"""
PAGE_PROBLEMS = """
    SELECT count(*) OVER () AS whole, unit, agency, state, text FROM notifications.problem
    WHERE programme = (SELECT programme FROM notifications.message WHERE id = $1)
      AND id IN (SELECT problem FROM notifications.alert WHERE officer = $2 AND state IN ('queued', 'sent'))
      AND (state = 'raised' OR id IN (SELECT problem FROM notifications.alert WHERE message = $1 AND officer = $2))
    ORDER BY state <> 'raised', raised_at, id LIMIT $3
"""
CALENDAR_OBLIGATIONS = """
    SELECT programme, report, period, unit, agency, due_at, shifted_because, state, revision
    FROM notifications.obligation
    WHERE unit = ANY ($1::text[]) AND due_at >= $2 AND due_at < '2101-01-01'
      AND state IN ('open', 'overdue', 'waived')
    ORDER BY due_at, id LIMIT 1000
"""


Row = TypeVar("Row")


class Shown(NamedTuple, Generic[Row]):
    """What a page shows, and how many more there are."""

    rows: Sequence[Row]
    more: int = 0


class PageObligation(NamedTuple):
    """An obligation that a message named, as it is now; `reason` is why it was extended or waived."""

    id: int
    programme: str
    unit: str
    agency: str
    report: str
    period: str
    due_at: datetime
    state: str
    reason: str | None

    def name(self, epoch: int) -> str:
        """Write its name in this epoch of the database."""
        return str(ObligationName(self.programme, self.report, self.unit, self.agency, self.period, epoch))


class PageProblem(NamedTuple):
    """A problem that the officer was notified of, as it is now."""

    unit: str
    agency: str
    state: str
    text: str | None


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


async def link_secret(pool: Pool) -> str:
    """Read the secret of this installation, made at the first call."""
    await pool.execute(MAKE_SECRET, secrets.token_urlsafe(32))
    secret: str = await pool.fetchval(SECRET)
    return secret


async def page_obligations(pool: Pool, message: UUID, officer: int) -> Shown[PageObligation]:
    """Read the obligations that a message notified its officer of, as they are now."""
    found = await pool.fetch(PAGE_OBLIGATIONS, message, officer, MOST_OBLIGATIONS)
    return Shown([PageObligation(*row) for _, *row in found], _more(found))


async def named_obligations(pool: Pool, message: UUID, officer: int) -> list[int]:
    """List all obligations that a message notified its officer of, shown or not."""
    return [row["obligation"] for row in await pool.fetch(NAMED_OBLIGATIONS, message, officer)]


async def page_problems(pool: Pool, message: UUID, officer: int) -> Shown[PageProblem]:
    """Read the problems that a message named, and those of its programme that the officer was notified of and that are
    open.
    """
    found = await pool.fetch(PAGE_PROBLEMS, message, officer, MOST_PROBLEMS)
    return Shown([PageProblem(*row) for _, *row in found], _more(found))


def _more(found: Sequence[Record]) -> int:
    """Count what there is beside these rows, each of which says how many there are in all."""
    whole: int = found[0]["whole"] if found else 0
    return whole - len(found)


async def calendar_obligations(pool: Pool, units: Sequence[str], since: datetime) -> list[CalendarObligation]:
    """Read what these units owe, and what was waived, due since then."""
    return [CalendarObligation(*row) for row in await pool.fetch(CALENDAR_OBLIGATIONS, units, since)]
