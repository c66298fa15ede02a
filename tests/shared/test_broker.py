"""A broker that freezes ends what waits for it with an error, never with a cancellation that nobody asked for."""

import asyncio

import aio_pika
import pytest

from deploy.local.rabbitmq import RabbitMQ
from shared.broker import topology
from shared.broker.answering import BrokerClosedError, answered_within
from shared.broker.client import BROKER_AWAY, make_broker, publish_events
from shared.broker.message import Message, new_id
from shared.runtime.clock import SystemClock
from tests.frozen import frozen


@pytest.mark.long
async def test_a_publish_that_waits_while_the_broker_freezes_fails_as_one_that_is_away(
    rabbitmq: RabbitMQ, amqp_url: str
) -> None:
    await topology.declare(amqp_url, 1)
    broker = make_broker(amqp_url, name="kip-test")
    await broker.connect()
    await publish_events(broker, Message(new_id(), "problem.raised.0", b"[]"), SystemClock().now(), 10)
    # The heartbeat ends the connection after 18 s, and what waits on it.
    with pytest.raises(BROKER_AWAY) as failed, frozen(rabbitmq.pid):
        await publish_events(broker, Message(new_id(), "problem.raised.0", b"[]"), SystemClock().now(), 60)
    assert isinstance(failed.value, ConnectionResetError)
    task = asyncio.current_task()
    assert task is not None
    assert task.cancelling() == 0

    async def taken() -> bool:
        try:
            await publish_events(broker, Message(new_id(), "problem.raised.0", b"[]"), SystemClock().now(), 2)
        except BROKER_AWAY:
            return False
        return True

    async with asyncio.timeout(100):
        while not await taken():
            await asyncio.sleep(0.2)
    await broker.stop()


async def test_ones_own_cancellation_and_deadline_stay_what_they_are() -> None:
    async def wait(seconds: float) -> None:
        async with answered_within(seconds):
            await asyncio.Event().wait()

    task = asyncio.create_task(wait(30))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    with pytest.raises(TimeoutError):
        await wait(0.01)


async def test_a_closed_connection_or_channel_is_a_broker_that_is_away(amqp_url: str) -> None:
    connection = await aio_pika.connect(amqp_url)
    channel = await connection.channel()
    underlay = await channel.get_underlay_channel()
    await channel.close()
    with pytest.raises(BrokerClosedError):  # aiormq's ChannelInvalidStateError
        async with answered_within(10):
            await underlay.basic_publish(b"", routing_key="nobody")
    with pytest.raises(BrokerClosedError):  # aio_pika's RuntimeError
        async with answered_within(10):
            await channel.initialize()
    await connection.close()
    with pytest.raises(BrokerClosedError):  # aiormq's RuntimeError
        async with answered_within(10):
            await connection.channel()
    assert issubclass(BrokerClosedError, BROKER_AWAY)


@pytest.mark.parametrize("fault", [RecursionError("ours"), NotImplementedError("ours"), ValueError("ours")])
async def test_a_fault_of_ours_is_not_taken_for_an_absent_broker(fault: Exception) -> None:
    with pytest.raises(type(fault)) as raised:
        async with answered_within(10):
            raise fault
    assert raised.value is fault
    assert not isinstance(fault, BROKER_AWAY)


def test_a_bare_runtime_error_outside_a_wait_for_the_broker_is_no_absent_broker() -> None:
    assert not issubclass(RuntimeError, BROKER_AWAY)
