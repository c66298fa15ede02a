"""Takes messages of events from a queue: each is acknowledged when its handler has returned, and never thrown away.

Only a body that can't be decoded is rejected to the dead-letter queue. Whatever else a handler raises, a fault of ours
included, it gets the message again: an accepted event has nowhere else to be.
"""

from collections.abc import Awaitable, Callable
from typing import NamedTuple

import structlog
from faststream import AckPolicy
from faststream.exceptions import RejectMessage
from faststream.rabbit import Channel, RabbitBroker, RabbitQueue
from faststream.rabbit.message import RabbitMessage

from shared.broker.message import Marker, Note, read_id
from shared.broker.topology import MARKER
from shared.domain.canonical import JsonObject, UndecodableError, decode_batch
from shared.runtime.retry import patiently

log = structlog.get_logger()


class Received(NamedTuple):
    """A message's events, as they came, and what its account is to keep. A marker has no events."""

    events: list[JsonObject]
    note: Note


Handle = Callable[[Received], Awaitable[None]]


def consume(
    broker: RabbitBroker,
    queue: RabbitQueue,
    handle: Handle,
    account_undecodable: Callable[[Note], Awaitable[None]],
    *,
    prefetch: int,
) -> None:
    """Give each message to `handle`; `prefetch` of them are in hand at most.

    One that can't be decoded is accounted for before it is rejected.
    """

    async def decoder(message: RabbitMessage) -> tuple[bytes, Note]:
        return message.body, _note(queue.name, message)

    async def take(received: tuple[bytes, Note]) -> None:
        body, note = received
        try:
            events = decode_batch(body)
        except UndecodableError as error:
            log.error("message.undecodable", queue=queue.name, bytes=len(body), reason=str(error))
            await patiently(queue.name, lambda: account_undecodable(note))
            raise RejectMessage from error
        await patiently(queue.name, lambda: handle(Received(events, note)))

    broker.subscriber(
        queue,
        channel=Channel(prefetch_count=prefetch),
        ack_policy=AckPolicy.NACK_ON_ERROR,
        no_reply=True,
        decoder=decoder,
    )(take)


def _note(queue: str, message: RabbitMessage) -> Note:
    raw = message.raw_message
    identity = read_id(raw.message_id)
    if raw.type == MARKER and identity and raw.timestamp:
        return Note(queue, None, Marker(identity, raw.timestamp))
    return Note(queue, identity)
