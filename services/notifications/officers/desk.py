"""An officer's desk: what they owe and have owed, what is late below them and theirs to ask for, problems, what is
acknowledged.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple

from services.notifications import read_store
from services.notifications.links import Links
from services.notifications.obligations.rows import (
    Shown,
    instant_text,
    labels_of,
    owner_labels,
    programme_labels,
    shown_obligation,
)
from services.notifications.officers import desk_store
from services.notifications.officers.asking import Asker
from services.notifications.officers.changed import changed_reports
from services.notifications.officers.desk_store import DeskAcknowledgement, DeskProblem
from services.notifications.officers.profile import theirs
from services.notifications.public.calendar_feed import concerns, offices
from services.notifications.read_store import ObligationRow
from shared.database.connections import Pool
from shared.domain.seats import Seat, Seats, acting, superiors
from shared.programme.model import Programme
from shared.registry.officers import Officer
from shared.registry.snapshot import Registry

MOST = 500  # rows of each list; `more` says where there are others
_LOOKED_AT = 2 * MOST  # rows that are read for one
SETTLED_FOR = timedelta(days=366)  # so long after its deadline, or after it came, what is owed no more is on it


async def desk(
    pool: Pool, registry: Registry, links: Links, asker: Asker, officer: Officer, now: datetime, language: str | None
) -> Shown:
    """Gather the desk, but for the officer's profile. What the key doesn't see isn't on it."""
    epoch = await read_store.epoch(pool)
    known = [programme for programme in theirs(registry, officer) if asker.reach.sees_programme(programme.slug)]

    def rows(found: Sequence[ObligationRow]) -> list[Shown]:
        seen = (row for row in found if asker.reach.sees(registry.units, row.unit, row.programme))
        return [shown_obligation(row, epoch, labels_of(registry, row, language) if language else None) for row in seen]

    owed = await _owed(pool, registry, known, officer, now)
    settled = await _settled(pool, registry, known, officer, now)
    late = await _late_below(pool, registry, known, officer, now)
    problems = await desk_store.problems(pool, officer.id, MOST + 1)
    acknowledged = await desk_store.acknowledged(pool, officer.id, now)
    by_slug = {programme.slug: programme for programme in known}
    changed, cut = await changed_reports(pool, registry, by_slug, asker, officer, now, epoch, language)
    seen = [row for row in problems[:MOST] if asker.reach.sees(registry.units, row.unit, row.programme)]
    more = {
        "owed": owed.cut,
        "settled": settled.cut,
        "late_below": late.cut,
        "changed": cut,
        "problems": len(problems) > MOST,
    }
    return {
        "owed": rows(owed.rows),
        "settled": rows(settled.rows),
        "late_below": rows(late.rows),
        "changed": changed,
        "problems": [shown_problem(registry, row, language) for row in seen],
        "acknowledged": [_acknowledged(registry, row, epoch, language) for row in acknowledged],
        "more": [name for name, cut in more.items() if cut],
        "calendar": links.calendar(officer.id, officer.generation, now),
        "clock": now.isoformat(),
    }


def _acknowledged(registry: Registry, row: DeskAcknowledgement, epoch: int, language: str | None) -> Shown:
    name = row.name(epoch)
    labels: dict[str, str] = {}
    if language is not None and name is None:
        labels = programme_labels(registry, row.programme, language)
    elif language is not None and name is not None:
        labels = labels_of(registry, name, language)
    return {
        "programme": row.programme,
        "obligation": str(name) if name is not None else None,
        "until": row.until.isoformat(),
        "reminders_only": row.reminders_only,
        **labels,
    }


def shown_problem(registry: Registry, row: DeskProblem, language: str | None) -> Shown:
    """Show a problem, with its labels where a language is asked for."""
    labels = owner_labels(registry, row.programme, row.unit, row.agency, language) if language else {}
    return {**row._asdict(), "raised_at": instant_text(row.raised_at), **labels}


class _Found(NamedTuple):
    """The first of what was found; `cut` tells that there is more."""

    rows: Sequence[ObligationRow]
    cut: bool


def _first(rows: Sequence[ObligationRow], theirs: Callable[[ObligationRow], bool]) -> _Found:
    """Keep the first of the officer's among rows of which no more than _LOOKED_AT were read."""
    found = [row for row in rows if theirs(row)]
    return _Found(found[:MOST], len(found) > MOST or len(rows) == _LOOKED_AT)


async def _owed(pool: Pool, registry: Registry, known: Iterable[Programme], officer: Officer, now: datetime) -> _Found:
    """List what the officer's agency owes at the unit where they sit, and at those that it took over from."""
    rows = await desk_store.owed(pool, _offices(registry, known, officer, now), _LOOKED_AT)
    return _own(rows, known, officer, now)


async def _settled(
    pool: Pool, registry: Registry, known: Iterable[Programme], officer: Officer, now: datetime
) -> _Found:
    """List what it has owed there and owes no more: it came, was waived or is not followed."""
    units = _offices(registry, known, officer, now)
    return _own(await desk_store.settled(pool, units, now - SETTLED_FOR, _LOOKED_AT), known, officer, now)


def _offices(registry: Registry, known: Iterable[Programme], officer: Officer, now: datetime) -> list[str]:
    """List the units for which the officer answers today, where the programmes run."""
    days = {programme.today(now) for programme in known}
    return sorted({unit for day in days for unit in offices(registry.units, officer, day)})


def _own(rows: Sequence[ObligationRow], known: Iterable[Programme], officer: Officer, now: datetime) -> _Found:
    """Keep of the rows of these units those of the officer's agency, or of one that it acts for."""
    programmes = {programme.slug: programme for programme in known}
    return _first(
        rows, lambda row: row.programme in programmes and concerns(programmes[row.programme], officer, row.agency, now)
    )


async def _late_below(
    pool: Pool, registry: Registry, known: Iterable[Programme], officer: Officer, now: datetime
) -> _Found:
    """List what is overdue below and said to the officer's seat, as the escalation's rule has it (`Seats`)."""
    programmes = {programme.slug: programme for programme in known}
    days = {slug: programme.today(now) for slug, programme in programmes.items()}
    seats = {slug: Seats(programme, registry.units, days[slug]) for slug, programme in programmes.items()}
    pairs = [pair for slug, programme in programmes.items() for pair in _below(programme, officer, days[slug])]
    held = {seat for day in set(days.values()) if (seat := registry.units.stands_for(officer.unit, day)) is not None}
    units = {uid for seat in held for uid in registry.units.reached_by(seat)}
    rows = await desk_store.late(pool, pairs, sorted(units), _LOOKED_AT)
    return _first(rows, lambda row: _hears(seats[row.programme], programmes[row.programme], officer, row))


def _below(programme: Programme, officer: Officer, day: date) -> Iterator[tuple[str, str]]:
    """List the agencies that report to the officer's, directly or not, as (programme, agency)."""
    own = acting(programme, officer.agency, day)
    for agency in programme.agency:
        if own in superiors(programme, agency, day):
            yield programme.slug, agency


def _hears(seats: Seats, programme: Programme, officer: Officer, row: ObligationRow) -> bool:
    """Tell whether a step of the escalation speaks of the row to the officer's seat."""
    seat = seats.stands_for(officer.unit)
    if seat is None:
        return False
    ups = {step.to for step in programme.escalation if step.to > 0}
    return any(Seat(seat, seats.acting(officer.agency)) in seats.of(row.agency, row.unit, up) for up in ups)
