"""Takes messages of events from a queue: each is acknowledged when its handler has returned, and never thrown away.

Only a body that can't be decoded is rejected to the dead-letter queue. Whatever else a handler raises, a fault of ours
included, it gets the message again: an accepted event has nowhere else to be.
"""

from collections.abc import Awaitable, Callable

import structlog
from faststream import AckPolicy
from faststream.exceptions import RejectMessage
from faststream.rabbit import Channel, RabbitBroker, RabbitQueue
from pydantic_core import from_json

from shared.domain.events import CanonicalEvent
from shared.runtime.retry import patiently

log = structlog.get_logger()
Handle = Callable[[list[CanonicalEvent]], Awaitable[None]]


class UndecodableError(Exception):
    """The message is no CloudEvents batch of ours: it belongs in the dead-letter queue, whole."""


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


def decode_batch(body: bytes) -> list[CanonicalEvent]:
    """The events of a message. Raises UndecodableError when it holds no JSON array of objects."""
    try:
        events = from_json(body)
    except ValueError as error:
        raise UndecodableError(f"not JSON: {error}") from None
    if not isinstance(events, list) or not all(isinstance(event, dict) for event in events):
        raise UndecodableError("expected a JSON array of objects")
    return events
