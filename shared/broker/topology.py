"""The exchanges and queues: declared by `kip migrate`, idempotent, the same everywhere. Services only look whether they
are there: none of their users may declare anything but a queue of its own notices (`shared/access/role_rights.py`).

Arguments of a queue can't change later (RabbitMQ answers PRECONDITION_FAILED), so only what must never change is an
argument; limits and times to live belong in the broker's policies.
"""

import asyncio
import uuid

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractConnection
from aio_pika.exceptions import ChannelNotFoundEntity
from faststream.rabbit import ExchangeType, QueueType, RabbitExchange, RabbitQueue
from faststream.rabbit.schemas.queue import QuorumQueueArgs
from pamqp.common import FieldTable

from shared.broker.answering import answered_within
from shared.domain.events import FIGURE_CHANGED

EVENTS = RabbitExchange("kip.events", type=ExchangeType.TOPIC, durable=True, declare=False)
DEAD = "kip.dead"
_DEAD_LETTERS: QuorumQueueArgs = {"x-dead-letter-exchange": DEAD}
NOTIFICATIONS = RabbitQueue(
    "kip.notifications", queue_type=QueueType.QUORUM, durable=True, arguments=_DEAD_LETTERS, declare=False
)
ALERTS = RabbitQueue("kip.alerts", queue_type=QueueType.QUORUM, durable=True, arguments=_DEAD_LETTERS, declare=False)
# Its own way into the queue of the same name: by the default exchange one may write to every queue there is.
TO_ALERTS = RabbitExchange(ALERTS.name, type=ExchangeType.DIRECT, durable=True, declare=False)
# Each consuming service's own way into its own queues: by this its auditor publishes again what is missing there.
TO_AGGREGATION = RabbitExchange("kip.aggregation", type=ExchangeType.TOPIC, durable=True, declare=False)
TO_NOTIFICATIONS = RabbitExchange(NOTIFICATIONS.name, type=ExchangeType.TOPIC, durable=True, declare=False)
# Who watches is told by this what has changed. Each replica has a queue of its own, for as long as it listens.
CHANGES = RabbitExchange("kip.changes", type=ExchangeType.FANOUT, durable=True, declare=False)
# All that is published, in order, until the broker's policy trims it (deploy/rabbitmq/definitions.json). A segment is
# trimmed whole: a small one lets a small site's journal be trimmed at all.
JOURNAL = "kip.journal"
_JOURNAL_ARGUMENTS: FieldTable = {"x-queue-type": "stream", "x-stream-max-segment-size-bytes": 8_000_000}
NOTIFICATION_KEYS = ("report.#", "indicator.#", "problem.#", "record.#", FIGURE_CHANGED)
DECLARE_SECONDS = 60.0
PROBE_KEY = "probe"  # on kip.events: only the journal takes it
MARKER = "kip.marker"  # the `type` of an auditor's markers
MIGRATE = "run 'kip migrate': it declares the broker's exchanges and queues"
REPEATS = "kip-repeats"  # a message's header: how often an auditor has published it again
CONTENT_TYPE = "application/cloudevents-batch+json"


class TopologyMissingError(ConnectionError):
    """An exchange or a queue isn't there. Its text names it and the cure."""


def aggregation_queue(partition: int) -> RabbitQueue:
    """The queue of one partition. One consumer at a time: two writers must not meet on the same cells."""
    return RabbitQueue(
        f"kip.aggregation.{partition}",
        queue_type=QueueType.QUORUM,
        durable=True,
        arguments={**_DEAD_LETTERS, "x-single-active-consumer": True},
        declare=False,
    )


def notices_queue(service: str, replica: str) -> str:
    """Name the queue of one replica's notices."""
    return f"{CHANGES.name}.{service}.{replica}"


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
        to_aggregation, to_notifications = [
            await channel.declare_exchange(exchange.name, aio_pika.ExchangeType.TOPIC, durable=True)
            for exchange in (TO_AGGREGATION, TO_NOTIFICATIONS)
        ]
        dead = await channel.declare_exchange(DEAD, aio_pika.ExchangeType.FANOUT, durable=True)
        graveyard = await channel.declare_queue(DEAD, durable=True, arguments={"x-queue-type": "quorum"})
        await graveyard.bind(dead)
        for partition in range(partitions):
            queue = await _declare(channel, aggregation_queue(partition))
            await queue.bind(events, routing_key=f"*.*.{partition}")
            await queue.bind(to_aggregation, routing_key=f"*.*.{partition}")
        notifications = await _declare(channel, NOTIFICATIONS)
        for key in NOTIFICATION_KEYS:
            await notifications.bind(events, routing_key=key)
        await notifications.bind(to_notifications, routing_key="#")
        alerts = await _declare(channel, ALERTS)
        to_alerts = await channel.declare_exchange(TO_ALERTS.name, aio_pika.ExchangeType.DIRECT, durable=True)
        await alerts.bind(to_alerts, routing_key=ALERTS.name)
        journal = await channel.declare_queue(JOURNAL, durable=True, arguments=_JOURNAL_ARGUMENTS)
        for exchange in (events, to_aggregation, to_notifications):
            await journal.bind(exchange, routing_key="#")
        await channel.declare_exchange(CHANGES.name, aio_pika.ExchangeType.FANOUT, durable=True)
        await _confirm_canary(channel)


async def check(url: str, partitions: int) -> None:
    """Look whether everything that a service can't work without is declared, which needs no right.

    Without the journal or the exchange of notices each works on: it says that it is missing. Raises
    TopologyMissingError for the first that isn't there, and aio_pika's errors when the broker is away.
    """
    async with answered_within(DECLARE_SECONDS), await aio_pika.connect(url, timeout=10) as connection:
        for exchange in (EVENTS, TO_ALERTS, TO_AGGREGATION, TO_NOTIFICATIONS):
            await _must_exist(connection, exchange)
        for queue in (*(aggregation_queue(partition) for partition in range(partitions)), NOTIFICATIONS, ALERTS):
            await _must_exist(connection, queue)


async def _must_exist(connection: AbstractConnection, wanted: RabbitExchange | RabbitQueue) -> None:
    """On a channel of its own: a miss closes it."""
    channel = await connection.channel()
    what = "exchange" if isinstance(wanted, RabbitExchange) else "queue"
    try:
        if isinstance(wanted, RabbitExchange):
            await channel.get_exchange(wanted.name, ensure=True)
        else:
            await channel.get_queue(wanted.name, ensure=True)
    except ChannelNotFoundEntity:
        raise TopologyMissingError(f"there is no {what} {wanted.name}: {MIGRATE}") from None
    await channel.close()


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
