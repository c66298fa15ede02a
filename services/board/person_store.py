"""The SQL of what the board keeps of an officer: to hand it out, and to end it with the officer.

Everything here names an officer by reference (`12.0`, `12.1`, …: the id and its generations), never by name. What was
handed in stays when the officer's row is gone: then the reference leads to nobody.
"""

import json
from datetime import datetime
from typing import Any, NamedTuple

from asyncpg import Record

from services.board.report.draft_store import ReportKey, refuse_submission
from shared.database.connections import Connection

SESSIONS = """
    SELECT officer, device, made_at, seen_at, ends_at, verified_until, ended_at, code_sent_to, code_ends_at, obligations
    FROM board.session WHERE officer ^@ $1 ORDER BY made_at, hash
"""
INVITATIONS = """
    SELECT officer, verified, made_at, ends_at, used_at FROM board.invitation WHERE officer ^@ $1
    ORDER BY made_at, hash
"""
ACTS = "SELECT officer, at, device, what, about, outcome FROM board.act WHERE officer ^@ $1 ORDER BY id"
DRAFTS = """
    SELECT officer, programme, report, unit, agency, period, number, changed_at, answers
    FROM board.draft WHERE officer ^@ $1 ORDER BY programme, report, unit, agency, period
"""
SUBMISSIONS = """
    SELECT officer, device, programme, report, unit, agency, period, number, handed_in_at, accepted_at, refused_at,
           answers, events
    FROM board.submission WHERE officer ^@ $1 ORDER BY programme, report, unit, agency, period, number
"""
KEPT = {
    "sessions": SESSIONS, "invitations": INVITATIONS, "acts": ACTS, "drafts": DRAFTS, "submissions": SUBMISSIONS,
}  # fmt: skip
END_SESSIONS = "DELETE FROM board.session WHERE officer ^@ $1"
END_INVITATIONS = "DELETE FROM board.invitation WHERE officer ^@ $1"
UNDER_WAY = """
    SELECT programme, report, unit, agency, period, number FROM board.submission
    WHERE officer ^@ $1 AND events IS NOT NULL ORDER BY programme, report, unit, agency, period, number
"""
# The row stays, for the number that the next submission has; a page that is still open is told of a newer version.
EMPTY_DRAFTS = """
    UPDATE board.draft SET answers = '{}', version = version + 1 WHERE officer ^@ $1 AND answers <> '{}'
"""
NO_REASONS = """
    UPDATE board.submission SET answers = jsonb_set(answers, '{figures}', (
        SELECT jsonb_object_agg(key, value - 'reasons') FROM jsonb_each(answers -> 'figures')))
    WHERE officer ^@ $1 AND jsonb_path_exists(answers, '$.figures.*.reasons')
"""
# What a colleague typed may quote the person. A draft's version is raised: whoever has it open would write it back.
_HIDDEN = "answers = regexp_replace(answers::text COLLATE pg_unicode_fast, $1, '•••', 'gi')::jsonb"
_QUOTES = "answers::text COLLATE pg_unicode_fast ~* $1"
HIDE = {
    "board.draft": f"UPDATE board.draft SET version = version + 1, {_HIDDEN} WHERE {_QUOTES}",  # noqa: S608
    "board.submission": f"UPDATE board.submission SET {_HIDDEN} WHERE {_QUOTES}",  # noqa: S608
}
# Sent until intake has answered, byte for byte the same: gone then.
UNDER_WAY_QUOTES = "SELECT count(*) FROM board.submission WHERE events COLLATE pg_unicode_fast ~* $1"


class Ended(NamedTuple):
    """What of an officer's ended on the board, in numbers of rows.

    `reasons` are submissions whose reasons are gone, `under_way` those that intake had not answered: they are not sent
    again.
    """

    sessions: int
    invitations: int
    drafts: int
    reasons: int
    under_way: int


async def kept_of(connection: Connection, officer: int) -> dict[str, list[dict[str, Any]]]:
    """Read all that the board keeps of an officer, by what it is. Secrets' hashes are left out."""
    of = _references(officer)
    return {name: [_shown(row) for row in await connection.fetch(sql, of)] for name, sql in KEPT.items()}


async def end(connection: Connection, officer: int, now: datetime) -> Ended:
    """End an officer's sessions, devices, links of operators and drafts, and forget what they gave as reasons.

    `now` is the run's clock. What was handed in stays; what intake had not answered counts as refused, as intake
    refuses an officer who is no more. Safe to repeat.
    """
    of = _references(officer)
    sessions = _rows(await connection.execute(END_SESSIONS, of))
    invitations = _rows(await connection.execute(END_INVITATIONS, of))
    under_way = await connection.fetch(UNDER_WAY, of)
    for *key, number in under_way:
        await refuse_submission(connection, ReportKey(*key), number, now)
    drafts = _rows(await connection.execute(EMPTY_DRAFTS, of))
    reasons = _rows(await connection.execute(NO_REASONS, of))
    return Ended(sessions, invitations, drafts, reasons, len(under_way))


async def hide(connection: Connection, pattern: str) -> dict[str, int]:
    """Put ••• for what matches (a regular expression of PostgreSQL) in what anybody typed; changed rows by table."""
    counts = {table: _rows(await connection.execute(sql, pattern)) for table, sql in HIDE.items()}
    return {table: count for table, count in counts.items() if count}


async def quoted_under_way(connection: Connection, pattern: str) -> dict[str, int]:
    """Count what is being handed in and matches, by table."""
    count = await connection.fetchval(UNDER_WAY_QUOTES, pattern)
    return {"board.submission": count} if count else {}


def _references(officer: int) -> str:
    """What every reference to an officer begins with."""
    return f"{officer}."


def _shown(row: Record) -> dict[str, Any]:
    """Make a row of what PostgreSQL has as text and is JSON."""
    read = {name: json.loads(row[name]) for name in ("answers", "events") if row.get(name) is not None}
    return {**row, **read}


def _rows(status: str) -> int:
    """Read the number at the end of a command's status, like `UPDATE 3`."""
    return int(status.rpartition(" ")[2])
