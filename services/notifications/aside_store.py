"""The SQL of what went aside: each kind's own way to rest, and to be taken up again."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import structlog

from services.notifications.apart import Aside
from shared.database.connections import Connection

log = structlog.get_logger()
PUT = """
    INSERT INTO notifications.aside (kind, subject, programme, unit, reason, died_at)
    SELECT *, $6 FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
    ON CONFLICT (kind, subject) WHERE state = 'waiting' DO UPDATE SET reason = excluded.reason
"""
# Nobody looks at it again by itself. An opening or a summary rests while its row waits.
REST: Mapping[str, str] = {
    "obligation": "UPDATE notifications.obligation SET next_at = NULL WHERE id = ANY ($1::text[]::bigint[])",
    "problem": "UPDATE notifications.problem SET to_tell = false WHERE id = ANY ($1::text[]::bigint[])",
    "alert": """
        UPDATE notifications.alert SET state = 'failed'
        WHERE id = ANY ($1::text[]::bigint[]) AND state IN ('queued', 'muted')
    """,
    "change": """
        UPDATE notifications.change SET published = true
        FROM unnest($1::text[]) AS gone (name)
        WHERE obligation = split_part(name, '.', 1)::bigint AND revision = split_part(name, '.', 2)::integer
    """,
}
AGAIN: Mapping[str, str] = {
    "obligation": """
        UPDATE notifications.obligation SET next_at = $2
        WHERE id = ANY ($1::text[]::bigint[]) AND state IN ('open', 'overdue', 'late_met')
    """,
    "problem": """
        UPDATE notifications.problem SET to_tell = true
        WHERE id = ANY ($1::text[]::bigint[]) AND state <> 'withdrawn' AND $2::timestamptz IS NOT NULL
    """,
    # Sent anew, in a message of its own, if it is still true.
    "alert": """
        UPDATE notifications.alert SET state = 'muted', message = NULL, wake_at = $2
        WHERE id = ANY ($1::text[]::bigint[]) AND state = 'failed'
    """,
    "change": """
        UPDATE notifications.change SET published = false
        FROM unnest($1::text[]) AS again (name)
        WHERE obligation = split_part(name, '.', 1)::bigint AND revision = split_part(name, '.', 2)::integer
          AND $2::timestamptz IS NOT NULL
    """,
    # The period is opened again, which settles its answers.
    "answer": """
        DELETE FROM notifications.opening USING unnest($1::text[]) AS again (name)
        WHERE programme = split_part(name, ' ', 1) AND period = split_part(name, ' ', 2)
          AND $2::timestamptz IS NOT NULL
    """,
    # All of the month's, of which those that were made are not made twice.
    "summary": """
        UPDATE notifications.programme SET summarised = NULL
        WHERE slug IN (SELECT split_part(name, ' ', 1) FROM unnest($1::text[]) AS again (name))
          AND $2::timestamptz IS NOT NULL
    """,
}
WAITING = "SELECT count(*) FROM notifications.aside WHERE state = 'waiting'"
SUBJECTS = "SELECT subject FROM notifications.aside WHERE state = 'waiting' AND kind = $1"
LIST = """
    SELECT number, kind, subject, programme, unit, reason, died_at
    FROM notifications.aside WHERE state = 'waiting' ORDER BY number LIMIT $1
"""
NUMBERS = "SELECT number FROM notifications.aside WHERE state = 'waiting' ORDER BY number"
# The row as it is, in PostgreSQL's words: what is wrong with it may be that nobody else can read it.
SHOW = """
    SELECT aside.number, aside.kind, aside.subject, aside.programme, aside.unit, aside.reason, aside.died_at,
           aside.state, aside.settled_at,
           COALESCE(to_jsonb(obligation.*), to_jsonb(problem.*), to_jsonb(alert.*), to_jsonb(change.*))::text AS row
    FROM notifications.aside
    LEFT JOIN notifications.obligation ON aside.kind = 'obligation' AND obligation.id::text = aside.subject
    LEFT JOIN notifications.problem ON aside.kind = 'problem' AND problem.id::text = aside.subject
    LEFT JOIN notifications.alert ON aside.kind = 'alert' AND alert.id::text = aside.subject
    LEFT JOIN notifications.change ON aside.kind = 'change'
         AND change.obligation::text = split_part(aside.subject, '.', 1)
         AND change.revision::text = split_part(aside.subject, '.', 2)
    WHERE aside.number = $1
