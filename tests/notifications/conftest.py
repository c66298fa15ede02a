"""The registry as the services hold it, and connections to a loaded database of the test's own."""

import pytest

from shared.database import connections
from shared.registry.snapshot import Registry
from tests.notifications.board import board_field
from tests.notifications.mail_server import MailServer
from tests.notifications.register import read_registry


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
