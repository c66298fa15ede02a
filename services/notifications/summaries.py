"""The monthly summary: one message to each lead officer of a unit, on the month's first working morning."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from services.notifications.escalation import policy_of, wanted_agencies
from shared.db import Connection, Pool
from shared.programme import Programme
from shared.registry.officers import Officer, officers_at
from shared.registry.snapshot import Registry
from shared.units import Unit, Units

PERIODS = 4  # of each report, the latest last
SUMMARISED = "SELECT summarised FROM notifications.programme WHERE slug = $1"
NOTE_SUMMARISED = "UPDATE notifications.programme SET summarised = $2 WHERE slug = $1"
MAKE_SUMMARIES = """
    INSERT INTO notifications.message (id, programme, officer, unit, occasion, not_before, made_at)
    SELECT id, $1, officer, unit, occasion, not_before, $7
    FROM unnest($2::uuid[], $3::bigint[], $4::text[], $5::text[], $6::timestamptz[])
         AS summary (id, officer, unit, occasion, not_before)
    ON CONFLICT (occasion) DO NOTHING
"""
# What was waived is expected no more here, and what had expired before anybody could be told is nobody's fault.
STANDING = """
    SELECT report, period, max(due_at) AS due_at, count(*) AS expected,
           count(*) FILTER (WHERE state = 'met') AS on_time, count(*) FILTER (WHERE state = 'late_met') AS late,
           count(*) FILTER (WHERE state IN ('open', 'overdue')) AS missing
    FROM notifications.obligation
    WHERE programme = $1 AND due_at <= $3 AND state NOT IN ('expired', 'waived')
      AND unit IN (SELECT descendant FROM registry.unit_closure WHERE ancestor = ANY ($2::text[]))
    GROUP BY report, period ORDER BY report, max(due_at)
"""


@dataclass(frozen=True, slots=True)
class Standing:
    """How one report of one period stands below a unit. `change` is in points of the share on time since the last."""

    report: str
    period: str
    expected: int
    on_time: int
    late: int
    missing: int
    change: float | None

    @property
    def percent(self) -> float:
        """The share that came on time."""
        return 100 * self.on_time / self.expected


async def claim_summaries(connection: Connection, registry: Registry, now: datetime) -> int:
    """Make this month's summaries if they are due and there is something to say; return how many."""
    made = 0
    for slug, programme in sorted(registry.programmes.items()):
        hours = policy_of(programme).hours
        local = now.astimezone(hours.zone)
        month = f"{local:%Y-%m}"
        first = hours.days.roll(local.date().replace(day=1))
        if not programme.summary_levels or now < hours.opening(first) or hours.next_open(now) > now:
            continue
        if await connection.fetchval(SUMMARISED, slug) == month:
            continue
        async with connection.transaction():
            made += await _make(connection, registry, programme, month, now)
            await connection.execute(NOTE_SUMMARISED, slug, month)
    return made


async def _make(connection: Connection, registry: Registry, programme: Programme, month: str, now: datetime) -> int:
    zone = policy_of(programme).hours.zone
    today = now.astimezone(zone).date()
    readers: list[tuple[Officer, str]] = []
    units = [u for u in registry.units if u.level in programme.summary_levels and u.in_force(today)]
    there: dict[str, list[Officer]] = {}
    for officer in await officers_at(connection, [unit.uid for unit in units]):
        there.setdefault(officer.unit, []).append(officer)
    lead = programme.lead(today)
    wanted = (wanted_agencies(programme, lead, 1, today) | {lead}) if lead else frozenset()
    for unit in units:
        known = there.get(unit.uid, [])
        if known and await standing(connection, registry.units, programme, unit, now):
            chosen = [officer for officer in known if officer.agency in wanted] or known
            readers += ((officer, unit.uid) for officer in chosen)
    if readers:
        free = [officer.free_at(now, zone) for officer, _ in readers]
        await connection.execute(
            MAKE_SUMMARIES,
            programme.slug,
            [uuid4() for _ in readers],
            [officer.id for officer, _ in readers],
            [uid for _, uid in readers],
            [f"summary {programme.slug} {month} {officer.id}" for officer, _ in readers],
            [at if at > now else None for at in free],
            now,
        )
    return len(readers)


async def standing(
    connection: "Connection | Pool", units: Units, programme: Programme, unit: Unit, now: datetime
) -> list[Standing]:
    """The latest periods of each report below a unit and those that it came from, oldest first."""
    rows = await connection.fetch(STANDING, programme.slug, list(_with_predecessors(units, unit)), now)
    by_report: dict[str, list[Any]] = {}
    for row in rows:
        by_report.setdefault(row["report"], []).append(row)
    return [item for known in by_report.values() for item in _trend(known)]


def _trend(rows: Sequence[Any]) -> Iterator[Standing]:
    before: Standing | None = None
    for place, row in enumerate(rows):
        share = 100 * row["on_time"] / row["expected"]
        change = None if before is None else share - before.percent
        before = Standing(
            row["report"], row["period"], row["expected"], row["on_time"], row["late"], row["missing"], change
        )
        if place >= len(rows) - PERIODS:
            yield before


def _with_predecessors(units: Units, unit: Unit) -> Iterator[str]:
    yield unit.uid
    for former in units.predecessors(unit.uid):
        yield from _with_predecessors(units, former)
