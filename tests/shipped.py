"""The shipped programmes and register, read once in a process: YAML takes a second each. Nothing changes them."""

from functools import cache
from pathlib import Path

from shared.domain.units import Units
from shared.programme.folder import load_programme
from shared.programme.model import Programme
from shared.registry.units_file import read_units

ROOT = Path(__file__).resolve().parents[1]


@cache
def shipped_programme(slug: str = "ecd-1437") -> Programme:
    """Read `programmes/<slug>`."""
    return load_programme(ROOT / "programmes" / slug)


@cache
def shipped_units() -> Units:
    """Read the register of units."""
    return Units(read_units(ROOT / "data" / "units.csv"))
