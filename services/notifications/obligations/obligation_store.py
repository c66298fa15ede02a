"""The SQL of obligations: opening, answering, sweeping."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from services.notifications.obligations.deadlines import Deadline
from services.notifications.obligations.submissions import Answer, Verdict
from shared.database.connections import Connection
from shared.domain.events import ObligationState as State

Key = tuple[str, str, str, str, str]  # programme, period, report, unit, agency
_SWEEP_LOCK = 0x6B69_7001  # one sweeper among all replicas
_OPENING_LOCK = 0x6B69_7002  # answers and openings must see each other

SEE_PROGRAMME = """
    WITH fresh AS (
        INSERT INTO notifications.programme (slug, first_seen_at) VALUES ($1, $2)
        ON CONFLICT (slug) DO NOTHING RETURNING first_seen_at
    )
    SELECT first_seen_at FROM fresh UNION ALL SELECT first_seen_at FROM notifications.programme WHERE slug = $1
"""
OPENINGS = "SELECT programme, period, fingerprint FROM notifications.opening"
REMEMBER_OPENING = """
    INSERT INTO notifications.opening VALUES ($1, $2, $3)
    ON CONFLICT (programme, period) DO UPDATE SET fingerprint = excluded.fingerprint
"""
# A changed calendar moves future deadlines only; what is not open any more is history.
OPEN_OBLIGATIONS = """
    WITH opened AS (
        INSERT INTO notifications.obligation
               (programme, period, report, unit, agency, level, due_at, shifted_because, state, next_at, revision)
        SELECT $1, $2, $3, unit, $4, $5, $6, $7::jsonb, $8, $9, 1 FROM unnest($10::text[]) AS unit
        ON CONFLICT (programme, period, report, unit, agency) DO UPDATE
           SET due_at = excluded.due_at, shifted_because = excluded.shifted_because, next_at = excluded.next_at,
               revision = obligation.revision + 1
         WHERE obligation.state = 'open' AND NOT obligation.extended
           AND obligation.due_at > $11 AND excluded.due_at > $11 AND obligation.due_at <> excluded.due_at
        RETURNING *
    )
    INSERT INTO notifications.change (obligation, revision, change, state, cycle, due_at, met_at, at)
    SELECT id, revision, CASE state WHEN 'open' THEN 'opened' ELSE state END, state, cycle, due_at, met_at, $11
    FROM opened
"""
LOOK_AGAIN = """
    WITH changed AS (
        UPDATE notifications.programme SET planned_by = $2
        WHERE slug = $1 AND planned_by IS DISTINCT FROM $2 RETURNING slug
    ), moved AS (
        UPDATE notifications.obligation SET next_at = $3 FROM changed
        WHERE obligation.programme = changed.slug AND state IN ('open', 'overdue') AND next_at IS DISTINCT FROM $3
    )
    SELECT EXISTS (SELECT FROM changed)
"""
# A copy that was accepted before what is known moves the acceptance: the earliest counts, whichever comes first.
KEEP_ANSWERS = """
    INSERT INTO notifications.answer
           (programme, report, period, unit, agency, sender, source, id, revision, time, accepted_at, submitted, item,
            deprecates)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[],
                         $9::bigint[], $10::timestamptz[], $11::timestamptz[], $12::boolean[], $13::text[],
                         $14::text[])
    ON CONFLICT (programme, period, report, unit, agency, source, id, sender) DO UPDATE
       SET accepted_at = excluded.accepted_at
     WHERE excluded.accepted_at < answer.accepted_at
       AND (excluded.revision, excluded.time, excluded.submitted, excluded.item)
           IS NOT DISTINCT FROM (answer.revision, answer.time, answer.submitted, answer.item)
"""
UNSETTLED = """
    SELECT DISTINCT programme, period, report, unit, agency
    FROM notifications.answer JOIN notifications.obligation USING (programme, period, report, unit, agency)
    WHERE programme = $1 AND period = $2 AND state IN ('open', 'overdue', 'expired') AND met_at IS NULL
