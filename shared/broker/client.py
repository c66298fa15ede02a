"""FastStream brokers as Kịp needs them: raw bodies, confirmed publishing, no reflection per message."""

import logging
from datetime import datetime
from typing import cast

import aiormq
from aio_pika import DeliveryMode
from aio_pika.exceptions import AMQPError, PublishError
from faststream.rabbit import Channel, RabbitBroker, RabbitExchange
from faststream.rabbit.message import RabbitMessage
from faststream.rabbit.utils import RabbitClientProperties

from shared.broker.answering import answered_within
from shared.broker.message import Marker, Message
from shared.broker.topology import CONTENT_TYPE, EVENTS, MARKER, REPEATS
from shared.wording.words import Words

NO_QUEUE = Words(
    "không có hàng đợi nào nhận {key}: có thể thiếu hàng đợi của một phân vùng",
    "no queue takes {key}: is a partition's queue missing?",
)
HEARTBEAT_SECONDS = 5  # a dead peer is noticed after 3 x (heartbeat + 1)
DRAIN_SECONDS = 15  # a stop waits that long for messages in hand
# A closed connection or channel is a ConnectionError: `answered_within`, inside which all waits for the broker are.
BROKER_AWAY = (AMQPError, ConnectionError, OSError, TimeoutError)


class UnroutableError(Exception):
    """No queue is bound for the routing key: a fault of the topology, never silence. `words` are for the client."""

    def __init__(self, key: str) -> None:
        self.words = NO_QUEUE.filled(key=key)
        super().__init__(self.words.en)


def make_broker(url: str, *, name: str) -> RabbitBroker:
    """A broker connection. Use one to publish and another to consume: an alarm that blocks one must not stall acks."""
    separator = "&" if "?" in url else "?"
    return RabbitBroker(
        f"{url}{separator}name={name}",
        apply_types=False,
        decoder=_raw_body,
        default_channel=Channel(on_return_raises=True),
        client_properties=RabbitClientProperties(heartbeat=HEARTBEAT_SECONDS),
        graceful_timeout=DRAIN_SECONDS,
        logger=logging.getLogger("faststream"),
        log_level=logging.DEBUG,
    )


async def _raw_body(message: RabbitMessage) -> bytes:
    return message.body


async def publish_events(
    broker: RabbitBroker, message: Message, sent_at: datetime, deadline: float, exchange: RabbitExchange = EVENTS
) -> None:
    """Publish one CloudEvents batch and wait for the quorum's confirm, `deadline` seconds at most.

    `sent_at` is the machine's time of this attempt, for whoever reads the journal by time. Raises TimeoutError or
    another of BROKER_AWAY when the broker didn't confirm in time (the message may arrive all the same: ids make that
    harmless), and UnroutableError when no queue wants it.
    """
    properties = aiormq.spec.Basic.Properties(
        content_type=CONTENT_TYPE,
        delivery_mode=DeliveryMode.PERSISTENT,
        message_id=message.id,
        timestamp=sent_at,
        headers={REPEATS: message.repeats} if message.repeats else None,
    )
    await _publish(broker, exchange, message.key, message.body, properties, deadline)


async def publish_marker(
    broker: RabbitBroker, exchange: RabbitExchange, key: str, marker: Marker, deadline: float
) -> None:
    """Publish an auditor's marker: a batch of no events. Raises as `publish_events` does."""
    properties = aiormq.spec.Basic.Properties(
        content_type=CONTENT_TYPE,
        delivery_mode=DeliveryMode.PERSISTENT,
        message_type=MARKER,
        message_id=marker.auditor,
        timestamp=marker.sent_at,
    )
    await _publish(broker, exchange, key, b"[]", properties, deadline)


async def _publish(
    broker: RabbitBroker,
    exchange: RabbitExchange,
    key: str,
    body: bytes,
    properties: aiormq.spec.Basic.Properties,
    deadline: float,
) -> None:
    try:
        async with answered_within(deadline):
            known = await broker.declare_exchange(exchange)  # one that it knows it gives at once
            channel = cast("aiormq.Channel", await known.channel.get_underlay_channel())
            # FastStream's own `publish` costs twice as much, and aio-pika's half as much again: with `wait`, messages
            # that are published at the same time go to the socket one after the other.
            await channel.basic_publish(
                body, exchange=exchange.name, routing_key=key, properties=properties, mandatory=True, wait=False
            )
    except PublishError as error:
        raise UnroutableError(key) from error
