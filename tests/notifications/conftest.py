"""The registry as the services hold it, and connections to a loaded database of the test's own."""

from pathlib import Path

import pytest

from shared.database import connections
from shared.domain.partitions import assign_partitions
from shared.domain.units import Units
from shared.programme.folder import load_programme
from shared.registry.snapshot import Registry
from shared.registry.units_file import read_units
from tests.notifications.register import write_part
from tests.system import kip, migrate

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
    opened = await connections.open_pool(loaded_database, size=8, application_name="kip-test")
    yield opened
    await connections.close_pool(opened)


@pytest.fixture(scope="session")
def district_template(session_database, tmp_path_factory) -> str:
    """A loaded database that knows Hữu Lũng, what lies above it and what became of them: to be copied."""
    file = tmp_path_factory.mktemp("units") / "units.csv"
    write_part(PROJECT / "data" / "units.csv", file, lambda row: row["parent"] == "186@1")
    url: str = session_database()
    migrate(url)
    words = ("load", "programmes/ecd-1437", "--units", str(file))
    kip(*words, environment={"KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": url})
    return url


@pytest.fixture
def district_database(new_database, district_template) -> str:
    """A loaded database of Hữu Lũng of the test's own."""
    return new_database(district_template)