"""
ANSWERED_OBLIGATIONS = """
    SELECT obligation.id, programme, period, report, unit, agency, due_at, state, met_at
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
         AS key (programme, period, report, unit, agency)
    JOIN notifications.obligation USING (programme, period, report, unit, agency)
    ORDER BY obligation.id FOR UPDATE OF obligation
"""
ANSWERS = """
    SELECT programme, report, period, unit, agency, sender, source, id, revision, time, accepted_at, submitted, item,
           deprecates
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[])
         AS key (programme, period, report, unit, agency)
    JOIN notifications.answer USING (programme, period, report, unit, agency)
"""
# Reopening begins a new cycle: its steps count anew. A late report is looked at once more: who was notified that it was
# late hears of it.
SETTLE = """
    WITH settled AS (
        UPDATE notifications.obligation SET
            state = verdict.state, met_at = verdict.met_at,
            cycle = cycle + verdict.reopened::integer,
            reopened_at = COALESCE(verdict.reopened_at, obligation.reopened_at),
            next_at = CASE WHEN verdict.state IN ('open', 'overdue', 'late_met') THEN $6::timestamptz END,
            revision = revision + 1
        FROM unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::boolean[], $5::timestamptz[])
             AS verdict (id, state, met_at, reopened, reopened_at)
        WHERE obligation.id = verdict.id
        RETURNING obligation.*, verdict.reopened
    )
    INSERT INTO notifications.change (obligation, revision, change, state, cycle, due_at, met_at, at)
    SELECT id, revision, CASE WHEN reopened THEN 'reopened' WHEN state = 'open' THEN 'opened' ELSE state END,
           state, cycle, due_at, met_at, $6
    FROM settled
"""
DUE = "SELECT id, programme, unit FROM notifications.obligation WHERE next_at <= $1 ORDER BY id FOR UPDATE"
OBLIGATIONS = """
    SELECT id, programme, report, unit, agency, due_at, state, cycle, reopened_at, met_at
    FROM notifications.obligation WHERE id = ANY ($1::bigint[]) ORDER BY id
"""
SENT_TURNS = """
    SELECT DISTINCT alert.obligation, alert.step, alert.occurrence
    FROM notifications.obligation JOIN notifications.alert
         ON alert.obligation = obligation.id AND alert.cycle = obligation.cycle
    WHERE obligation.id = ANY ($1::bigint[])
"""
MOVE_OBLIGATIONS = """
    WITH moved AS (
        UPDATE notifications.obligation
        SET state = move.state, next_at = move.next_at,
            revision = revision + (obligation.state <> move.state)::integer
        FROM unnest($1::bigint[], $2::text[], $3::timestamptz[]) AS move (id, state, next_at)
        WHERE obligation.id = move.id
        RETURNING obligation.*, old.state AS former
    )
    INSERT INTO notifications.change (obligation, revision, change, state, cycle, due_at, met_at, at)
    SELECT id, revision, state, state, cycle, due_at, met_at, $4 FROM moved WHERE state <> former
"""
REQUEST_SWEEP = "UPDATE notifications.sweeper SET requested = requested + 1 RETURNING requested"
SWEEPER = "SELECT served, swept_at, held FROM notifications.sweeper"
SWEEPERS_UP = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'kip-notifications-listener'"
REQUESTED_SWEEP = "SELECT requested FROM notifications.sweeper"
SWEPT = "UPDATE notifications.sweeper SET served = GREATEST(served, $1), swept_at = $2, held = $3"
OBLIGATION_COUNTS = """
    SELECT programme, report, level, state, count(*) AS count FROM notifications.obligation GROUP BY 1, 2, 3, 4
"""


@dataclass(frozen=True, slots=True)
class Opening:
    """The obligations of one report at one level for one period."""

    programme: str
    period: str
    report: str
    agency: str
    level: str
    deadline: Deadline
    state: State
    next_at: datetime | None
    units: Sequence[str]


class DueKey(NamedTuple):
    """An obligation that has to be looked at: enough of it to say whose it is where the rest can't be read."""

    id: int
    programme: str
    unit: str


