"""What the tests of the read API share."""

from collections.abc import Iterator
from typing import Any

import pytest

from deploy.local.stack import LocalStack
from tests.aggregation.plan import write_plan, write_twin
from tests.conftest import NewDatabase
from tests.rights.register import units_file
from tests.system import System, kip, migrate


@pytest.fixture(scope="module")
def late(stack: LocalStack, rabbitmq: Any, session_database: NewDatabase, loaded_template: str) -> Iterator[System]:
    """A system at the end of 2025, a module's own."""
    settings = {"KIP_CLOCK": "2025-12-20T08:00:00+07:00"}
    running = System(stack, rabbitmq.add_vhost("late"), session_database(loaded_template), settings=settings)
    yield running
    running.services.stop()


@pytest.fixture(scope="session")
def plan_template(session_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A database with the small register of `tests/rights/register.py` and the programmes of `plan.py`."""
    folder = tmp_path_factory.mktemp("plan")
    units = folder / "units.csv"
    units.write_text(units_file(), encoding="utf-8")
    url = session_database()
    migrate(url)
    environment = {"KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": url}
    for programme in (write_plan(folder), write_twin(folder)):
        kip("load", str(programme), "--units", str(units), environment=environment)
    return url


@pytest.fixture(scope="module")
def planned(stack: LocalStack, rabbitmq: Any, session_database: NewDatabase, plan_template: str) -> Iterator[System]:
    """A system with those programmes at the end of 2025, a module's own."""
    settings = {"KIP_CLOCK": "2025-12-20T08:00:00+07:00"}
    running = System(stack, rabbitmq.add_vhost("plan"), session_database(plan_template), settings=settings)
    yield running
    running.services.stop()
