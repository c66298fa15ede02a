"""The places of the made-up year: real units, invented figures."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from shared.domain.units import Unit, Units
from shared.registry.units_file import read_units

UNITS_FILE = Path(__file__).resolve().parents[1] / "data" / "units.csv"
SENDERS = {"19@1": "sample-year-thai-nguyen", "20@1": "sample-year-lang-son"}
READER = "sample-year-reader"


@dataclass(frozen=True)
class Scope:
    """The units that take part, and the whole register around them."""

    units: Units
    provinces: tuple[Unit, ...]
    districts: tuple[Unit, ...]
    communes: tuple[Unit, ...]

    def at(self, level: str) -> tuple[Unit, ...]:
        """List the taking-part units of a level, by uid."""
        return {"province": self.provinces, "district": self.districts, "commune": self.communes}.get(level, ())

    @cached_property
    def uids(self) -> frozenset[str]:
        """The uids of all of them."""
        return frozenset(unit.uid for unit in (*self.provinces, *self.districts, *self.communes))

    def province_of(self, uid: str) -> Unit:
        """Find the province of 2023 that a unit lies in."""
        return next(step for step in self.units.path(uid) if step.level == "province")

    def sender_of(self, uid: str) -> str:
        """Name the upstream app that posts for a unit: one a province."""
        return SENDERS[self.province_of(uid).uid]


def source_of(sender: str) -> str:
    """Name the CloudEvents source of a sender. It says that the figures are invented, wherever an event shows."""
    return f"urn:made-up:{sender}"


def read_scope(path: Path = UNITS_FILE) -> Scope:
    """Read the places: Hữu Lũng with its 23 communes, and Thái Nguyên with its 9 districts and 172 communes."""
    units = Units(read_units(path))
    districts = tuple(sorted((*units.children("19@1"), units["186@1"]), key=lambda unit: unit.uid))
    communes = tuple(
        sorted((commune for district in districts for commune in units.children(district.uid)), key=lambda u: u.uid)
    )
    return Scope(units, (units["19@1"], units["20@1"]), districts, communes)
