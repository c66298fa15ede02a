"""The registry as the services hold it, and connections to a loaded database of the test's own."""

import pytest

from shared.database import connections
from shared.registry.snapshot import Registry
from tests.notifications.board import board_field
from tests.notifications.mail_server import MailServer
from tests.notifications.register import UNITS, read_registry, write_part
from tests.system import kip, migrate


@pytest.fixture(scope="session")
def registry() -> Registry:
    """The register and the programme."""
    return read_registry()


@pytest.fixture
async def pool(loaded_database):
    """Connections to a loaded database."""
    opened = await connections.open_pool(loaded_database, size=8, application_name="kip-test")
    yield opened
    await connections.close_pool(opened)


@pytest.fixture
async def place(pool, registry):
    """Hữu Lũng, with the keys of a board and of others."""
    return await board_field(pool, registry)


@pytest.fixture
async def server():
    """A mail server that keeps what it accepts."""
    async with MailServer() as running:
        yield running


@pytest.fixture(scope="session")
def district_template(session_database, tmp_path_factory) -> str:
    """A loaded database that knows Hữu Lũng, what lies above it and what became of them: to be copied."""
    file = tmp_path_factory.mktemp("units") / "units.csv"
    write_part(UNITS, file, lambda row: row["parent"] == "186@1")
    url: str = session_database()
    migrate(url)
    words = ("load", "programmes/ecd-1437", "--units", str(file))
    kip(*words, environment={"KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": url})
    return url


@pytest.fixture
def district_database(new_database, district_template) -> str:
    """A loaded database of Hữu Lũng of the test's own."""
    return new_database(district_template)