"""
# Compare and set: of two that settle the same row, one does.
SETTLE = """
    UPDATE notifications.aside SET state = $2, settled_at = $3 WHERE number = ANY ($1) AND state = 'waiting'
    RETURNING number, kind, subject
"""
OF_PROGRAMME = """
    SELECT number FROM notifications.aside WHERE state = 'waiting' AND programme = $1 AND kind <> 'opening'
"""
OF_SUBJECTS = "SELECT number FROM notifications.aside WHERE state = 'waiting' AND kind = $1 AND subject = ANY ($2)"


class WaitingAside(NamedTuple):
    """Something that went aside and waits for a person."""

    number: int
    kind: str
    subject: str
    programme: str
    unit: str
    reason: str
    died_at: datetime


class ShownAside(NamedTuple):
    """Something that went aside, with the row (JSON) that it is about as that is now."""

    number: int
    kind: str
    subject: str
    programme: str
    unit: str
    reason: str
    died_at: datetime
    state: str
    settled_at: datetime | None
    row: str | None


async def put(connection: Connection, asides: Sequence[Aside], now: datetime) -> None:
    """Put these aside in one go: noted with their reasons, and at rest. What waits already is noted once."""
    unique = {(item.kind, item.subject): item for item in asides}
    if not unique:
        return
    rows = [(a.kind, a.subject, a.programme, a.unit, a.reason) for _, a in sorted(unique.items())]
    async with connection.transaction():
        await connection.execute(PUT, *zip(*rows, strict=True), now)
        for kind, sql in REST.items():
            subjects = [subject for found, subject in unique if found == kind]
            if subjects:
                await connection.execute(sql, subjects)
    for kind, subject, _, unit, reason in rows:
        log.error("row.aside", kind=kind, subject=subject, unit=unit, reason=reason)


async def waiting(connection: Connection) -> int:
    """Count those that wait for a person."""
    count: int = await connection.fetchval(WAITING)
    return count


async def subjects(connection: Connection, kind: str) -> frozenset[str]:
    """Read which ones of a kind wait."""
    return frozenset(row["subject"] for row in await connection.fetch(SUBJECTS, kind))


async def list_waiting(connection: Connection, limit: int) -> list[WaitingAside]:
    """Read those that wait, oldest first."""
    return [WaitingAside(*row) for row in await connection.fetch(LIST, limit)]


async def numbers(connection: Connection) -> list[int]:
    """Read the numbers of those that wait."""
    return [row["number"] for row in await connection.fetch(NUMBERS)]


async def show(connection: Connection, number: int) -> ShownAside | None:
    """Read one, with the row that it is about as that is now."""
    row = await connection.fetchrow(SHOW, number)
    return ShownAside(*row) if row else None


async def drop(connection: Connection, number: int, now: datetime) -> bool:
    """Give one up; False where it doesn't wait any more."""
    return bool(await connection.fetch(SETTLE, [number], "dropped", now))


async def replay(connection: Connection, chosen: Sequence[int], machine: datetime, now: datetime) -> int:
    """Have these taken up by the next sweep, at `now` of the run; return how many waited. Those that fail wait anew."""
    async with connection.transaction():
        settled = await connection.fetch(SETTLE, chosen, "replayed", machine)
        for kind, sql in AGAIN.items():
            named = [row["subject"] for row in settled if row["kind"] == kind]
            if named:
                await connection.execute(sql, named, now)
    return len(settled)


async def replay_programme(connection: Connection, programme: str, now: datetime) -> int:
    """Have all of a programme taken up again: it, or the register, was loaded anew."""
    chosen = [row["number"] for row in await connection.fetch(OF_PROGRAMME, programme)]
    return await replay(connection, chosen, now, now) if chosen else 0


async def settle(connection: Connection, kind: str, named: Sequence[str], now: datetime) -> None:
    """Note that these went well after all."""
    chosen = [row["number"] for row in await connection.fetch(OF_SUBJECTS, kind, named)] if named else []
    if chosen:
        await connection.execute(SETTLE, chosen, "replayed", now)
