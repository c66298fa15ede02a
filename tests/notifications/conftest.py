"""The registry as the services hold it, and connections to a loaded database of the test's own."""

import csv
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.database import connections
from shared.domain.partitions import assign_partitions
from shared.domain.units import Units
from shared.programme.folder import load_programme
from shared.registry.snapshot import Registry
from shared.registry.units_file import read_units
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
    with (PROJECT / "data" / "units.csv").open(encoding="utf-8", newline="") as register:
        rows = {row["uid"]: row for row in csv.DictReader(register)}
    kept = set(_with_all_that_they_name(rows, [uid for uid, row in rows.items() if row["parent"] == "186@1"]))
    file = tmp_path_factory.mktemp("units") / "units.csv"
    with file.open("w", encoding="utf-8", newline="") as part:
        writer = csv.DictWriter(part, next(iter(rows.values())))
        writer.writeheader()
        writer.writerows(row for uid, row in rows.items() if uid in kept)
    url: str = session_database()
    migrate(url)
    words = ("load", "programmes/ecd-1437", "--units", str(file))
    kip(*words, environment={"KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": url})
    return url


def _with_all_that_they_name(rows: dict[str, dict[str, str]], uids: list[str]) -> Iterator[str]:
    for uid in uids:
        yield uid
        row = rows[uid]
        named = [row["parent"], row["successor"], *row["other_successors"].split("|")]
        yield from _with_all_that_they_name(rows, [name for name in named if name])


@pytest.fixture
def district_database(new_database, district_template) -> str:
    """A loaded database of Hữu Lũng of the test's own."""
    return new_database(district_template)