class DueObligation(NamedTuple):
    """An obligation that has to be looked at."""

    id: int
    programme: str
    report: str
    unit: str
    agency: str
    due_at: datetime
    state: str
    cycle: int
    reopened_at: datetime | None
    met_at: datetime | None


class Move(NamedTuple):
    """The state that an obligation is given, and when to look at it again (None: never by itself)."""

    id: int
    state: str
    next_at: datetime | None


class AnsweredObligation(NamedTuple):
    """An obligation that something was handed in for, or withdrawn."""

    id: int
    programme: str
    period: str
    report: str
    unit: str
    agency: str
    due_at: datetime
    state: str
    met_at: datetime | None

    @property
    def key(self) -> Key:
        """What answers name it by."""
        return self.programme, self.period, self.report, self.unit, self.agency


class StateCount(NamedTuple):
    """How many obligations of a programme's report at a level are in a state."""

    programme: str
    report: str
    level: str
    state: str
    obligations: int


class LastSweep(NamedTuple):
    """The last request that was served, the run's time of the last sweep, and which events it waited for."""

    served: int
    swept_at: datetime | None
    held: str | None


async def try_sweep_lock(connection: Connection) -> bool:
    """Become the one sweeper until `connection` gives the lock back or ends; False if another replica is."""
    got: bool = await connection.fetchval("SELECT pg_try_advisory_lock($1)", _SWEEP_LOCK)
    return got


async def give_back_sweep_lock(connection: Connection) -> None:
    """Let another replica sweep."""
    await connection.execute("SELECT pg_advisory_unlock($1)", _SWEEP_LOCK)


async def lock_openings(connection: Connection) -> None:
    """Wait until no answer is being taken, and keep others out until the caller's transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", _OPENING_LOCK)


async def lock_answers(connection: Connection) -> None:
    """Wait until no period is being opened, and keep openings out until the caller's transaction ends."""
    await connection.execute("SELECT pg_advisory_xact_lock_shared($1)", _OPENING_LOCK)


async def first_seen(connection: Connection, programme: str, now: datetime) -> datetime:
    """Read when this database first met the programme: `now` if it is new."""
    seen: datetime = await connection.fetchval(SEE_PROGRAMME, programme, now)
    return seen


async def openings(connection: Connection) -> dict[tuple[str, str], bytes]:
    """Read the fingerprint under which each (programme, period) was opened."""
    rows = await connection.fetch(OPENINGS)
    return {(row["programme"], row["period"]): row["fingerprint"] for row in rows}


async def open_obligations(connection: Connection, items: Iterable[Opening], now: datetime) -> int:
    """Open these obligations, and move the deadlines of those that are open already; return how many rows changed."""
    changed = 0
    for item in items:
        shift = item.deadline.shifted_because
        status = await connection.execute(
            OPEN_OBLIGATIONS, item.programme, item.period, item.report, item.agency, item.level,
            item.deadline.due_at, json.dumps(shift.as_json(), ensure_ascii=False) if shift else None,
            str(item.state), item.next_at, item.units, now,
        )  # fmt: skip
        changed += int(status.rpartition(" ")[2])
    return changed


async def remember_opening(connection: Connection, programme: str, period: str, fingerprint: bytes) -> None:
    """Note the fingerprint under which a period was opened."""
    await connection.execute(REMEMBER_OPENING, programme, period, fingerprint)


async def unsettled(connection: Connection, programme: str, period: str) -> list[Key]:
    """Find the obligations of a period that are not met although something was handed in for them."""
    return [tuple(row) for row in await connection.fetch(UNSETTLED, programme, period)]


async def look_again(connection: Connection, programme: str, planned_by: bytes, now: datetime) -> bool:
    """Have every unfinished obligation of the programme planned anew if what plans are made of, `planned_by`, has
    changed; return whether it has.
    """
    return bool(await connection.fetchval(LOOK_AGAIN, programme, planned_by, now))


