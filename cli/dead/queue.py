"""The queue kip.dead: messages that no consumer could decode, and those that a broker's limit put there.

A look takes each message and puts a fresh copy in its place before the old one goes: a message that is only given back
counts as delivered once more, and the broker throws it away at its delivery limit. A look that is cut off leaves a
message twice at worst, which the events' ids make harmless.
"""

import hashlib
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import aio_pika
from aio_pika.abc import AbstractChannel, AbstractIncomingMessage

from cli.dead.source import DeadRow, Outcomes
from shared.broker.answering import answered_within
from shared.broker.topology import DEAD

ANSWER_SECONDS = 30.0
_ORIGIN, _REASON, _SINCE = "kip-dead-queue", "kip-dead-reason", "kip-dead-since"  # a copy's own account of its death
_SHOWN_BYTES = 64 * 1024


class QueueOfMessages:
    """`kip.dead`. A message's name is the beginning of its body's SHA-256."""

    name = "queue"

    def __init__(self, url: str) -> None:
        self._url = url

    async def rows(self, limit: int) -> list[DeadRow]:
        """List the messages that wait."""
        found: list[DeadRow] = []
        async for channel, message in self._each(limit):
            death = _death(message)
            since = datetime.fromisoformat(death[_SINCE]) if death[_SINCE] else None
            why = f"{death[_REASON]} by {death[_ORIGIN] or 'a queue that is not named'}, {len(message.body)} bytes"
            found.append(DeadRow(self.name, _name(message), "message", None, None, why, since))
            await _put_back(channel, message)
        return found

    async def show(self, name: str) -> dict[str, Any] | None:
        """Return one message, with what is known of its death and its body as text."""
        shown: dict[str, Any] | None = None
        async for channel, message in self._each():
            if _name(message) == name:
                text = message.body[:_SHOWN_BYTES].decode(errors="replace")
                shown = {"name": name, **_death(message), "bytes": len(message.body), "body": text}
            await _put_back(channel, message)
        return shown

    async def replay(self, names: Collection[str] | None) -> Outcomes:
        """Send each to the queue that it came from."""
        async for channel, message in self._each():
            name = _name(message)
            origin = _death(message)[_ORIGIN]
            if (names is None or name in names) and origin:
                await _send(channel, message, origin, {})
                yield name, f"sent to {origin} again"
                continue
            await _put_back(channel, message)
            if names is None or name in names:
                yield name, "stays: the message doesn't say which queue it came from"

    async def drop(self, names: Collection[str] | None) -> Outcomes:
        """Throw messages away, for good."""
        async for channel, message in self._each():
            name = _name(message)
            if names is None or name in names:
                await message.ack()
                yield name, "dropped"
            else:
                await _put_back(channel, message)

    async def _each(self, limit: int | None = None) -> AsyncIterator[tuple[AbstractChannel, AbstractIncomingMessage]]:
        """Take the messages that lie there now, each once. The caller settles each before the next."""
        async with self._channel() as channel:
            async with answered_within(ANSWER_SECONDS):
                queue = await channel.declare_queue(DEAD, passive=True)
            count = int(queue.declaration_result.message_count or 0)
            for _ in range(count if limit is None else min(count, limit)):
                async with answered_within(ANSWER_SECONDS):
                    message = await queue.get(fail=False)
                if message is None:
                    return
                yield channel, message

    @asynccontextmanager
    async def _channel(self) -> AsyncIterator[AbstractChannel]:
        async with answered_within(ANSWER_SECONDS):
            connection = await aio_pika.connect(self._url, timeout=10)
        async with connection:
            async with answered_within(ANSWER_SECONDS):
                channel = await connection.channel(on_return_raises=True)
            yield channel


def _name(message: AbstractIncomingMessage) -> str:
    return hashlib.sha256(message.body).hexdigest()[:12]


def _death(message: AbstractIncomingMessage) -> dict[str, str]:
    """Tell which queue a message came from, why and since when it is dead: from a copy's headers, else the broker's."""
    headers: Mapping[str, Any] = message.headers
    if _REASON in headers:
        return {name: str(headers.get(name) or "") for name in (_ORIGIN, _REASON, _SINCE)}
    deaths = headers.get("x-death")
    last: Any = deaths[0] if isinstance(deaths, list) and deaths and isinstance(deaths[0], Mapping) else {}
    at = last.get("time")
    return {
        _ORIGIN: str(last.get("queue") or ""),
        _REASON: str(last.get("reason") or "dead for a reason that is not told"),
        _SINCE: at.isoformat() if isinstance(at, datetime) else "",
    }


async def _put_back(channel: AbstractChannel, message: AbstractIncomingMessage) -> None:
    await _send(channel, message, DEAD, _death(message))


async def _send(channel: AbstractChannel, message: AbstractIncomingMessage, queue: str, more: dict[str, str]) -> None:
    """Publish a copy and wait for its confirm; only then let go of the message."""
    copy = aio_pika.Message(
        message.body,
        headers=dict(more),
        content_type=message.content_type,
        delivery_mode=aio_pika.DeliveryMode.PERSISTENT,
    )
    async with answered_within(ANSWER_SECONDS):
        await channel.default_exchange.publish(copy, routing_key=queue)
        await message.ack()
