"""The exchanges and queues: declared by every service at start, idempotent, the same everywhere.

Arguments of a queue can't change later (RabbitMQ answers PRECONDITION_FAILED), so only what must never change is an
argument; limits and times to live belong in the broker's policies.
"""

import asyncio
import uuid

import aio_pika
from aio_pika.abc import AbstractChannel
from faststream.rabbit import ExchangeType, QueueType, RabbitExchange, RabbitQueue
from faststream.rabbit.schemas.queue import QuorumQueueArgs

from shared.answering import answered_within

EVENTS = RabbitExchange("kip.events", type=ExchangeType.TOPIC, durable=True)
DEAD = "kip.dead"
_DEAD_LETTERS: QuorumQueueArgs = {"x-dead-letter-exchange": DEAD}
NOTIFICATIONS = RabbitQueue("kip.notifications", queue_type=QueueType.QUORUM, durable=True, arguments=_DEAD_LETTERS)
ALERTS = RabbitQueue("kip.alerts", queue_type=QueueType.QUORUM, durable=True, arguments=_DEAD_LETTERS)
NOTIFICATION_KEYS = ("report.#", "indicator.#", "problem.#", "record.#")
DECLARE_SECONDS = 60.0
CONTENT_TYPE = "application/cloudevents-batch+json"


def aggregation_queue(partition: int) -> RabbitQueue:
    """The queue of one partition. One consumer at a time: two writers must not meet on the same cells."""
    return RabbitQueue(
        f"kip.aggregation.{partition}",
        queue_type=QueueType.QUORUM,
        durable=True,
        arguments={**_DEAD_LETTERS, "x-single-active-consumer": True},
    )


def routing_key(kind: str, partition: int) -> str:
    """`activity.recorded.3`: every kind has two words."""
    return f"{kind}.{partition}"


async def declare(url: str, partitions: int) -> None:
    """Declare everything, then wait until a canary message is confirmed by each queue.

    A quorum queue that was declared less than a second before its node dies can lose its leader for good, with what it
    had confirmed. Uses a connection of its own: a queue declared on FastStream's default channel loses its subscriber's
    prefetch. Raises aio_pika's errors when the broker is away.
    """
    async with answered_within(DECLARE_SECONDS), await aio_pika.connect(url, timeout=10) as connection:
        channel = await connection.channel(on_return_raises=True)
        events = await channel.declare_exchange(EVENTS.name, aio_pika.ExchangeType.TOPIC, durable=True)
        dead = await channel.declare_exchange(DEAD, aio_pika.ExchangeType.FANOUT, durable=True)
        graveyard = await channel.declare_queue(DEAD, durable=True, arguments={"x-queue-type": "quorum"})
        await graveyard.bind(dead)
        for partition in range(partitions):
            queue = await _declare(channel, aggregation_queue(partition))
            await queue.bind(events, routing_key=f"*.*.{partition}")
        notifications = await _declare(channel, NOTIFICATIONS)
        for key in NOTIFICATION_KEYS:
            await notifications.bind(events, routing_key=key)
        await _declare(channel, ALERTS)
        await _confirm_canary(channel)


async def _declare(channel: AbstractChannel, queue: RabbitQueue) -> aio_pika.abc.AbstractQueue:
    return await channel.declare_queue(queue.name, durable=True, arguments=queue.arguments)


async def _confirm_canary(channel: AbstractChannel) -> None:
    """Publish to a quorum queue of this call's own and wait for the confirm: the Raft system takes writes."""
    name = f"kip.canary.{uuid.uuid4().hex}"
    queue = await channel.declare_queue(name, durable=True, arguments={"x-queue-type": "quorum", "x-expires": 60_000})
    try:
        async with asyncio.timeout(10):
            message = aio_pika.Message(b"", delivery_mode=aio_pika.DeliveryMode.PERSISTENT)
            await channel.default_exchange.publish(message, routing_key=name)
    finally:
        await queue.delete(if_unused=False, if_empty=False)
