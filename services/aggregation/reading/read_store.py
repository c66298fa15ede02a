"""The SQL of the read path."""

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import NamedTuple, TypeAlias

import asyncpg
from pydantic_core import from_json

from services.aggregation.ledger import LedgerEvent
from services.aggregation.parts import WHOLE, Counters, Parts, add_part
from shared.database.connections import Connection
from shared.domain.canonical import EventBody
from shared.domain.claims import RecordKey

EventName: TypeAlias = tuple[str, str]  # (source, id)
Reporter: TypeAlias = tuple[str, str]  # (unit, agency)
NOTHING = "\x01"  # no part's name begins with a control character

WHOLES = """
    SELECT unit, sum(records)::bigint, sum(reported)::bigint, sum(numerator)::bigint, sum(denominator)::bigint,
           sum(people)::bigint, sum(female)::bigint, sum(amount)::bigint
    FROM aggregation.cell
    WHERE unit = ANY($1) AND subject = ANY($2) AND period = ANY($3) AND programme = $4
    GROUP BY unit
"""
# The same of many figures at once, each for itself.
EACH_WHOLE = """
    SELECT programme, subject, period, unit, sum(records)::bigint, sum(reported)::bigint, sum(numerator)::bigint,
           sum(denominator)::bigint, sum(people)::bigint, sum(female)::bigint, sum(amount)::bigint
    FROM aggregation.cell
    WHERE unit = ANY($1) AND subject = ANY($2) AND period = ANY($3) AND programme = ANY($4)
    GROUP BY programme, subject, period, unit
"""
EACH_PART = """
    SELECT programme, subject, period, unit, part.key AS by, part.value AS counters
    FROM aggregation.cell CROSS JOIN json_each(parts) AS part
    WHERE unit = ANY($1) AND subject = ANY($2) AND period = ANY($3) AND programme = ANY($4) AND part.key = ANY($5)
"""
# One part by its name, and with a prefix also the parts below it.
PARTS = """
    SELECT unit, part.key AS by, part.value AS counters
    FROM aggregation.cell CROSS JOIN json_each(parts) AS part
    WHERE unit = ANY($1) AND subject = ANY($2) AND period = ANY($3) AND programme = $4
      AND (part.key = $5 OR starts_with(part.key, $6))
"""
UNITS_ONCE = """
    SELECT DISTINCT unit FROM aggregation.cell
    WHERE programme = $1 AND subject = ANY($2) AND period = ANY($3) AND once AND (parts -> $4 ->> 0)::bigint > 0
"""
LIVE_REPORTERS = """
    SELECT programme, subject, period, unit, agency
    FROM unnest($1::text[], $2::text[], $3::text[]) AS asked (programme, subject, period)
    JOIN aggregation.record USING (programme, subject, period)
    WHERE alive AND (subject LIKE 'indicator:%' OR subject LIKE 'report:%')
"""
LIVE_AMONG = f"{LIVE_REPORTERS} AND unit = ANY($4)"
WAIVED = """
    SELECT subject, period, unit, agency FROM aggregation.record
    WHERE programme = $1 AND subject = ANY($2) AND period = ANY($3) AND alive AND state = 'waived'
"""
# The last state of each reporter in a range of periods; those of one kind sort as texts.
LAST_STATES = """
    SELECT DISTINCT ON (record.unit, record.agency)
           record.province, record.sender, ledger.kind, record.unit, record.time, ledger.data
    FROM aggregation.record
    JOIN aggregation.ledger USING (id, source, sender, province)
    WHERE record.programme = $1 AND record.subject = $2 AND record.period BETWEEN $3 AND $4 AND record.alive
      AND (record.subject LIKE 'indicator:%' OR record.subject LIKE 'report:%')
    ORDER BY record.unit, record.agency, record.period DESC
"""
STATE = """
    SELECT coalesce(sum(batch), 0)::bigint, ARRAY(SELECT DISTINCT names FROM aggregation.shape ORDER BY names)
    FROM aggregation.progress
"""
_EVENT = (
    "province, sender, kind, unit, time, source, id, accepted_at, data, officer, device"  # as LedgerEvent.of has it
)
# A withdrawal of an activity names only the record: all of the units' are read, and parted by the record's key.
BEHIND = f"""
    SELECT {_EVENT} FROM aggregation.ledger
    WHERE unit = ANY($1) AND kind = ANY($2) AND data->>'programme' = ANY($3)
      AND (unit, id, source, sender) > ($4, $5, $6, $7)
      AND ((data->>'programme', data->>$8::text) IN (SELECT * FROM unnest($3::text[], $9::text[]))
           AND (data->>'period' = ANY($10) OR data->>'held_on' BETWEEN $11 AND $12)
           OR kind = 'record.retracted' AND $8 = 'activity' AND data->>'record' IS NOT NULL)
    ORDER BY unit, id, source, sender LIMIT $13
"""  # noqa: S608 - a constant
# By the units, which have an index: no other look-up of records in the ledger is worth one.
REVISIONS = f"""
    SELECT {_EVENT} FROM aggregation.ledger
    WHERE unit = ANY($1) AND kind = ANY($2) AND data->>'programme' = $3 AND data->>'record' = ANY($4)
    ORDER BY unit, id LIMIT $5
"""  # noqa: S608 - a constant
# Of each place the records of one unit that count, by the event on which they rest. An activity is held in these days.
COUNTING = """
    SELECT record.subject, record.key, ledger.province, ledger.sender, ledger.kind, ledger.unit, ledger.time,
           ledger.source, ledger.id, ledger.accepted_at, ledger.data, ledger.officer, ledger.device
    FROM unnest($1::text[], $2::text[], $3::text[]) AS asked (programme, subject, period)
    JOIN aggregation.record USING (programme, subject, period)
    JOIN aggregation.ledger ON (ledger.id, ledger.source, ledger.sender, ledger.province)
                             = (record.id, record.source, record.sender, record.province)
    WHERE record.unit = $4 AND record.alive AND ($5::text IS NULL OR record.agency = $5)
      AND (ledger.kind <> 'activity.recorded' OR ledger.data->>'held_on' BETWEEN $6 AND $7)
      AND (record.subject, record.key) > ($8, $9)
    ORDER BY record.subject, record.key LIMIT $10
"""
# A figure may have been pushed every night: of each name and agency the last ones.
REPORTED = f"""
    SELECT {_EVENT} FROM (
        SELECT *, row_number() OVER (
            PARTITION BY data->>'programme', data->>'indicator', data->>'agency' ORDER BY accepted_at DESC, source, id
        ) AS place
        FROM aggregation.ledger
        WHERE unit = $1 AND kind = 'indicator.reported' AND ($2::text IS NULL OR data->>'agency' = $2)
          AND data->>'period' = $3
          AND (data->>'programme', data->>'indicator') IN (SELECT * FROM unnest($4::text[], $5::text[]))
    ) AS event
    WHERE place <= $6 ORDER BY accepted_at DESC, source, id
"""  # noqa: S608 - a constant
# `kind` is that of the event on which the record rests: of one that another record supersedes, that one's.
STANDING = """
    SELECT key, province, source, id, sender, alive, ledger.kind
    FROM aggregation.record LEFT JOIN aggregation.ledger USING (id, source, sender, province) WHERE key = ANY($1)
"""
EVENTS = f"""
    SELECT {_EVENT}
    FROM unnest($1::text[], $2::text[]) AS asked (source, id) JOIN aggregation.ledger USING (id, source)
"""  # noqa: S608 - a constant
CONFLICTS = """
    SELECT DISTINCT source, id, sender, kind, unit, data->>'programme', data->>'indicator'
    FROM unnest($1::text[], $2::text[]) AS asked (source, id) JOIN aggregation.conflict USING (id, source)
"""
# Of what could not be read, each field that can be: what is missing is seen by nobody but its sender.
DEAD = r"""
    SELECT DISTINCT event->>'source', event->>'id', event->>'sender',
           substring(event->>'type' FROM '^vn\.kip\.(.+)\.v1$'), event->>'subject', event->'data'->>'programme',
           event->'data'->>'indicator', reason
    FROM aggregation.dead
    WHERE (event->>'source', event->>'id') IN (SELECT * FROM unnest($1::text[], $2::text[])) AND state = 'waiting'
"""


