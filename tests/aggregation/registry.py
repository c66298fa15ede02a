"""The shipped register and programme, read from their files."""

from pathlib import Path

from shared.domain.units import Units
from shared.programme.folder import load_programme
from shared.registry.snapshot import Registry
from shared.registry.units_file import read_units

ROOT = Path(__file__).resolve().parents[2]
PROGRAMME = load_programme(ROOT / "programmes" / "ecd-1437")
REGISTRY = Registry(units=Units(read_units(ROOT / "data" / "units.csv")), programmes={PROGRAMME.slug: PROGRAMME})
