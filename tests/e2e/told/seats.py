"""Who is told, from the rule alone: an agency sits at a unit, and its officers pass on as units and agencies do."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import cache
from typing import NamedTuple

from tests.e2e.three_programmes.places import Places
from tests.e2e.three_programmes.plans import Plan
from tests.e2e.told.officers import Officer


class Seat(NamedTuple):
    """An agency at a unit, both as they are on a day."""

    unit: str
    agency: str


class Seats:
    """All seats on any day."""

    def __init__(self, plans: Mapping[str, Plan], places: Places, officers: Sequence[Officer]) -> None:
        self.plans, self.places, self.officers = plans, places, officers
        self.agencies = {slug: {item["slug"]: item for item in plan.file["agencies"]} for slug, plan in plans.items()}
        self._named = {(officer.unit, officer.name): officer for officer in officers}

    @cache  # noqa: B019 - seats live as long as their test
    def acting(self, programme: str, agency: str, day: date) -> str:
        """The agency, or who acts for it after its last day; one that ends without a successor is itself."""
        item = self.agencies[programme][agency]
        over = item.get("until") and item["until"] < day
        return self.acting(programme, item["successor"], day) if over and item.get("successor") else agency

    @cache  # noqa: B019 - likewise
    def superiors(self, programme: str, agency: str, day: date) -> frozenset[str]:
        """Whoever acts for those that the agency reports to, directly or not; nobody is above themselves."""
        open_, found = list(self.agencies[programme][agency].get("reports_to", ())), set[str]()
        while open_:
            above = open_.pop()
            if above not in found:
                found.add(above)
                open_ += self.agencies[programme][above].get("reports_to", ())
        return frozenset(self.acting(programme, other, day) for other in found) - {self.acting(programme, agency, day)}

    def seats(self, programme: str, unit: str, agency: str, to: int, day: date) -> list[Seat] | None:
        """Whom a step tells of what an agency at a unit owes; None where the ladder has ended."""
        ladder = self._ladder(unit, day)
        if to == 0:
            return [Seat(ladder[0], self.acting(programme, agency, day))]
        if to >= len(ladder):
            return None
        steps = ladder[:2] if to == 1 else (ladder[to],)
        found = [seat for step in steps for seat in self.above_at(programme, agency, step, day)]
        if to == 1:
            below = [seat for seat in found if seat.unit != ladder[-1]]
            return below or found
        return found

    def above_at(self, programme: str, agency: str, unit: str, day: date) -> list[Seat]:
        """The seats at a unit to which the agency reports."""
        above, level = self.superiors(programme, agency, day), self.places.level(unit)
        there = [slug for slug, item in self.agencies[programme].items() if item["level"] == level]
        return [Seat(unit, slug) for slug in there if slug in above]

    def level(self, programme: str, agency: str) -> str:
        return str(self.agencies[programme][agency]["level"])

    def lead(self, programme: str, day: date) -> str | None:
        """Who leads the programme on the day."""
        leads = [slug for slug, item in self.agencies[programme].items() if item["role"] == "leads"]
        return self.acting(programme, leads[0], day) if leads else None

    def at_ladder(self, programme: str, unit: str, agency: str, day: date) -> list[Seat]:
        """Where the agency sits on the unit's ladder."""
        level = self.level(programme, agency)
        return [Seat(step, agency) for step in self.places.ladder(unit, day) if self.places.level(step) == level]

    @cache  # noqa: B019 - likewise
    def _seated(self, programme: str, day: date) -> dict[Seat, list[Officer]]:
        found: dict[Seat, list[Officer]] = {}
        for officer in self.officers:
            unit = self.stands_for(officer.unit, day)
            if unit is not None and self._hears(programme, officer):
                found.setdefault(Seat(unit, self.acting(programme, officer.agency, day)), []).append(officer)
        return found

    def stands_for(self, unit: str, day: date) -> str | None:
        """The unit, also one that is to come, or its successor. Nobody sits in the place of one that has none."""
        while unit and self.is_over(unit, day):
            unit = self.places.rows[unit]["successor"]
        return unit or None

    def is_over(self, unit: str, day: date) -> bool:
        return (self.places.rows[unit]["valid_to"] or "9999") < day.isoformat()

    def _ladder(self, unit: str, day: date) -> tuple[str, ...]:
        """The unit's ladder of the day; of a unit that is to come that of its first day."""
        begins = date.fromisoformat(self.places.rows[unit]["valid_from"] or "0001-01-01")
        return self.places.ladder(unit, max(day, begins))

    def officers_at(self, programme: str, seat: Seat, day: date) -> list[Officer]:
        """All who sit there, at work or not."""
        return self._seated(programme, day).get(seat, [])

    def readers(self, programme: str, seats: Sequence[Seat], day: date) -> list[Officer]:
        """Who reads what these seats are told: the officers, or who stands in for them; each once."""
        asked = dict.fromkeys(officer for seat in seats for officer in self.officers_at(programme, seat, day))
        return list(dict.fromkeys(self._stand_in(programme, officer, day) for officer in asked))

    def _stand_in(self, programme: str, officer: Officer, day: date) -> Officer:
        """The first at work of those who stand in for each other, of whatever agency; nobody at work who hears of the
        programme: the officer all the same.
        """
        seen, now = {officer}, officer
        while now.away_until is not None and day <= now.away_until:
            now = self._named[now.unit, now.deputy]
            if now in seen or (now.programmes and programme not in now.programmes):
                return officer
            seen.add(now)
        return now

    def _hears(self, programme: str, officer: Officer) -> bool:
        """Whether the programme is one of the officer's, and has the officer's agency."""
        own = not officer.programmes or programme in officer.programmes
        return own and officer.agency in self.agencies[programme]
