"""What the tests of the read API share."""

from collections.abc import Iterator
from typing import Any

import pytest

from deploy.local.stack import LocalStack
from tests.conftest import NewDatabase
from tests.system import System


@pytest.fixture(scope="module")
def late(stack: LocalStack, rabbitmq: Any, session_database: NewDatabase, loaded_template: str) -> Iterator[System]:
    """A system at the end of 2025, a module's own."""
    settings = {"KIP_CLOCK": "2025-12-20T08:00:00+07:00"}
    running = System(stack, rabbitmq.add_vhost("late"), session_database(loaded_template), settings=settings)
    yield running
    running.services.stop()