class StandingRecord(NamedTuple):
    """The event that a record rests on, and whether that leaves it alive. No kind: the ledger lost the event."""

    source: str
    id: str
    sender: str
    alive: bool
    kind: str | None


class Target(NamedTuple):
    """Where records stand that are looked for: a programme, a subject and a native period."""

    programme: str
    subject: str
    period: str


class Counting(NamedTuple):
    """A record that counts, by its subject and key, and the event on which it rests."""

    subject: str
    key: str
    event: LedgerEvent


class AsideEvent(NamedTuple):
    """An event that is not in the ledger: a conflict, or a dead one. None where what came doesn't say.

    `reason` is why it is dead.
    """

    source: str
    id: str
    sender: str | None
    kind: str | None
    unit: str | None
    programme: str | None
    indicator: str | None
    reason: str = ""


async def read_cells(
    connection: Connection,
    programme: str,
    subjects: Sequence[str],
    periods: Sequence[str],
    units: Sequence[str],
    part: str = "",
    below: str = NOTHING,
) -> dict[str, dict[str, Counters]]:
    """Read the counters of each unit by `by`, added up over subjects, periods and a root's provinces.

    The part `part`, and those whose name begins with `below`.
    """
    asked = (units, subjects, periods, programme)
    found: dict[str, Parts] = defaultdict(dict)
    if part == WHOLE:
        for unit, *whole in await connection.fetch(WHOLES, *asked):
            found[unit][WHOLE] = whole
    if part != WHOLE or below != NOTHING:
        for unit, by, counters in await connection.fetch(PARTS, *asked, part, below):
            add_part(found[unit], by, from_json(counters), 1)
    return {unit: {by: Counters(*sums) for by, sums in parts.items()} for unit, parts in found.items()}


