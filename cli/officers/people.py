"""Officers as people: where each of them sits today, who is one person, and whom a name and a unit mean. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from shared.domain.units import Unit, Units
from shared.registry.officers import Officer, person


@dataclass(frozen=True, slots=True)
class Placed:
    """An officer, the unit that they are registered at, and the one that stands for it today; None: nothing does."""

    officer: Officer
    registered: Unit
    today: Unit | None

    @property
    def units(self) -> list[Unit]:
        """The unit of the registration and, where it is another one, today's."""
        passed_on = [self.today] if self.today is not None and self.today != self.registered else []
        return [self.registered, *passed_on]

    def is_named(self, unit: str) -> bool:
        """Tell whether a uid or code means the unit that they are registered at."""
        return unit in {self.registered.uid, self.registered.code}

    def sits_at(self, unit: str) -> bool:
        """Tell whether a uid or code means the unit where they sit today."""
        return self.today is not None and unit in {self.today.uid, self.today.code}


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which officers are asked for; what is None asks for nothing."""

    name: str | None = None
    unit: str | None = None
    within: str | None = None
    agency: str | None = None
    programme: str | None = None
    without_channel: str | None = None
    away_on: date | None = None

    def includes(self, one: Placed, units: Units) -> bool:
        """Tell whether this officer is asked for."""
        officer = one.officer
        above = {step.uid for step in units.path(one.today.uid)} if one.today is not None else set()
        return (
            (self.name is None or person(self.name) in person(officer.name))
            and (self.unit is None or one.is_named(self.unit) or one.sits_at(self.unit))
            and (self.within is None or self.within in above)
            and (self.agency is None or officer.agency == self.agency)
            and (self.programme is None or officer.belongs_to(self.programme))
            and (self.without_channel is None or self.without_channel not in kinds(officer))
            and (self.away_on is None or (officer.away_until is not None and self.away_on <= officer.away_until))
        )


def placed_on(officer: Officer, units: Units, on: date) -> Placed:
    """Find where an officer sits on a day: at the successor of a unit that is no more, and nowhere without one."""
    uid = units.stands_for(officer.unit, on)
    return Placed(officer, units[officer.unit], None if uid is None else units[uid])


def found(placed: Iterable[Placed], name: str, unit: str, agency: str | None) -> list[Placed]:
    """Find those of a name at a unit (uid or code): who is registered there, else who sits there today."""
    named = [
        one
        for one in placed
        if person(one.officer.name) == person(name) and (agency is None or one.officer.agency == agency)
    ]
    return [one for one in named if one.is_named(unit)] or [one for one in named if one.sits_at(unit)]


def the_one(placed: Sequence[Placed], name: str) -> Placed | None:
    """Return the only one of these; None without anybody. Raises ValueError for several, with ways to name one."""
    if len(placed) > 1:
        ways = "; ".join(f"--unit {one.registered.uid} --agency {one.officer.agency}" for one in placed)
        raise ValueError(f"{name} is there {len(placed)} times: say which one: {ways}")
    return placed[0] if placed else None


def nobody(name: str, unit: str) -> ValueError:
    """Say that no officer of the name is at the unit, and how to find them."""
    return ValueError(f"no officer {name} at {unit}: 'kip officer list --name …' finds them")


def people(placed: Iterable[Placed]) -> list[list[Placed]]:
    """Put those together that are one person: the same name, and an address in common."""
    groups: list[list[Placed]] = []
    of_address: dict[tuple[str, str], list[Placed]] = {}
    for one in placed:
        keys = [(person(one.officer.name), address.casefold()) for address in one.officer.channels]
        group = next((of_address[key] for key in keys if key in of_address), None)
        if group is None:
            group = []
            groups.append(group)
        group.append(one)
        of_address.update(dict.fromkeys(keys, group))
    return groups


def kinds(officer: Officer) -> list[str]:
    """List the channels of an officer, without the addresses."""
    return [address.partition(":")[0] for address in officer.channels]


def named(unit: Unit | None) -> str:
    """Name a unit for a person at a terminal."""
    return f"{unit.uid} {unit.name}" if unit is not None else "nowhere: the unit is no more"


def described(one: Placed) -> str:
    """Name an officer for a person at a terminal, with role, unit and agency."""
    return f"{one.officer.name}, {one.officer.role} of {named(one.registered)} ({one.officer.agency})"


def hours(officer: Officer) -> str | None:
    """Write an officer's quiet hours as a file has them."""
    return "-".join(f"{hour:%H:%M}" for hour in officer.quiet) if officer.quiet is not None else None


def as_json(one: Placed, channels: Sequence[str]) -> Mapping[str, Any]:
    """Make the JSON of an officer: `sits_at` is where they sit today."""
    officer = one.officer
    return {
        "id": officer.id, "ref": officer.ref, "name": officer.name, "role": officer.role, "unit": officer.unit,
        "unit_name": one.registered.name, "sits_at": one.today.uid if one.today else None,
        "sits_at_name": one.today.name if one.today else None, "agency": officer.agency,
        "programmes": list(officer.programmes), "channels": list(channels), "language": officer.language,
        "quiet": hours(officer), "away_until": officer.away_until, "deputy": officer.deputy,
        "optional": officer.optional,
    }  # fmt: skip
