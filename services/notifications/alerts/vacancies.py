"""Which seats lack an officer, among those that should have heard of what is still unfinished."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from services.notifications.alerts import count_store
from services.notifications.alerts.count_store import Unaddressed
from services.notifications.alerts.planning import PROBLEM_RAISED
from services.notifications.apart import Asides
from shared.database.connections import Connection, Pool
from shared.domain.seats import Seat, Seats
from shared.domain.units import Units
from shared.programme.model import Programme
from shared.registry.seated import by_seat


class Vacancy(NamedTuple):
    """So many alerts about what a unit owes found nobody, and nobody sits at any of these seats today either."""

    programme: str
    level: str
    unit: str
    seats: tuple[Seat, ...]
    alerts: int


async def vacancies(
    connection: "Connection | Pool", units: Units, programmes: Mapping[str, Programme], now: datetime
) -> list[Vacancy]:
    """List them, in the order of programmes and units; `level` is that of the first seat's unit.

    What has got an officer since is none any more, nor is what a programme at rest still has open.
    """
    rows = await count_store.unaddressed(connection)
    seats = {slug: found for slug, it in programmes.items() if (found := _seats_today(it, units, now)) is not None}
    asked = [
        (row, wanted) for row in rows if row.programme in seats
        if (wanted := _seats_of(row, programmes[row.programme], seats[row.programme]))
    ]  # fmt: skip
    at_units = {former for _, wanted in asked for seat in wanted for former in units.came_from(seat.unit)}
    officers = await count_store.registered(connection, at_units)
    taken = {slug: by_seat(officers, slug, found) for slug, found in seats.items()}
    return [
        Vacancy(row.programme, units[wanted[0].unit].level, row.unit, wanted, row.alerts)
        for row, wanted in asked
        if taken[row.programme].keys().isdisjoint(wanted)
    ]


def by_level(found: Sequence[Vacancy]) -> dict[tuple[str, str], list[Vacancy]]:
    """Group vacancies by programme and level, sorted."""
    groups: dict[tuple[str, str], list[Vacancy]] = {}
    for vacancy in found:
        groups.setdefault((vacancy.programme, vacancy.level), []).append(vacancy)
    return dict(sorted(groups.items()))


def _seats_today(programme: Programme, units: Units, now: datetime) -> Seats | None:
    """Make the programme's seats of today; None for one at rest, or whose time can't be told."""
    with Asides().unless_sound("programme", programme.slug):
        today = programme.today(now)
        return None if programme.at_rest(today) else Seats(programme, units, today)
    return None


def _seats_of(row: Unaddressed, programme: Programme, seats: Seats) -> tuple[Seat, ...]:
    """List who should hear; nobody for a step that the programme no longer has, or what can't be read."""
    with Asides().unless_sound("alert", "", row.programme, row.unit):
        if row.step == PROBLEM_RAISED:
            return seats.of_problem(row.agency, row.unit, row.domain)
        to = next((step.to for step in programme.escalation if step.slug == row.step), None)
        return () if to is None else seats.of(row.agency, row.unit, to)
    return ()