async def keep_answers(connection: Connection, answers: Sequence[Answer]) -> None:
    """Keep these answers, each once, in the order given: sorted, or two batches deadlock."""
    rows = (
        (
            a.programme, a.report, a.period, a.unit, a.agency, a.sender, a.source, a.id,
            a.revision, a.time, a.accepted_at, a.submitted, a.item, a.deprecates,
        )
        for a in answers
    )  # fmt: skip
    await connection.execute(KEEP_ANSWERS, *zip(*rows, strict=True))


async def answered(
    connection: Connection, keys: Sequence[Key]
) -> tuple[list[AnsweredObligation], dict[Key, list[Answer]]]:
    """Read these obligations, locked until the caller's transaction ends, and all answers to them."""
    columns = list(zip(*keys, strict=True))
    obligations = [AnsweredObligation(*row) for row in await connection.fetch(ANSWERED_OBLIGATIONS, *columns)]
    answers: dict[Key, list[Answer]] = {}
    for row in await connection.fetch(ANSWERS, *columns):
        answer = Answer(*row)
        answers.setdefault(answer.key, []).append(answer)
    return obligations, answers


async def write_verdicts(connection: Connection, verdicts: Sequence[tuple[int, Verdict]], now: datetime) -> None:
    """Write what becomes of obligations, each with the change that is published."""
    if verdicts:
        rows = (
            (id_, str(verdict.state), verdict.met_at, verdict.reopened, verdict.reopened_at)
            for id_, verdict in verdicts
        )
        await connection.execute(SETTLE, *zip(*rows, strict=True), now)


async def due_keys(connection: Connection, now: datetime) -> list[DueKey]:
    """Find what has to be looked at by `now`, locked until the caller's transaction ends."""
    return [DueKey(*row) for row in await connection.fetch(DUE, now)]


async def due_obligations(connection: Connection, ids: Sequence[int]) -> list[DueObligation]:
    """Read these obligations. Raises OverflowError where one has a time that Python doesn't know."""
    return [DueObligation(*row) for row in await connection.fetch(OBLIGATIONS, ids)]


async def sent_turns(connection: Connection, obligations: Sequence[int]) -> dict[int, frozenset[tuple[str, int]]]:
    """Find the (step, turn) pairs that were claimed in each obligation's cycle."""
    found: dict[int, set[tuple[str, int]]] = {}
    for obligation, step, turn in await connection.fetch(SENT_TURNS, obligations):
        found.setdefault(obligation, set()).add((step, turn))
    return {id_: frozenset(turns) for id_, turns in found.items()}


async def move_obligations(connection: Connection, moves: Sequence[Move], now: datetime) -> None:
    """Set state and next look inside the caller's transaction, which holds the rows."""
    await connection.execute(MOVE_OBLIGATIONS, *zip(*moves, strict=True), now)


async def request_sweep(connection: Connection) -> int:
    """Ask whatever service runs for a sweep; return the request's number."""
    number: int = await connection.fetchval(REQUEST_SWEEP)
    return number


async def last_sweep(connection: Connection) -> LastSweep:
    """Read what the last sweep was."""
    row = await connection.fetchrow(SWEEPER)
    return LastSweep(*row) if row else LastSweep(0, None, None)


async def services_up(connection: Connection) -> int:
    """Count the notifications services that are connected to the database."""
    count: int = await connection.fetchval(SWEEPERS_UP)
    return count


async def requested_sweep(connection: Connection) -> int:
    """Read the number of the last sweep that was asked for."""
    number: int = await connection.fetchval(REQUESTED_SWEEP)
    return number


async def swept(connection: Connection, served: int, now: datetime, held: str | None) -> None:
    """Note that a sweep at `now` ended well."""
    await connection.execute(SWEPT, served, now, held)


async def state_counts(connection: Connection) -> list[StateCount]:
    """Count obligations by programme, report, level and state."""
    return [StateCount(*row) for row in await connection.fetch(OBLIGATION_COUNTS)]
