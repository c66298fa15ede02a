"""Takes messages of events from a queue: each is acknowledged when its handler has returned, and never thrown away.

Only a body that can't be decoded is rejected to the dead-letter queue. Whatever else a handler raises, a fault of ours
included, it gets the message again: an accepted event has nowhere else to be.
"""

from collections.abc import Awaitable, Callable

import structlog
from faststream import AckPolicy
from faststream.exceptions import RejectMessage
from faststream.rabbit import Channel, RabbitBroker, RabbitQueue

from shared.domain.canonical import JsonObject, UndecodableError, decode_batch
from shared.runtime.retry import patiently

log = structlog.get_logger()
Handle = Callable[[list[JsonObject]], Awaitable[None]]


def consume(broker: RabbitBroker, queue: RabbitQueue, handle: Handle, *, prefetch: int) -> None:
    """Give each message's events to `handle`; `prefetch` messages are in hand at most."""

    async def take(body: bytes) -> None:
        try:
            events = decode_batch(body)
        except UndecodableError as error:
            log.error("message.undecodable", queue=queue.name, bytes=len(body), reason=str(error))
            raise RejectMessage from error
        if events:
            await patiently(queue.name, lambda: handle(events))

    broker.subscriber(
        queue, channel=Channel(prefetch_count=prefetch), ack_policy=AckPolicy.NACK_ON_ERROR, no_reply=True
    )(take)
