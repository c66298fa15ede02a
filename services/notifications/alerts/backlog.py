"""Find out whether events are still on their way: nobody is accused while the report may lie in a queue."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

import aio_pika
import httpx
from aio_pika.abc import AbstractChannel, AbstractConnection

from shared.broker.answering import answered_within
from shared.broker.client import BROKER_AWAY
from shared.broker.topology import ALERTS, NOTIFICATIONS

_SETTLE_SECONDS = 0.02  # what the broker has handed over may still lie in our socket
_CLOSE_SECONDS = 2.0
_ANSWER_SECONDS = 5.0
_BROKER_SILENT = "the broker does not answer"
_INTAKE_SILENT = "intake does not say whether its spool is empty"
LONGEST_HOLD_SECONDS = 600.0  # a queue that never runs dry must not silence every alert


class Queues:
    """Asks the broker, over a connection of its own, how many messages wait, and intake what it spooled."""

    def __init__(self, url: str, intake_url: str, in_hand: Callable[[], int]) -> None:
        self._url = url
        self._intake = httpx.AsyncClient(base_url=intake_url, timeout=_ANSWER_SECONDS, trust_env=False)
        self._in_hand = in_hand
        self._connection: AbstractConnection | None = None
        self._channel: AbstractChannel | None = None
        self._held_since: float | None = None

    async def hold(self) -> str | None:
        """Say why accusing steps should wait; None when all events are taken, or have been waited for too long.

        Only a broker that answers is waited for too long.
        """
        reason = await self._reason()
        now = asyncio.get_running_loop().time()
        if reason is None or reason == _BROKER_SILENT:
            self._held_since = None  # without the broker nothing could be sent; what it brings when it is back counts
            return reason
        if self._held_since is None:
            self._held_since = now
        return reason if now - self._held_since < LONGEST_HOLD_SECONDS else None

    async def alerts_empty(self) -> bool:
        """Tell whether no message waits in kip.alerts."""
        return await self._waiting(ALERTS.name) == 0

    async def close(self) -> None:
        """Give back the connections."""
        await self._intake.aclose()
        await self._disconnect()

    async def _disconnect(self) -> None:
        connection, self._connection, self._channel = self._connection, None, None
        if connection is not None:
            with suppress(*BROKER_AWAY):
                async with answered_within(_CLOSE_SECONDS):
                    await connection.close()

    async def _reason(self) -> str | None:
        spooled = await self._spooled()  # first: what leaves the spool meanwhile is then seen in the queue
        waiting = await self._waiting(NOTIFICATIONS.name)
        if waiting is None:
            return _BROKER_SILENT
        if spooled is None:
            return _INTAKE_SILENT
        if spooled:
            return "intake's spool holds events that the broker has not taken"
        await asyncio.sleep(_SETTLE_SECONDS)
        if waiting or self._in_hand():
            return f"{waiting + self._in_hand()} messages of events are not taken yet"
        return None

    async def _waiting(self, queue: str) -> int | None:
        try:
            async with answered_within(_ANSWER_SECONDS):
                if self._channel is None or self._channel.is_closed:
                    if self._connection is None:
                        self._connection = await aio_pika.connect(self._url, timeout=5)
                    self._channel = await self._connection.channel()
                declared = await self._channel.declare_queue(queue, passive=True)
        except BROKER_AWAY:
            await self._disconnect()  # aio_pika calls a connection that the broker has ended open
            return None
        return declared.declaration_result.message_count

    async def _spooled(self) -> int | None:
        """Count the events in intake's spool, which the broker has not taken yet; None where intake can't say."""
        try:
            answer = await self._intake.get("/spool")
            return int(answer.raise_for_status().json()["events"])
        except (httpx.HTTPError, ValueError, KeyError, TypeError):
            return None
