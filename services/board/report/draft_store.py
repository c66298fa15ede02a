"""The SQL of drafts and submissions. A draft has a version: who changes an older one than there is changes nothing."""

from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from asyncpg import Record

from services.board.report.draft import Answers, FigureAnswer
from shared.database.connections import Connection
from shared.domain.obligation_name import ObligationName

OPEN = """
    INSERT INTO board.draft (programme, report, unit, agency, period, officer, changed_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING
"""
DRAFT = """
    SELECT number, version, answers, officer, changed_at FROM board.draft
    WHERE (programme, report, unit, agency, period) = ($1, $2, $3, $4, $5)
"""
KEEP = """
    UPDATE board.draft SET answers = $7, officer = $8, changed_at = $9, version = version + 1
    WHERE (programme, report, unit, agency, period) = ($1, $2, $3, $4, $5) AND version = $6
    RETURNING number, version, answers, officer, changed_at
"""
SUBMISSION = """
    SELECT number, obligation, answers, events, officer, device, handed_in_at, accepted_at, refused_at
    FROM board.submission WHERE (programme, report, unit, agency, period) = ($1, $2, $3, $4, $5) AND number = $6
"""
SUBMISSIONS = """
    SELECT number, obligation, answers, events, officer, device, handed_in_at, accepted_at, refused_at
    FROM board.submission WHERE (programme, report, unit, agency, period) = ($1, $2, $3, $4, $5)
    ORDER BY number DESC LIMIT $6
"""
CLAIM = """
    INSERT INTO board.submission
           (programme, report, unit, agency, period, number, version, obligation, answers, events, officer, device,
            handed_in_at)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
"""
# Only what is still under way is settled, so that a second answer to the same events changes nothing.
SETTLE = """
    UPDATE board.submission SET accepted_at = $7, refused_at = $8, events = NULL
    WHERE (programme, report, unit, agency, period) = ($1, $2, $3, $4, $5) AND number = $6 AND events IS NOT NULL
"""
# What was accepted is no draft any more, what was refused or typed since stays one; the number is used up in any case.
# Whoever has an older page open is told since when there is another draft.
NEXT = """
    UPDATE board.draft SET number = draft.number + 1, version = draft.version + 1, changed_at = $8,
           answers = CASE WHEN $7 AND draft.version = submission.version THEN '{}' ELSE draft.answers END
    FROM board.submission
    WHERE (draft.programme, draft.report, draft.unit, draft.agency, draft.period, draft.number)
        = ($1, $2, $3, $4, $5, $6)
      AND (submission.programme, submission.report, submission.unit, submission.agency, submission.period,
           submission.number) = ($1, $2, $3, $4, $5, $6)
"""
# Of each figure the last answer that was accepted: a correction answers only what it changes.
LAST_ANSWERS = """
    SELECT DISTINCT ON (figure.key) figure.key, figure.value, number, obligation, handed_in_at
    FROM board.submission CROSS JOIN LATERAL jsonb_each(answers -> 'figures') AS figure
    WHERE (programme, report, unit, agency, period) = ($1, $2, $3, $4, $5) AND accepted_at IS NOT NULL
    ORDER BY figure.key, number DESC
"""
ACCEPTED = """
    SELECT DISTINCT programme, report, unit, agency, period FROM board.submission
    WHERE (programme, report, unit, agency, period) IN (SELECT * FROM unnest($1::text[], $2::text[], $3::text[],
                                                                             $4::text[], $5::text[]))
      AND accepted_at > $6
"""
HANDED_IN = """
    SELECT DISTINCT ON (programme, report, unit, agency, period) programme, report, unit, agency, period, number,
           accepted_at
    FROM board.submission
    WHERE (programme, report, unit, agency, period) IN (SELECT * FROM unnest($1::text[], $2::text[], $3::text[],
                                                                             $4::text[], $5::text[]))
      AND accepted_at IS NOT NULL
    ORDER BY programme, report, unit, agency, period, number DESC
"""
MOST_LETTERS = 1 << 20  # of a draft: a figure with all its parts has 40,000, an activity 2,000
KEPT_SUBMISSIONS = 20  # of a report, that its history shows; what was answered last is found behind any number


class ReportKey(NamedTuple):
    """Whose report of which period it is: the identity of drafts and submissions."""

    programme: str
    report: str
    unit: str
    agency: str
    period: str


def key_of(name: ObligationName) -> ReportKey:
    """Take an obligation's identity out of its name: the epoch is the name's alone."""
    return ReportKey(name.programme, name.report, name.unit, name.agency, name.period)


@dataclass(frozen=True, slots=True)
class Draft:
    """What has been typed so far, the number of the submission that it will be, and its version."""

    number: int
    version: int
    answers: Answers
    officer: str
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class Submission:
    """What was handed in. `events` are there until intake has taken or refused them."""

    number: int
    obligation: str
    answers: Answers
    events: str | None
    officer: str
    device: str | None
    handed_in_at: datetime
    accepted_at: datetime | None
    refused_at: datetime | None


class HandedIn(NamedTuple):
    """The last submission of a report that intake has taken: its number, and when."""

    number: int
    at: datetime


class LastAnswer(NamedTuple):
    """How a figure was answered last, and in which submission."""

    answer: FigureAnswer
    number: int
    obligation: str
    handed_in_at: datetime


class LongDraftError(Exception):
    """The draft is longer than any report: nobody has typed that."""