async def units_once(
    connection: Connection, programme: str, subjects: Sequence[str], periods: Sequence[str], part: str
) -> list[str]:
    """Read the units with at least one record in any of the periods."""
    return [unit for (unit,) in await connection.fetch(UNITS_ONCE, programme, subjects, periods, part)]


async def each_cell(
    connection: Connection, targets: Collection[Target], parts: Collection[str], units: Sequence[str]
) -> dict[tuple[Target, str], dict[str, Counters]]:
    """Read the counters of each unit by target and part, added up over a root's provinces; at least those asked."""
    found: dict[tuple[Target, str], dict[str, Parts]] = defaultdict(lambda: defaultdict(dict))
    programmes, subjects, periods = (list({*column}) for column in zip(*targets, strict=True))
    asked = (units, subjects, periods, programmes)
    if WHOLE in parts:
        for programme, subject, period, unit, *whole in await connection.fetch(EACH_WHOLE, *asked):
            found[Target(programme, subject, period), WHOLE][unit][WHOLE] = whole
    named = [part for part in parts if part != WHOLE]
    if named:
        for programme, subject, period, unit, by, counters in await connection.fetch(EACH_PART, *asked, named):
            add_part(found[Target(programme, subject, period), by][unit], by, from_json(counters), 1)
    return {
        (target, part): {unit: Counters(*sums[part]) for unit, sums in by_unit.items()}
        for (target, part), by_unit in found.items()
    }


async def live_reporters(
    connection: Connection, targets: Collection[Target], units: Sequence[str] | None = None
) -> dict[Target, set[Reporter]]:
    """Read by target who has a live record there, of all units or of these."""
    found: dict[Target, set[Reporter]] = {target: set() for target in targets}
    places = zip(*targets, strict=True) if targets else ((), (), ())
    asked = (LIVE_REPORTERS, *places) if units is None else (LIVE_AMONG, *places, units)
    for *target, unit, agency in await connection.fetch(*asked):
        found[Target(*target)].add((unit, agency))
    return found


async def waived(
    connection: Connection, programme: str, reports: Sequence[str], periods: Sequence[str]
) -> dict[tuple[str, str], set[Reporter]]:
    """Read by report and period whose obligation is waived."""
    found: dict[tuple[str, str], set[Reporter]] = defaultdict(set)
    subjects = [f"obligation:{report}" for report in reports]
    for subject, period, unit, agency in await connection.fetch(WAIVED, programme, subjects, periods):
        found[subject.removeprefix("obligation:"), period].add((unit, agency))
    return found


