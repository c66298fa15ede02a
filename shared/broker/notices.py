"""Tells every replica of a service what has changed, never its value, so that whoever watches asks anew.

Notices are transient and coalesced: at most two a second leave a replica. One may be lost with a connection to the
broker; so whoever is connected again is told that anything may have changed.
"""

import asyncio
from collections.abc import Callable, Collection, Iterable
from contextlib import suppress
from typing import NamedTuple, TypeAlias
from uuid import uuid4

import aio_pika
import structlog
from aio_pika.abc import AbstractChannel, AbstractExchange, AbstractIncomingMessage
from pydantic_core import from_json, to_json

from shared.broker.answering import answered_within
from shared.broker.client import BROKER_AWAY
from shared.broker.topology import CHANGES, notices_queue
from shared.runtime.faults import told
from shared.runtime.supervision import Supervised

MOST_CHANGED = 1000  # of one notice, some 30 KB; what is more is everything
PAUSE_SECONDS = 0.5
AWAY_SECONDS = 2.0
ANSWER_SECONDS = LOOK_SECONDS = 10.0
STOP_SECONDS = 2.0
WAITING = 100  # notices that may wait for a replica that doesn't take them; the broker throws out the oldest
log = structlog.get_logger()


class Changed(NamedTuple):
    """What has changed: something of a unit in a programme."""

    programme: str
    unit: str


Notice: TypeAlias = frozenset[Changed] | None  # None: anything may have


class Pending:
    """What has changed and was not told yet. More than MOST_CHANGED is everything."""

    def __init__(self) -> None:
        self._changed: set[Changed] | None = set()
        self.there = asyncio.Event()

    def add(self, changed: Iterable[Changed] | None) -> None:
        """Add what has changed; None: anything may have."""
        if changed is None:
            self._changed = None
        elif self._changed is not None:
            self._changed.update(changed)
            if len(self._changed) > MOST_CHANGED:
                self._changed = None
        if self._changed is None or self._changed:
            self.there.set()

    def take(self) -> Notice:
        """Take all of it."""
        changed, self._changed = self._changed, set()
        self.there.clear()
        return None if changed is None else frozenset(changed)


class Notices:
    """One replica's sender and receiver of notices, those of its own among them, over a connection of its own."""

    def __init__(self, url: str, service: str, on_notice: Callable[[Notice], None]) -> None:
        self._url = url
        self._service = service
        self._on_notice = on_notice
        self._pending = Pending()
        self._task = Supervised("notices", self._run)
        self.listening = False  # else nobody here hears of anything
        self._stopping = False
        self._last_told = asyncio.Event()

    def note(self, changed: Collection[Changed]) -> None:
        """Have it told that this has changed, and is committed. Never waits."""
        self._pending.add(changed)

    def start(self) -> None:
        """Begin to tell and to listen."""
        self._task.start()

    async def stop(self) -> None:
        """Tell what is pending, if the broker is there, then stop."""
        self._stopping = True
        self._pending.there.set()
        with suppress(TimeoutError):
            async with asyncio.timeout(STOP_SECONDS if self.listening else 0):
                await self._last_told.wait()
        await self._task.stop()

    async def _run(self) -> None:
        while True:
            try:
                await self._connected()
            except BROKER_AWAY as error:
                log.warning("notices.waiting", reason=told(error))
            finally:
                self.listening = False
            await asyncio.sleep(AWAY_SECONDS)

    async def _connected(self) -> None:
        """Tell and listen until the connection ends. Raises one of BROKER_AWAY."""
        name = f"kip-{self._service}-notices"
        async with answered_within(ANSWER_SECONDS):
            connection = await aio_pika.connect(
                self._url, timeout=ANSWER_SECONDS, client_properties={"connection_name": name}
            )
        try:
            async with answered_within(ANSWER_SECONDS):
                channel = await connection.channel(publisher_confirms=False)
                exchange = await channel.get_exchange(CHANGES.name, ensure=True)
                queue = await channel.declare_queue(
                    notices_queue(self._service, uuid4().hex),
                    exclusive=True, auto_delete=True, arguments={"x-max-length": WAITING},
                )  # fmt: skip
                await queue.bind(exchange)
                await queue.consume(self._take, no_ack=True)
            self.listening = True
            self._pending.add(None)  # told while nobody listened, or lost with the connection: to all replicas
            await self._tell(channel, exchange, queue.name)
        finally:
            async with answered_within(ANSWER_SECONDS):
                await connection.close()

    async def _tell(self, channel: AbstractChannel, exchange: AbstractExchange, own: str) -> None:
        """Publish what is pending, and look from time to time whether the own queue is still there."""
        while True:
            try:
                async with asyncio.timeout(LOOK_SECONDS):
                    await self._pending.there.wait()
            except TimeoutError:
                async with answered_within(ANSWER_SECONDS):
                    await channel.declare_queue(own, passive=True)
                continue
            changed = self._pending.take()
            if changed is None or changed:
                body = to_json({"service": self._service, "changed": None if changed is None else sorted(changed)})
                async with answered_within(ANSWER_SECONDS):
                    await exchange.publish(aio_pika.Message(body), routing_key="", mandatory=False)
            if self._stopping:
                self._last_told.set()
            await asyncio.sleep(PAUSE_SECONDS)

    async def _take(self, message: AbstractIncomingMessage) -> None:
        try:
            notice = from_json(message.body)
            if notice["service"] != self._service:
                return
            changed = notice["changed"]
            self._on_notice(None if changed is None else frozenset(Changed(*pair) for pair in changed))
        except (ValueError, TypeError, KeyError):
            log.warning("notices.unreadable", bytes=len(message.body))
            self._on_notice(None)