class StaleDraftError(Exception):
    """The draft was changed meanwhile, in another tab or by a colleague."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What is to be handed in: of which draft, by whom, when by the run's clock."""

    number: int
    version: int
    obligation: str
    answers: Answers
    events: str
    officer: str
    device: str | None
    at: datetime


async def open_draft(connection: Connection, key: ReportKey, officer: str, now: datetime) -> Draft:
    """Read the report's draft; an empty one, which is nowhere yet, where nothing has been typed."""
    row = await connection.fetchrow(DRAFT, *key)
    return _draft(row) if row is not None else Draft(1, 1, Answers(), officer, now)


async def keep_draft(
    connection: Connection, key: ReportKey, version: int, answers: Answers, officer: str, now: datetime
) -> Draft:
    """Keep the answers in place of those of this version. Raises StaleDraftError where there are newer ones, and
    LongDraftError.
    """
    kept = answers.model_dump_json(exclude_defaults=True)
    if len(kept) > MOST_LETTERS:
        raise LongDraftError
    await connection.execute(OPEN, *key, officer, now)
    row = await connection.fetchrow(KEEP, *key, version, kept, officer, now)
    if row is None:
        raise StaleDraftError
    return _draft(row)


async def claim_submission(connection: Connection, key: ReportKey, claim: Claim) -> Submission:
    """Claim the draft's number for what is handed in: one submission, however often it is handed in.

    A number that was claimed before gives what was handed in then, whatever is handed in now. Raises StaleDraftError
    where the draft is a newer one than the claim's.
    """
    async with connection.transaction():
        await connection.execute(OPEN, *key, claim.officer, claim.at)
        draft = _draft(await connection.fetchrow(f"{DRAFT} FOR UPDATE", *key))
        before = await find_submission(connection, key, claim.number)
        if before is not None:
            return before
        if (draft.number, draft.version) != (claim.number, claim.version):
            raise StaleDraftError
        await connection.execute(
            CLAIM, *key, claim.number, claim.version, claim.obligation, _without_texts(claim.answers), claim.events,
            claim.officer, claim.device, claim.at,
        )  # fmt: skip
        made = await find_submission(connection, key, claim.number)
    if made is None:
        raise LookupError("a submission that was just claimed is there")
    return made


async def accept_submission(connection: Connection, key: ReportKey, number: int, at: datetime) -> None:
    """Note that intake has taken the events: the next draft begins empty, or with what was typed since."""
    await _settle(connection, key, number, at, None)


async def refuse_submission(connection: Connection, key: ReportKey, number: int, at: datetime) -> None:
    """Note that intake has refused the events, all of them: the draft goes on under the next number."""
    await _settle(connection, key, number, None, at)


async def find_submission(connection: Connection, key: ReportKey, number: int) -> Submission | None:
    """Read one submission of the report."""
    row = await connection.fetchrow(SUBMISSION, *key, number)
    return _submission(row) if row is not None else None


async def list_submissions(connection: Connection, key: ReportKey) -> list[Submission]:
    """Read the report's submissions, the newest first."""
    return [_submission(row) for row in await connection.fetch(SUBMISSIONS, *key, KEPT_SUBMISSIONS)]


async def last_answers(connection: Connection, key: ReportKey) -> dict[str, LastAnswer]:
    """Read how each figure of the report was answered last, in what intake has taken; by the figures' keys."""
    rows = await connection.fetch(LAST_ANSWERS, *key)
    return {figure: LastAnswer(FigureAnswer.model_validate_json(answer), *sent) for figure, answer, *sent in rows}


async def accepted_of(connection: Connection, names: Iterable[ObligationName], since: datetime) -> frozenset[str]:
    """Name those of these reports of which intake has taken a submission since then."""
    by_key = {key_of(name): str(name) for name in names}
    rows = await connection.fetch(ACCEPTED, *_columns(by_key), since)
    return frozenset(by_key[ReportKey(*row)] for row in rows)


async def handed_in_of(connection: Connection, names: Iterable[ObligationName]) -> dict[str, HandedIn]:
    """Find of each of these reports, by its name, the last submission that intake has taken, where there is one."""
    by_key = {key_of(name): str(name) for name in names}
    rows = await connection.fetch(HANDED_IN, *_columns(by_key))
    return {by_key[ReportKey(*key)]: HandedIn(number, at) for *key, number, at in rows}


def _columns(keys: Collection[ReportKey]) -> Iterator[list[str]]:
    """List what the keys have in each of their fields, as `unnest` takes it."""
    return ([key[at] for key in keys] for at in range(len(ReportKey._fields)))


async def _settle(
    connection: Connection, key: ReportKey, number: int, accepted: datetime | None, refused: datetime | None
) -> None:
    async with connection.transaction():
        status = await connection.execute(SETTLE, *key, number, accepted, refused)
        if status == "UPDATE 1":
            await connection.execute(NEXT, *key, number, accepted is not None, accepted or refused)


def _without_texts(answers: Answers) -> str:
    """Leave out what problems say: it is handed in, and kept nowhere else."""
    bare = tuple(item.model_copy(update={"typed": {}}) for item in answers.problems)
    return answers.model_copy(update={"problems": bare}).model_dump_json(exclude_defaults=True)


def _draft(row: Record | None) -> Draft:
    if row is None:
        raise LookupError("a draft that was opened is there")
    return Draft(
        row["number"], row["version"], Answers.model_validate_json(row["answers"]), row["officer"], row["changed_at"]
    )


def _submission(row: Record) -> Submission:
    return Submission(**{**row, "answers": Answers.model_validate_json(row["answers"])})
