"""Who is told, said a second time and more simply: units, agencies and officers are plain rows. Shares no code with the
services; the rule is that of docs/notifications.md.
"""

from collections.abc import Iterable
from datetime import date
from functools import cache
from typing import Any, NamedTuple


class Officer(NamedTuple):
    """`deputy` is the id of who stands in until `away_until`."""

    id: int
    unit: str
    agency: str
    wants_optional: bool
    away_until: date | None
    deputy: int | None


class Addressing:
    """The register, the programme's agencies, and officers by the unit at which they were registered."""

    def __init__(self, units: Iterable[dict[str, str]], agencies: Iterable[Any], officers: Iterable[Officer]) -> None:
        self.units = {row["uid"]: row for row in units}
        self.agencies = {row["slug"]: row for row in agencies}
        self.officers: dict[str, list[Officer]] = {}
        for officer in officers:
            self.officers.setdefault(officer.unit, []).append(officer)

    def in_force(self, uid: str, day: date) -> bool:
        """Whether the unit exists on the day."""
        row = self.units[uid]
        return (row["valid_from"] or "0") <= day.isoformat() <= (row["valid_to"] or "9")

    def ladder(self, uid: str, day: date) -> list[str]:
        """The unit (or who took over from it) and those above it, on that day."""
        while not self.in_force(uid, day):
            uid = self.units[uid]["successor"] or self.units[uid]["parent"]
        found = [uid]
        while parent := self.units[found[-1]]["parent"]:
            found.append(parent)
        return found

    def acting(self, agency: str, day: date) -> str:
        """The agency, or its successor after its last day."""
        until = self.agencies[agency].get("until")
        return self.acting(self.agencies[agency]["successor"], day) if until and until < day else agency

    def ended(self, agency: str, day: date) -> bool:
        """Whether its last day is past."""
        return bool(self.agencies[agency].get("until")) and self.agencies[agency]["until"] < day

    def above(self, agency: str, day: date) -> set[str]:
        """All that it reports to, at any remove, where who took over reports for both; those that act on the day."""
        found: set[str] = set()
        steps = [agency]
        while steps:
            row = self.agencies[steps.pop()]
            new = {*row.get("reports_to", ()), *([row["successor"]] if self.ended(row["slug"], day) else [])} - found
            found |= new
            steps += new
        return {self.acting(slug, day) for slug in found} - {self.acting(agency, day)}

    def seats(self, agency: str, uid: str, to: int, day: date) -> list[tuple[str, str]]:
        """Where who is told sits: (unit, agency)."""
        ladder = self.ladder(uid, day)
        if to == 0:
            return [(ladder[0], self.acting(agency, day))]
        found = [
            (unit, slug)
            for place, unit in enumerate(ladder)
            for slug in sorted(self.above(agency, day))
            if self.agencies[slug]["level"] == self.units[unit]["level"] and (place == to or (to == 1 and place == 0))
        ]
        below_the_nation = [seat for seat in found if self.units[seat[0]]["parent"]]
        return below_the_nation if to == 1 and below_the_nation else found

    @cache  # noqa: B019 - one model lives as long as its test
    def sitting(self, day: date) -> dict[tuple[str, str], list[Officer]]:
        """Who sits where on the day: at the successor of a unit that is no more, for that of an agency that is none."""
        found: dict[tuple[str, str], list[Officer]] = {}
        for officer in (officer for there in self.officers.values() for officer in there):
            uid = officer.unit
            while uid and not self.in_force(uid, day) and (self.units[uid]["valid_to"] or "9") < day.isoformat():
                uid = self.units[uid]["successor"]
            if uid and officer.agency in self.agencies:
                found.setdefault((uid, self.acting(officer.agency, day)), []).append(officer)
        return found

    def readers(self, agency: str, uid: str, to: int, day: date) -> list[tuple[str, Officer]]:
        """Who is told, with the unit at which they sit; deputies for the absent."""
        told: dict[int, tuple[str, Officer]] = {}
        for seat in self.seats(agency, uid, to, day):
            for officer in self.sitting(day).get(seat, []):
                away = officer.away_until is not None and day <= officer.away_until and officer.deputy is not None
                there = {other.id: other for other in self.officers[officer.unit]}
                reader = there[officer.deputy] if away and officer.deputy is not None else officer
                told.setdefault(reader.id, (seat[0], reader))
        return list(told.values())

    def lowest(self, seat: tuple[str, str]) -> int:
        """How high the seat's unit lies: 0 for a commune."""
        levels = ["commune", "district", "province", "nation"]
        return levels.index(self.units[seat[0]]["level"])
