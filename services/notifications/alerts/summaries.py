"""The monthly summary: one message to each lead officer of a unit, on the month's first working morning."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby
from uuid import uuid4
from zoneinfo import ZoneInfo

from services.notifications import aside_store
from services.notifications.alerts import summary_store
from services.notifications.alerts.escalation import policy_of
from services.notifications.alerts.recipients import standing_in
from services.notifications.alerts.summary_store import NewSummary, PeriodCounts, Subject
from services.notifications.alerts.uncertain import LostTime
from services.notifications.apart import Asides, apart, saved
from shared.database.connections import Connection
from shared.domain.seats import Seats
from shared.domain.units import Unit, Units
from shared.programme.model import Programme
from shared.registry.officer_store import officers_at
from shared.registry.officers import Officer
from shared.registry.seated import by_seat
from shared.registry.snapshot import Registry

PERIODS = 4  # of each report, the latest last


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


async def claim_summaries(
    connection: Connection, registry: Registry, now: datetime, lost: LostTime | None = None
) -> int:
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
            due = _month_due(programme, now)
            month = f"{due:%Y-%m}" if due is not None else None
            if due is None or month is None or await summary_store.summarised_month(connection, slug) == month:
                continue
            async with connection.transaction():
                summaries = await _summaries(connection, registry, programme, month, now, asides)
                uncertain = lost is not None and lost.has(due)
                await summary_store.make_summaries(connection, summaries, now, uncertain=uncertain)
                await summary_store.note_summarised(connection, slug, month)
            made += len(summaries)
    await aside_store.put(connection, asides.found, now)
    return made


def _month_due(programme: Programme, now: datetime) -> datetime | None:
    """Tell from when on this month's summaries may be made; None if they may not be made now."""
    hours = policy_of(programme).hours
    local = now.astimezone(hours.zone)
    first = hours.days.roll(local.date().replace(day=1))
    if not programme.summary_levels or programme.at_rest(local.date()):
        return None
    if now < hours.opening(first) or hours.next_open(now) > now:
        return None
    return hours.opening(first)


async def _summaries(
    connection: Connection, registry: Registry, programme: Programme, month: str, now: datetime, asides: Asides
) -> list[NewSummary]:
    """List the month's summaries. A unit whose officers or figures can't be read costs only its own."""
    slug, today = programme.slug, programme.today(now)
    units = [u for u in registry.units if u.level in programme.summary_levels and u.in_force(today)]
    found = await apart(
        units,
        lambda some: saved(connection, lambda: _of_units(connection, registry.units, programme, month, some, now)),
        lambda unit, error: asides.add("summary", f"{slug} {month} {unit.uid}", slug, unit.uid, error),
    )
    return [summary for summaries in found for summary in summaries]


async def _of_units(
    connection: Connection, units: Units, programme: Programme, month: str, some: Sequence[Unit], now: datetime
) -> list[NewSummary]:
    """List summaries of those units that have something to report, for who sits there for the lead agency or above."""
    slug, zone = programme.slug, ZoneInfo(programme.timezone)
    today = programme.today(now)
    seats = Seats(programme, units, today)
    officers = await officers_at(connection, [uid for unit in some for uid in units.came_from(unit.uid)])
    at = by_seat(officers, slug, seats)
    asked = {unit.uid: [one for seat in seats.of_summary(unit.uid) for one in at.get(seat, ())] for unit in some}
    readers = {uid: _standing_in(there, officers, slug, today) for uid, there in asked.items()}
    stands = await standings(connection, [subject_of(units, slug, uid) for uid, there in readers.items() if there], now)
    summaries: list[NewSummary] = []
    for uid in (uid for uid in readers if (slug, uid) in stands):
        for officer in readers[uid]:
            occasion = f"summary {slug} {month} {officer.id}"
            summaries.append(NewSummary(uuid4(), slug, officer.id, uid, occasion, officer.held_until(now, zone)))
    return summaries


def _standing_in(asked: Iterable[Officer], known: Sequence[Officer], slug: str, today: date) -> list[Officer]:
    """List who reads what these are told, each once."""
    readers = (standing_in(one, [other for other in known if other.unit == one.unit], slug, today) for one in asked)
    return list({reader.id: reader for reader in readers}.values())


def subject_of(units: Units, slug: str, uid: str) -> Subject:
    """Make the subject of a unit's summary: it and all units that it came from. Raises KeyError for an unknown unit."""
    return Subject(slug, uid, tuple(units.came_from(units[uid].uid)))


async def standings(
    connection: Connection, subjects: Sequence[Subject], now: datetime
) -> dict[tuple[str, str], list[Standing]]:
    """Find how the latest periods of each report stand, oldest first, by (programme, unit); one query for them all.

    A subject without anything due is left out.
    """
    counts = await summary_store.period_counts(connection, subjects, now)
    found: dict[tuple[str, str], list[Standing]] = {}
    for (slug, uid, _), periods in groupby(counts, key=lambda row: (row.programme, row.unit, row.report)):
        found.setdefault((slug, uid), []).extend(_trend(list(periods)))
    return found


def _trend(periods: Sequence[PeriodCounts]) -> Iterator[Standing]:
    """Give the latest periods of one report, each with what has changed since the one before it."""
    before: Standing | None = None
    for place, row in enumerate(periods):
        share = 100 * row.on_time / row.expected
        change = None if before is None else share - before.percent
        before = Standing(row.report, row.period, row.expected, row.on_time, row.late, row.missing, change)
        if place >= len(periods) - PERIODS:
            yield before
