"""Who could not be told: agencies that owe and have no officer, alerts that found nobody, officers out of reach."""

from collections.abc import AsyncIterator, Sequence
from datetime import date, datetime

from cli.doctor.finding import Finding, good, unsure
from services.notifications.alerts import count_store
from services.notifications.alerts.vacancies import by_level, vacancies
from services.notifications.messages import bounce_store, reach_store
from shared.database.connections import Connection
from shared.domain.duties import owes
from shared.domain.periods import Period
from shared.domain.seats import Seat, Seats
from shared.domain.units import Units
from shared.programme.loaded import readable
from shared.programme.model import Programme
from shared.registry import store
from shared.registry.seated import by_seat

NAMED = 5
OWING = "kip officer import FILE: nobody is reminded of what they owe, and nobody else in their place; --json names all"
UNTOLD = "kip officer import FILE with an officer of one of these agencies there (docs/officers.md); --json names all"


async def check_officers(connection: Connection, now: datetime) -> AsyncIterator[Finding]:
    """Check each programme's officers, as they sit today."""
    units = await store.read_units(connection)
    programmes = readable(await store.read_programmes(connection))
    officers = await count_store.registered(connection, [unit.uid for unit in units])
    for slug, programme in sorted(programmes.items()):
        today = programme.today(now)
        seats = Seats(programme, units, today)
        owing = _owing(programme, units, seats, today)
        taken = by_seat(officers, slug, seats)
        yield _officers(slug, len(owing), [_named(units, (seat,)) for seat in owing if seat not in taken])
    found = by_level(await vacancies(connection, units, programmes, now))
    for (slug, level), vacant in found.items():
        lacking = list(dict.fromkeys(_named(units, vacancy.seats) for vacancy in vacant))
        count = sum(vacancy.alerts for vacancy in vacant)
        seen = f"{slug}, {level}: {count:,} alerts about what is unfinished found nobody: {_first(lacking)}"
        yield unsure("alerts.unaddressed", seen, UNTOLD, tuple(lacking))
    if not found:
        yield good("alerts.unaddressed", "no alert about what is unfinished lacks an officer")
    yield _reachable(await reach_store.unreachable(connection), await reach_store.noted_kinds(connection))
    yield _returned(await bounce_store.recently_too_many(connection, now))


def _owing(programme: Programme, units: Units, seats: Seats, today: date) -> list[Seat]:
    """List the seats of those who owe a report of a period that is running; none of a programme whose time is over."""
    running: list[Period] = []
    for kind in sorted({report.period for report in programme.reports}):
        period = programme.calendar.containing(today, kind)
        if programme.is_owed(period):
            running.append(period)
    pairs = sorted({(r.level, r.agency) for report in programme.reports for r in report.reporters})
    return list(
        dict.fromkeys(
            seats.of(agency, unit.uid, 0)[0]
            for level, agency in pairs
            for unit in units
            if unit.level == level and any(owes(programme, unit, agency, period).reports for period in running)
        )
    )


def _officers(slug: str, owing: int, lacking: Sequence[str]) -> Finding:
    if not owing:
        return good("registry.officers", f"{slug}: nobody owes a report now")
    if not lacking:
        return good("registry.officers", f"{slug}: each of the {owing:,} agencies that owe a report has an officer")
    seen = f"{slug}: {len(lacking):,} of {owing:,} agencies that owe a report have no officer: {_first(lacking)}"
    return unsure("registry.officers", seen, OWING, tuple(lacking))


def _reachable(lost: Sequence[str], kinds: Sequence[str]) -> Finding:
    if not lost and not kinds:
        return unsure("officers.reachable", "not known: notifications has not started yet", "start it")
    channels = f"notifications has channels for {', '.join(kinds)}"
    if not lost:
        return good("officers.reachable", f"each officer has an address that can be used; {channels}")
    seen = f"{len(lost):,} officers have no address that can be used: {_first(lost)}; {channels}"
    cure = (
        "dead addresses (kip bounce list): import others, or kip bounce forget ADDRESS for one that works again; "
        "no channel: set what it needs for notifications (docs/notifications.md, Channels)"
    )
    return unsure("officers.reachable", seen, cure, tuple(lost))


def _returned(unbelieved: int) -> Finding:
    if not unbelieved:
        return good("mail.returned", "no day on which so many addresses died that it was not believed")
    seen = f"{unbelieved:,} reports of a dead address were not believed this week: too many came in a day"
    cure = "kip bounce list: what do their servers say? It may be our mail server; kip bounce forget ADDRESS afterwards"
    return unsure("mail.returned", seen, cure)


def _named(units: Units, seats: Sequence[Seat]) -> str:
    """Name seats of which one officer is enough: `ubnd-xa at Xã Cai Kinh (06427@2)`."""
    return " or ".join(f"{seat.agency} at {units[seat.unit].name} ({seat.unit})" for seat in seats)


def _first(names: Sequence[str]) -> str:
    return ", ".join(names[:NAMED]) + (f" and {len(names) - NAMED:,} more" if len(names) > NAMED else "")
