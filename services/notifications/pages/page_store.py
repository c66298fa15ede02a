"""The SQL of an officer's own page and calendar, and of the secret that signs their links."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from shared.database.connections import Pool

MAKE_SECRET = "INSERT INTO notifications.secret (secret) VALUES ($1) ON CONFLICT DO NOTHING"  # noqa: S105
SECRET = "SELECT secret FROM notifications.secret"  # noqa: S105
PAGE_OBLIGATIONS = """
    SELECT DISTINCT obligation.id, unit, report, period, due_at, state
    FROM notifications.obligation
    WHERE id IN (SELECT obligation FROM notifications.alert WHERE message = $1 AND officer = $2)
    ORDER BY due_at, unit, report LIMIT 500
"""
PAGE_PROBLEMS = """
    SELECT unit, agency, state, text FROM notifications.problem
    WHERE id IN (SELECT problem FROM notifications.alert WHERE officer = $2 AND state IN ('queued', 'sent'))
      AND (state = 'raised' OR id IN (SELECT problem FROM notifications.alert WHERE message = $1 AND officer = $2))
    ORDER BY raised_at, id LIMIT 100
"""
MESSAGE = "SELECT programme FROM notifications.message WHERE id = $1 AND officer = $2"
CALENDAR_OBLIGATIONS = """
    SELECT programme, report, period, unit, agency, due_at, shifted_because, state, revision
    FROM notifications.obligation
    WHERE unit = ANY ($1::text[]) AND due_at >= $2 AND due_at < '2101-01-01' AND state <> 'expired'
    ORDER BY due_at, id LIMIT 1000
"""


class PageObligation(NamedTuple):
    """An obligation that a message named, as it is now."""

    id: int
    unit: str
    report: str
    period: str
    due_at: datetime
    state: str


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


async def programme_of(pool: Pool, message: UUID, officer: int) -> str | None:
    """Find the programme of an officer's message; None if they have no such message."""
    found: str | None = await pool.fetchval(MESSAGE, message, officer)
    return found


async def page_obligations(pool: Pool, message: UUID, officer: int) -> list[PageObligation]:
    """Read the obligations that a message notified its officer of, as they are now."""
    return [PageObligation(*row) for row in await pool.fetch(PAGE_OBLIGATIONS, message, officer)]


async def page_problems(pool: Pool, message: UUID, officer: int) -> list[PageProblem]:
    """Read the problems that a message named, and those that the officer was notified of and that are open."""
    return [PageProblem(*row) for row in await pool.fetch(PAGE_PROBLEMS, message, officer)]


async def calendar_obligations(pool: Pool, units: Sequence[str], since: datetime) -> list[CalendarObligation]:
    """Read what these units owe, due since then."""
    return [CalendarObligation(*row) for row in await pool.fetch(CALENDAR_OBLIGATIONS, units, since)]