async def last_states(connection: Connection, programme: str, subject: str, first: str, last: str) -> list[EventBody]:
    """Read what each reporter of a state reported last, from one period to another."""
    rows = await connection.fetch(LAST_STATES, programme, subject, first, last)
    return [
        EventBody(province, sender, kind, unit, time, from_json(data))
        for province, sender, kind, unit, time, data in rows
    ]


async def state(connection: Connection) -> tuple[int, tuple[str | None, ...]]:
    """Read a number that changes with every batch, and by which families (`Families.mark`) the provinces' records are
    named: None among them while some are made anew.
    """
    ((batch, names),) = await connection.fetch(STATE)
    return batch, tuple(names)


async def events_of(connection: Connection, names: Sequence[EventName]) -> list[LedgerEvent]:
    """Read what the ledger holds under these names: of several senders perhaps."""
    return [LedgerEvent.of(*row) for row in await _of_names(connection, EVENTS, names)]


async def conflicts_of(connection: Connection, names: Sequence[EventName]) -> list[AsideEvent]:
    """Read who sent another body under an identity that was taken, and about what."""
    return [AsideEvent(*row) for row in await _of_names(connection, CONFLICTS, names)]


async def dead_of(connection: Connection, names: Sequence[EventName]) -> list[AsideEvent]:
    """Read what could not be applied and waits for a person."""
    return [AsideEvent(*row) for row in await _of_names(connection, DEAD, names)]


async def _of_names(connection: Connection, query: str, names: Sequence[EventName]) -> list[asyncpg.Record]:
    return list(await connection.fetch(query, *zip(*names, strict=True))) if names else []


async def standing(connection: Connection, keys: Sequence[str]) -> dict[RecordKey, StandingRecord]:
    """Read the records under these keys, of whichever province."""
    rows = await connection.fetch(STANDING, keys)
    return {(key, province): StandingRecord(*columns) for key, province, *columns in rows}


async def behind(
    connection: Connection,
    programmes: Sequence[str],
    units: Sequence[str],
    kinds: Sequence[str],
    field: str,
    slugs: Sequence[str],
    periods: Sequence[str],
    days: tuple[str, str],
    after: tuple[str, str, str, str],
    limit: int,
) -> list[LedgerEvent]:
    """Read the events of these units that name one of the slugs in `field`, each beside the programme of its place in
    `programmes`, in these periods or on these days.
    """
    rows = await connection.fetch(BEHIND, units, kinds, programmes, *after, field, slugs, periods, *days, limit)
    return [LedgerEvent.of(*row) for row in rows]


async def revisions(
    connection: Connection,
    programme: str,
    units: Sequence[str],
    kinds: Sequence[str],
    records: Sequence[str],
    limit: int,
) -> list[LedgerEvent]:
    """Read the events of these units about activities of these names, whoever sent them."""
    rows = await connection.fetch(REVISIONS, units, kinds, programme, records, limit)
    return [LedgerEvent.of(*row) for row in rows]


async def counting(
    connection: Connection,
    unit: str,
    agency: str | None,
    targets: Sequence[Target],
    days: tuple[str, str],
    after: tuple[str, str],
    limit: int,
) -> list[Counting]:
    """Read the unit's records that count, of one agency or all, by subject and key."""
    places = zip(*targets, strict=True) if targets else ((), (), ())
    rows = await connection.fetch(COUNTING, *places, unit, agency, *days, *after, limit)
    return [Counting(subject, key, LedgerEvent.of(*event)) for subject, key, *event in rows]


async def reported(
    connection: Connection, unit: str, agency: str | None, period: str, names: Sequence[tuple[str, str]], most: int
) -> list[LedgerEvent]:
    """Read the last events of the unit about each of these indicators, by (programme, slug), the newest first."""
    places = zip(*names, strict=True) if names else ((), ())
    return [LedgerEvent.of(*row) for row in await connection.fetch(REPORTED, unit, agency, period, *places, most)]
