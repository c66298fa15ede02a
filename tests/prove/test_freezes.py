"""Broker and database frozen for different times, at any moment of the load: one system goes through all of it."""

import os
import random
from collections.abc import Callable, Iterator

import pytest

from deploy.local.postgres import Postgres
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.stack import LocalStack
from tests.conftest import NewDatabase
from tests.frozen import freeze_and_settle
from tests.outage import Outage

SECONDS = (5, 15, 20, 21, 23, 45)  # around the 18 s after which a heartbeat ends a connection
pytestmark = pytest.mark.prove


@pytest.fixture(scope="module")
def outage(
    stack: LocalStack, rabbitmq: RabbitMQ, session_database: NewDatabase, loaded_template: str
) -> Iterator[Outage]:
    """One system for all cases."""
    running = Outage(stack, rabbitmq.add_vhost("freezes"), session_database(loaded_template))
    yield running
    running.verify()
    running.system.services.stop()


@pytest.mark.timeout(400)
@pytest.mark.parametrize("seconds", SECONDS)
@pytest.mark.parametrize("victim", ["rabbitmq", "postgres"])
def test_a_server_that_freezes_costs_nothing_but_time(
    victim: str,
    seconds: int,
    outage: Outage,
    rabbitmq: RabbitMQ,
    postgres: Postgres,
    record_property: Callable[[str, object], None],
) -> None:
    name = f"{victim}-{seconds}"
    chance = random.Random(f"{os.environ.get('KIP_PROVE_SEED', '')} {name}")
    server = rabbitmq if victim == "rabbitmq" else postgres
    back = freeze_and_settle(outage, server.pid, seconds, name=name, before=chance.uniform(0.5, 3))
    record_property("seconds_until_back", back)
