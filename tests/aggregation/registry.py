"""The shipped register and programme, read from their files."""

from pathlib import Path

from shared.registry.snapshot import Registry
from tests.shipped import shipped_programme, shipped_units

ROOT = Path(__file__).resolve().parents[2]
PROGRAMME = shipped_programme()
REGISTRY = Registry(units=shipped_units(), programmes={PROGRAMME.slug: PROGRAMME})
