"""Watches the broker while it is away and publishes what the spool holds when it is back."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime

import structlog
from faststream.rabbit import RabbitBroker

from services.intake.outbox import outbox_store
from services.intake.outbox.circuit import BrokerCircuit
from services.intake.outbox.spool import Spool, SpoolAwayError
from shared.broker.answering import answered_within
from shared.broker.client import BROKER_AWAY, UnroutableError, publish_events
from shared.broker.topology import EVENTS, PROBE_KEY
from shared.database.connections import DATABASE_AWAY
from shared.runtime import tls
from shared.runtime.faults import told

_AWAY: tuple[type[Exception], ...] = (*DATABASE_AWAY, SpoolAwayError)
_INTERRUPTED: tuple[type[Exception], ...] = (*_AWAY, *BROKER_AWAY, UnroutableError)
log = structlog.get_logger()
TICK_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 4.0
MESSAGES = 16  # taken at once: 4 MiB at most
PUBLISH_SECONDS = 10.0  # nobody waits for an answer here


class Drain:
    """Closes the circuit when the broker confirms again, then empties the spool, oldest first."""

    def __init__(
        self,
        broker: RabbitBroker,
        spool: Spool,
        circuit: BrokerCircuit,
        connect: Callable[[], Awaitable[None]],
        probe: float,
        now: Callable[[], datetime],
    ) -> None:
        self._broker = broker
        self._spool = spool
        self._circuit = circuit
        self._connect = connect
        self._probe = probe
        self._now = now
        self._told = ""

    async def run(self) -> None:
        """Watch and drain until cancelled. Raises nothing that a broker or a database can bring about."""
        pause = TICK_SECONDS
        while True:
            waiting = await self._count()
            if not self._circuit.closed:
                await self._try_broker()
            try:
                while waiting and self._circuit.closed:
                    await self._publish_some()
                    waiting = await self._count()
                pause = TICK_SECONDS
            except _INTERRUPTED as error:
                log.warning("intake.drain_interrupted", reason=told(error))
                pause = min(2 * pause, LONGEST_PAUSE_SECONDS)  # what can't be removed is published again each time
            await asyncio.sleep(pause)

    async def _count(self) -> int:
        """Count the events that wait; 0 as well while the database is away, which the spool remembers."""
        try:
            return await self._spool.count()
        except _AWAY as error:
            log.debug("database.waiting", reason=tls.reason(error, "DATABASE"))
            return 0

    async def _try_broker(self) -> None:
        """Close the circuit if the broker confirms a message; one without a queue is confirmed at once and dropped."""
        try:
            await self._connect()
            async with answered_within(self._probe):
                await self._broker.publish(b"", exchange=EVENTS, routing_key=PROBE_KEY, mandatory=False)
        except BROKER_AWAY as error:
            self._tell(tls.reason(error, "AMQP"))
        else:
            self._circuit.close()

    def _tell(self, reason: str) -> None:
        """Log why the broker isn't used, once for each reason: this is tried twice a second."""
        if reason != self._told:
            log.warning("broker.waiting", reason=reason)
        self._told = reason

    async def _publish_some(self) -> None:
        """Publish the oldest messages and remove what was confirmed.

        A crash in between publishes them twice: the events' ids make that harmless.
        """
        async with self._spool.take(MESSAGES) as (connection, messages):
            ended = await asyncio.gather(*map(self._publish, messages), return_exceptions=True)
            done = [message for message, error in zip(messages, ended, strict=True) if error is None]
            await outbox_store.remove_messages(connection, [message.number for message in done])
        for error in ended:
            if isinstance(error, UnroutableError):
                self._circuit.open_undeclared(str(error))
                raise error
            if error is not None:
                raise error
        log.info("intake.drained", messages=len(done), events=sum(message.events for message in done))

    async def _publish(self, spooled: outbox_store.Spooled) -> None:
        try:
            await publish_events(self._broker, spooled.message, self._now(), PUBLISH_SECONDS)
        except BROKER_AWAY as error:
            self._circuit.open(type(error).__name__)
            raise
