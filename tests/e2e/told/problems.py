"""Obstacles: raised, told at once, open until they are resolved."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime

from tests.e2e.told.facts import Obstacle
from tests.e2e.told.officers import Officer
from tests.e2e.told.seats import Seat, Seats


@dataclass(slots=True)
class Trouble:
    """One of them. `known_to`: whom it concerns, `told`: who has read that it was raised; `ended`: they were to hear of
    its end.
    """

    programme: str
    what: Obstacle
    domain: str | None
    resolved: bool = False
    claimed: bool = False
    ended: bool = False
    known_to: list[Officer] = field(default_factory=list)
    told: list[Officer] = field(default_factory=list)


class Troubles:
    """All that were raised."""

    def __init__(self, seats: Seats) -> None:
        self.seats = seats
        self.known: dict[str, Trouble] = {}

    def raised(self, programme: str, record: str, unit: str, agency: str, domain: str | None, now: datetime) -> None:
        self.known[record] = Trouble(programme, Obstacle(record, unit, agency, now), domain)

    def concerned(self, trouble: Trouble, day: date) -> list[Seat]:
        """The level above, the lead agency, and whoever leads the field in which it lies."""
        programme, unit, agency = trouble.programme, trouble.what.unit, trouble.what.agency
        found = list(self.seats.seats(programme, unit, agency, 1, day) or ())
        leads = [self.seats.lead(programme, day)]
        for slug, item in self.seats.agencies[programme].items():
            if trouble.domain is not None and trouble.domain in item.get("domains", ()):
                leads.append(self.seats.acting(programme, slug, day))
        for lead in leads:
            if lead is not None:
                found += self.seats.at_ladder(programme, unit, lead, day)
        return list(dict.fromkeys(found))

    def open_for(self, officer: Officer, programme: str) -> Iterator[Obstacle]:
        """What is open of what the officer was notified of."""
        for trouble in self.known.values():
            if trouble.programme == programme and not trouble.resolved and officer in trouble.known_to:
                yield trouble.what
