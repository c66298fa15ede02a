"""Sorts officers by the seats at which they sit today. Pure."""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from shared.domain.seats import Seat, Seats
from shared.registry.officers import hears_of


class Registered(Protocol):
    """Whoever was registered for an agency at a unit (uid), for programmes (none named: all)."""

    @property
    def unit(self) -> str:
        """The unit's uid."""
        ...

    @property
    def agency(self) -> str:
        """The agency's slug."""
        ...

    @property
    def programmes(self) -> Sequence[str]:
        """The slugs of the programmes that they belong to."""
        ...


Somebody = TypeVar("Somebody", bound=Registered)


def by_seat(officers: Iterable[Somebody], programme: str, seats: Seats) -> dict[Seat, list[Somebody]]:
    """Sort those who hear of the programme by their seat, in their order.

    Who was registered at a unit that is no more sits at its successor, and acts for the successor of an agency that has
    ended; where both units have somebody, both sit there.
    """
    found: dict[Seat, list[Somebody]] = {}
    for officer in officers:
        unit = seats.stands_for(officer.unit)
        if unit is not None and hears_of(officer.programmes, programme):
            found.setdefault(Seat(unit, seats.acting(officer.agency)), []).append(officer)
    return found
