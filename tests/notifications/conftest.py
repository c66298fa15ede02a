"""The registry as the services hold it, and connections to a loaded database of the test's own."""

from pathlib import Path

import pytest

from shared import db
from shared.partitions import assign_partitions
from shared.programme_folder import load_programme
from shared.registry.snapshot import Registry
from shared.registry.units_file import read_units
from shared.units import Units

PROJECT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The register and the programme."""
    units = Units(read_units(PROJECT / "data" / "units.csv"))
    programme = load_programme(PROJECT / "programmes" / "ecd-1437")
    return Registry(units, assign_partitions(units, 4, {}), {programme.slug: programme}, {})


@pytest.fixture
async def pool(loaded_database):
    """Connections to a loaded database."""
    opened = await db.open_pool(loaded_database, size=8, application_name="kip-test")
    yield opened
    await db.close_pool(opened)
