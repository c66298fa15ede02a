"""Watches the broker while it is away and publishes what the spool holds when it is back."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog
from faststream.rabbit import RabbitBroker

from services.intake import store
from services.intake.gate import Gate
from services.intake.spool import Spool, SpoolAwayError
from shared.broker import BROKER_AWAY, UnroutableError, publish_events
from shared.db import DATABASE_AWAY

log = structlog.get_logger()
TICK_SECONDS = 0.5
MESSAGES = 16  # taken at once: 4 MiB at most
PUBLISH_SECONDS = 10.0  # nobody waits for an answer here


class Drain:
    """Opens the gate when the broker confirms again, then empties the spool, oldest first."""

    def __init__(
        self, broker: RabbitBroker, spool: Spool, gate: Gate, connect: Callable[[], Awaitable[None]], probe: float
    ) -> None:
        self._broker = broker
        self._spool = spool
        self._gate = gate
        self._connect = connect
        self._probe = probe

    async def run(self) -> None:
        """Until cancelled."""
        while True:
            waiting = await self._count()
            if not self._gate.open:
                await self._try_broker()
            try:
                while waiting and self._gate.open:
                    await self._publish_some()
                    waiting = await self._count()
            except (*BROKER_AWAY, *DATABASE_AWAY, SpoolAwayError, UnroutableError) as error:
                log.warning("intake.drain_interrupted", reason=f"{type(error).__name__}: {error}")
            await asyncio.sleep(TICK_SECONDS)

    async def _count(self) -> int:
        """How many events wait; 0 as well while the database is away, which the spool remembers."""
        try:
            return await self._spool.count()
        except (*DATABASE_AWAY, SpoolAwayError) as error:
            log.debug("database.waiting", reason=f"{type(error).__name__}: {error}")
            return 0

    async def _try_broker(self) -> None:
        """Open the gate if the broker confirms a message; one without a queue is confirmed at once and dropped."""
        try:
            await self._connect()
            async with asyncio.timeout(self._probe):
                await self._broker.publish(b"", queue="kip.probe", mandatory=False)
        except BROKER_AWAY as error:
            log.debug("broker.waiting", reason=f"{type(error).__name__}: {error}")
        else:
            self._gate.unlock()

    async def _publish_some(self) -> None:
        """Publish the oldest messages and remove what was confirmed. A crash in between publishes them twice: the
        events' ids make that harmless.
        """
        async with self._spool.take(MESSAGES) as (connection, messages):
            ended = await asyncio.gather(*map(self._publish, messages), return_exceptions=True)
            done = [message for message, error in zip(messages, ended, strict=True) if error is None]
            await store.remove_messages(connection, [message.number for message in done])
        for error in ended:
            if isinstance(error, UnroutableError):
                self._gate.lock_undeclared(str(error))
                raise error
            if isinstance(error, BaseException):
                raise error
        log.info("intake.drained", messages=len(done), events=sum(message.events for message in done))

    async def _publish(self, message: store.Spooled) -> None:
        try:
            await publish_events(self._broker, message.body, message.routing_key, PUBLISH_SECONDS)
        except BROKER_AWAY as error:
            self._gate.lock(type(error).__name__)
            raise
