"""The SQL of an officer's own page and calendar, and of the secret that signs their links."""

import secrets
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from shared.database.connections import Pool

MAKE_SECRET = "INSERT INTO notifications.secret (secret) VALUES ($1) ON CONFLICT DO NOTHING"  # noqa: S105
SECRET = "SELECT secret FROM notifications.secret"  # noqa: S105
PAGE_OBLIGATIONS = """
    SELECT DISTINCT obligation.id, programme, report, period, unit, agency, due_at, state
    FROM notifications.obligation
    WHERE id IN (SELECT obligation FROM notifications.alert WHERE message = $1 AND officer = $2)
    ORDER BY due_at, unit, report LIMIT 500
"""
PAGE_PROBLEMS = """
    SELECT programme, unit, agency, state, text, raised_at FROM notifications.problem
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
PROBLEM_ROWS = """
    SELECT id, programme, sender, record, unit, agency, state, text, raised_at, changed_at
    FROM notifications.problem
    WHERE state <> 'withdrawn' AND ($1::text[] IS NULL OR unit = ANY ($1)) AND ($2::text IS NULL OR state = $2)
      AND ($5::text[] IS NULL OR programme = ANY ($5)) AND id > $3 ORDER BY id LIMIT $4
"""


async def link_secret(pool: Pool) -> str:
    """The secret of this installation, made at the first call."""
    await pool.execute(MAKE_SECRET, secrets.token_urlsafe(32))
    secret: str = await pool.fetchval(SECRET)
    return secret


async def programme_of(pool: Pool, message: UUID, officer: int) -> str | None:
    """The programme of an officer's message; None if they have no such message."""
    found: str | None = await pool.fetchval(MESSAGE, message, officer)
    return found


async def page_obligations(pool: Pool, message: UUID, officer: int) -> list[Any]:
    """The obligations that a message told its officer of, as they are now."""
    return list(await pool.fetch(PAGE_OBLIGATIONS, message, officer))


async def page_problems(pool: Pool, message: UUID, officer: int) -> list[Any]:
    """The problems that a message told of, and those that the officer was told of and that are open."""
    return list(await pool.fetch(PAGE_PROBLEMS, message, officer))


async def calendar_obligations(pool: Pool, units: Sequence[str], since: datetime) -> list[Any]:
    """What these units owe, due since then."""
    return list(await pool.fetch(CALENDAR_OBLIGATIONS, units, since))


async def problem_rows(
    pool: Pool,
    *,
    programmes: Sequence[str] | None,
    units: Sequence[str] | None,
    state: str | None,
    after: int,
    limit: int,
) -> list[Any]:
    """Problems in order of their id, those after `after`."""
    return list(await pool.fetch(PROBLEM_ROWS, units, state, after, limit, programmes))
