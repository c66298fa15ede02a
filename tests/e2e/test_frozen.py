"""Broker and database are frozen under load, as a hung machine does it: all three services come back by themselves."""

from collections.abc import Callable

import pytest

from deploy.local.postgres import Postgres
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.stack import LocalStack
from tests.frozen import freeze_and_settle
from tests.outage import Outage

SECONDS = 21.0  # longer than the heartbeat lets a connection live


@pytest.mark.long
@pytest.mark.parametrize("victim", ["rabbitmq", "postgres"])
def test_a_server_that_freezes_under_load_costs_nothing_but_time(
    victim: str,
    stack: LocalStack,
    rabbitmq: RabbitMQ,
    postgres: Postgres,
    amqp_url: str,
    district_database: str,
    record_property: Callable[[str, object], None],
) -> None:
    outage = Outage(stack, amqp_url, district_database)
    try:
        server = rabbitmq if victim == "rabbitmq" else postgres
        record_property("seconds_until_back", freeze_and_settle(outage, server.pid, SECONDS))
        outage.verify()
    finally:
        outage.system.services.stop()
