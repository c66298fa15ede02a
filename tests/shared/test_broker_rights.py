"""What each service's user may do at the broker: what its service does, and nothing else."""

from collections.abc import AsyncIterator

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel
from aiormq.exceptions import ChannelAccessRefused

from deploy.local.passwords import service_urls
from shared.access.role_rights import BROKER_RIGHTS
from shared.broker import topology

INTAKE, AGGREGATION, NOTIFICATIONS = "intake", "aggregation", "notifications"


@pytest.fixture
async def declared(amqp_url: str) -> str:
    """A virtual host with everything in it."""
    await topology.declare(amqp_url, 2)
    return amqp_url


@pytest.fixture
async def channels(declared: str) -> AsyncIterator[dict[str, AbstractChannel]]:
    connections = {role: await aio_pika.connect(url) for role, url in service_urls(declared, BROKER_RIGHTS).items()}
    yield {role: await connection.channel() for role, connection in connections.items()}
    for connection in connections.values():
        await connection.close()


async def publish(channel: AbstractChannel, exchange: str, key: str) -> None:
    target = await channel.get_exchange(exchange, ensure=False) if exchange else channel.default_exchange
    await target.publish(aio_pika.Message(b"[]"), routing_key=key, mandatory=False)


@pytest.mark.parametrize(
    ("role", "exchange", "key"),
    [
        (INTAKE, "kip.events", "activity.recorded.1"),
        (INTAKE, "kip.events", "record.retracted.0"),
        (INTAKE, "kip.events", topology.PROBE_KEY),
        (NOTIFICATIONS, "kip.events", "obligation.late_met.1"),
        (NOTIFICATIONS, "kip.alerts", "kip.alerts"),
    ],
)
async def test_a_service_may_publish_what_it_publishes(channels, role: str, exchange: str, key: str) -> None:
    await publish(channels[role], exchange, key)


@pytest.mark.parametrize(
    ("role", "exchange", "key"),
    [
        (INTAKE, "kip.events", "obligation.met.0"),
        (INTAKE, "kip.events", "activity.recorded.0.more"),
        (INTAKE, "kip.alerts", "kip.alerts"),
        (INTAKE, "", "kip.aggregation.0"),
        (AGGREGATION, "kip.events", "activity.recorded.0"),
        (AGGREGATION, "", "kip.alerts"),
        (NOTIFICATIONS, "kip.events", "activity.recorded.0"),
        (NOTIFICATIONS, "", "kip.aggregation.0"),
        (NOTIFICATIONS, "kip.dead", ""),
    ],
)
async def test_a_service_may_publish_nothing_else(channels, role: str, exchange: str, key: str) -> None:
    with pytest.raises(ChannelAccessRefused):
        await publish(channels[role], exchange, key)


@pytest.mark.parametrize(
    ("role", "queue", "may"),
    [
        (INTAKE, "kip.aggregation.0", False),
        (INTAKE, "kip.alerts", False),
        (AGGREGATION, "kip.aggregation.1", True),
        (AGGREGATION, "kip.notifications", False),
        (AGGREGATION, "kip.alerts", False),
        (NOTIFICATIONS, "kip.notifications", True),
        (NOTIFICATIONS, "kip.alerts", True),
        (NOTIFICATIONS, "kip.aggregation.0", False),
        (NOTIFICATIONS, "kip.dead", False),
        ("operator", "kip.dead", True),
    ],
)
async def test_a_service_reads_its_own_queues_only(channels, role: str, queue: str, may: bool) -> None:
    found = await channels[role].get_queue(queue, ensure=False)
    if may:
        await found.consume(print)  # nothing is there
    else:
        with pytest.raises(ChannelAccessRefused):
            await found.consume(print)


@pytest.mark.parametrize("role", [INTAKE, AGGREGATION, NOTIFICATIONS])
@pytest.mark.parametrize(
    "change",
    [
        lambda channel: channel.declare_queue("kip.aggregation.0", durable=True, arguments={"x-queue-type": "quorum"}),
        lambda channel: channel.declare_queue("mine", exclusive=True),
        lambda channel: channel.declare_exchange("kip.events", aio_pika.ExchangeType.TOPIC, durable=True),
        lambda channel: channel.queue_delete("kip.alerts"),
        lambda channel: channel.exchange_delete("kip.events"),
    ],
)
async def test_no_service_may_declare_or_delete_anything(channels, role: str, change) -> None:
    with pytest.raises(ChannelAccessRefused):
        await change(channels[role])


@pytest.mark.parametrize("role", [INTAKE, AGGREGATION, NOTIFICATIONS])
async def test_every_service_may_look_whether_all_is_declared(declared: str, role: str) -> None:
    await topology.check(service_urls(declared)[role], 2)
    with pytest.raises(topology.TopologyMissingError, match=r"no queue kip\.aggregation\.2: run 'kip migrate'"):
        await topology.check(service_urls(declared)[role], 3)


async def test_a_missing_exchange_is_named(amqp_url: str) -> None:
    with pytest.raises(topology.TopologyMissingError, match=r"no exchange kip\.events: run 'kip migrate'"):
        await topology.check(service_urls(amqp_url)[INTAKE], 1)
