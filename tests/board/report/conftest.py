"""The form in front of the real services, with a commune of its own for each test: they share the services."""

from collections.abc import AsyncIterator, Iterator
from datetime import datetime

import pytest

from demo.browser import Browser
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.stack import LocalStack
from shared.database.connections import Pool, close_pool, open_pool
from tests.acting import Board
from tests.board.site import CLOCK, Others, Site, form_board, report_of
from tests.conftest import NewDatabase
from tests.shipped import shipped_units

COMMUNES = sorted(unit.uid for unit in shipped_units() if unit.parent == "186@1")  # Hữu Lũng
DISTRICT = ("Binh", "186@1", "phong-ldtbxh-dt-huyen")


@pytest.fixture(scope="module")
def board(
    stack: LocalStack,
    rabbitmq: RabbitMQ,
    session_database: NewDatabase,
    district_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Board]:
    folder, database_url = tmp_path_factory.mktemp("officers"), session_database(district_template)
    officers = [(f"Officer{at}", unit, "ubnd-xa") for at, unit in enumerate(COMMUNES)]
    running = form_board(stack, rabbitmq.add_vhost(folder.name), database_url, folder, *officers, DISTRICT)
    yield running
    running.services.stop()


@pytest.fixture(scope="module")
def communes(board: Board) -> Iterator[str]:
    return iter(COMMUNES)


@pytest.fixture
def commune(communes: Iterator[str]) -> str:
    return next(communes)


@pytest.fixture
async def pool(board: Board) -> AsyncIterator[Pool]:
    opened = await open_pool(board.database_url, size=4, application_name="kip-tests")
    yield opened
    await close_pool(opened)


@pytest.fixture
def site(board: Board, pool: Pool, commune: str) -> Site:
    officer = board.refs[f"Officer{COMMUNES.index(commune)}"]
    return Site(Others(board), pool, officer, commune, datetime.fromisoformat(CLOCK))


@pytest.fixture
async def browser(site: Site) -> AsyncIterator[Browser]:
    async with site.client() as client:
        yield Browser(client)


@pytest.fixture
def start(board: Board, commune: str) -> str:
    """The report's address."""
    return report_of(board, commune)
