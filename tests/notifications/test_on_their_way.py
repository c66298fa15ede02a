"""What keeps back an accusation: events in the queue for a while, a broker that is away for as long as it is."""

import asyncio

import aio_pika
import pytest

from services.notifications import on_their_way
from services.notifications.on_their_way import Queues
from shared import topology


@pytest.fixture
async def queues(pool, amqp_url, rabbitmq):
    await topology.declare(amqp_url, 1)
    asked = Queues(amqp_url, pool, in_hand=lambda: 0)
    yield asked
    await asyncio.to_thread(rabbitmq.start)
    await asked.close()


async def test_a_broker_that_is_away_holds_without_end_and_is_asked_again_when_it_is_back(
    queues, rabbitmq, amqp_url, monkeypatch
):
    assert await queues.hold() is None
    monkeypatch.setattr(on_their_way, "LONGEST_HOLD_SECONDS", 0.0)
    await asyncio.to_thread(rabbitmq.kill)
    for _ in range(3):
        assert await queues.hold() == "the broker does not answer"
    await asyncio.to_thread(rabbitmq.start)
    assert await queues.hold() is None
    assert await queues.alerts_empty()


async def test_a_queue_that_never_runs_dry_holds_for_a_time(queues, amqp_url, monkeypatch):
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(topology.EVENTS.name)
        await exchange.publish(aio_pika.Message(b"[]"), routing_key="report.submitted.0")
    assert await queues.hold() == "1 messages of events are not taken yet"
    monkeypatch.setattr(on_their_way, "LONGEST_HOLD_SECONDS", 0.0)
    assert await queues.hold() is None
