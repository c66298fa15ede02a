"""The monthly summary: one message to each lead officer of a unit, on the month's first working morning."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import uuid4

from services.notifications import aside_store
from services.notifications.alerts.escalation import policy_of, wanted_agencies
from services.notifications.apart import Asides, apart, saved
from shared.database.db import Connection, Pool
from shared.domain.units import Unit, Units
from shared.programme.model import Programme
from shared.registry.officer_store import officers_at
from shared.registry.officers import Officer
from shared.registry.snapshot import Registry

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
    SELECT report, period, count(*) AS expected,
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
    """Make this month's summaries if they are due and there is something to say; return how many.

    A programme or unit whose summary fails goes aside, and rests until it is taken up again; the others are made.
    """
    asides = Asides()
    resting = await aside_store.subjects(connection, "summary")
    made = 0
    for slug, programme in sorted(registry.programmes.items()):
        if f"{slug} summary" in resting:
            continue
        with asides.unless_sound("summary", f"{slug} summary", slug):
            month = _month_due(programme, now)
            if month is None or await connection.fetchval(SUMMARISED, slug) == month:
                continue
            async with connection.transaction():
                made += await _make(connection, registry, programme, month, now, asides)
                await connection.execute(NOTE_SUMMARISED, slug, month)
    await aside_store.put(connection, asides.found, now)
    return made


def _month_due(programme: Programme, now: datetime) -> str | None:
    """The month whose summaries may be made now."""
    hours = policy_of(programme).hours
    local = now.astimezone(hours.zone)
    first = hours.days.roll(local.date().replace(day=1))
    if not programme.summary_levels or now < hours.opening(first) or hours.next_open(now) > now:
        return None
    return f"{local:%Y-%m}"


async def _make(
    connection: Connection, registry: Registry, programme: Programme, month: str, now: datetime, asides: Asides
) -> int:
    zone = policy_of(programme).hours.zone
    today = now.astimezone(zone).date()
    units = [u for u in registry.units if u.level in programme.summary_levels and u.in_force(today)]
    lead = programme.lead(today)
    wanted = (wanted_agencies(programme, lead, 1, today) | {lead}) if lead else frozenset()

    async def readers_of(some: Sequence[Unit]) -> list[tuple[Officer, str, datetime]]:
        there: dict[str, list[Officer]] = {}
        for officer in await officers_at(connection, [unit.uid for unit in some]):
            there.setdefault(officer.unit, []).append(officer)
        readers: list[tuple[Officer, str, datetime]] = []
        for unit in some:
            known = there.get(unit.uid, [])
            if known and await standing(connection, registry.units, programme, unit, now):
                chosen = [officer for officer in known if officer.agency in wanted] or known
                readers += ((officer, unit.uid, officer.free_at(now, zone)) for officer in chosen)
        return readers

    found = await apart(
        units,
        lambda some: saved(connection, lambda: readers_of(some)),
        lambda unit, error: asides.add(
            "summary", f"{programme.slug} {month} {unit.uid}", programme.slug, unit.uid, error
        ),
    )
    readers = [reader for some in found for reader in some]
    if readers:
        await connection.execute(
            MAKE_SUMMARIES,
            programme.slug,
            [uuid4() for _ in readers],
            [officer.id for officer, _, _ in readers],
            [uid for _, uid, _ in readers],
            [f"summary {programme.slug} {month} {officer.id}" for officer, _, _ in readers],
            [free if free > now else None for _, _, free in readers],
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
