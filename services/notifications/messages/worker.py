"""Takes messages from the queue, writes their text, sends each through one of the officer's channels, records it.

A message is taken by compare-and-set and recorded after the send: a repeat on the queue does nothing, and a worker
that dies between the two leaves a message that is sent again, with the same Message-ID, when its lease has ended.
What arrives in one body is taken together, sent side by side, and recorded in groups as the sends end.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import structlog
from faststream.exceptions import RejectMessage

from services.notifications import aside_store
from services.notifications.apart import reason_of
from services.notifications.messages import message_store
from services.notifications.messages.channels import BusyError, Channel, DeliveryError, Outgoing
from services.notifications.messages.facts import Gathered, Told, gather
from services.notifications.messages.filling import Filler, TextError
from services.notifications.messages.masking import without
from services.notifications.messages.retry import patiently
from shared.broker.topology import ALERTS as ALERTS_QUEUE
from shared.database.connections import Pool
from shared.registry.snapshot import Registry
from shared.runtime.batch import Batcher
from shared.runtime.clock import Clock
from shared.runtime.faults import kind_of
from shared.runtime.metrics import ALERTS

log = structlog.get_logger()
ATTEMPTS = 8  # on one channel: with the delays below about an hour and a half
_FIRST_DELAY = 2.0
_LONGEST_DELAY = 1800.0
_BODY_SECONDS = 45.0  # for all of one body, within the lease
_RECORD_TOGETHER = 200
_RECORD_LINGER = 0.005  # what is sent and not recorded is repeated after a crash: never more than a few of them

PageOf = Callable[[int, UUID], str]  # (officer, message) → the officer's own link


class NothingToTellError(Exception):
    """All that the message had to tell has gone aside."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One attempt to send a message: how, to whom."""

    told: Told
    kind: str
    address: str
    is_last_channel: bool

    @property
    def message(self) -> UUID:
        return self.told.message


class Delivery:
    """Sends messages by id. `filler` is its own: it starts and stops with it.

    `retry_soon` hears when one has to be queued again; `chance` gives numbers from 0 to 1.
    """

    def __init__(
        self,
        pool: Pool,
        registry: Callable[[], Registry],
        clock: Clock,
        channels: Mapping[str, Channel],
        filler: Filler,
        page_of: PageOf,
        retry_soon: Callable[[], None],
        chance: Callable[[], float],
    ) -> None:
        self._pool = pool
        self._registry = registry
        self._clock = clock
        self._channels = channels
        self._filler = filler
        self._page_of = page_of
        self._retry_soon = retry_soon
        self._chance = chance
        self._sent: Batcher[_Attempt] = Batcher(
            self._record_sent, limit=_RECORD_TOGETHER, linger=_RECORD_LINGER, name="sent messages"
        )

    def start(self) -> None:
        """Begin to fill texts and to record."""
        self._filler.start()
        self._sent.start()

    async def stop(self) -> None:
        """Record what has been sent, then end."""
        await self._sent.stop()
        await self._filler.stop()

    async def handle(self, body: bytes) -> None:
        """Send the messages that a body names (a JSON list of ids). Raises RejectMessage for any other body.

        Whatever else fails ends here: the messages are rows, and are queued again when their leases have ended.
        """
        try:
            messages = [UUID(text) for text in json.loads(body)]
        except (ValueError, TypeError, AttributeError) as error:
            log.error("message.undecodable", queue=ALERTS_QUEUE.name, bytes=len(body), reason=type(error).__name__)
            raise RejectMessage from error
        try:
            await self.deliver(messages)
        except Exception as error:
            log.error("messages.unsent", messages=len(messages), reason=kind_of(error))

    async def deliver(self, messages: Sequence[UUID]) -> None:
        """Make one attempt to send each of them, and record how it ended."""
        taken = await patiently(lambda: message_store.take(self._pool, messages))
        if not taken:
            return  # another worker has them, or they are done
        gathered = await gather(self._pool, self._registry(), taken, self._clock.now())
        if gathered.empty:
            await patiently(lambda: message_store.record_cancelled(self._pool, gathered.empty))
        until = asyncio.get_running_loop().time() + _BODY_SECONDS
        ends = await asyncio.gather(
            *(self._deliver_one(gathered, told, until) for told in gathered.told), return_exceptions=True
        )
        for told, end in zip(gathered.told, ends, strict=True):
            if end is not None:  # its lease ends, and with it the attempt, which has been counted
                log.error("message.unrecorded", message=str(told.message), reason=kind_of(end))

    async def _deliver_one(self, gathered: Gathered, told: Told, until: float) -> None:
        usable = [text.partition(":") for text in told.channels if str(text).partition(":")[0] in self._channels]
        if told.choice >= len(usable):
            await self._fail(told, None, "none of the officer's channels can be used here")
            return
        kind, _, address = usable[told.choice]
        attempt = _Attempt(told, kind, address, told.choice + 1 >= len(usable))
        if told.attempts > ATTEMPTS:
            await self._leave_channel(attempt, f"{ATTEMPTS} attempts have begun and not ended")
            return
        try:
            async with asyncio.timeout_at(until):
                outgoing = await self._write(gathered, attempt)
                await self._channels[kind].send(outgoing)
        except TimeoutError:
            await self._retry(attempt, "no answer in time")
        except BusyError as full:
            wait = timedelta(seconds=full.seconds)
            await patiently(lambda: message_store.put_back(self._pool, told.message, wait))
            self._retry_soon()
        except NothingToTellError as error:
            await self._fail(told, kind, str(error))
        except DeliveryError as error:
            reason = without(address, str(error))
            if error.permanent:
                await self._leave_channel(attempt, reason)
            else:
                await self._retry(attempt, reason, error.retry_after)
        except TextError as error:
            await self._retry(attempt, f"the text can't be written: {error}")  # another one may be loaded
        except Exception as error:  # whatever it is, it is an attempt, and ends as one
            log.error("message.broken", message=str(told.message), channel=kind, exc_info=told.attempts == 1)
            await self._retry(attempt, without(address, reason_of(error)))
        else:
            await self._sent.submit(attempt)

    async def _write(self, gathered: Gathered, attempt: _Attempt) -> Outgoing:
        """The message as it goes out; what can't be told of it goes aside. Raises TextError, NothingToTellError."""
        told = attempt.told
        if told.broken is not None:
            raise TextError(told.broken)
        page = self._page_of(told.officer, told.message)
        draft = gathered.draft(told, page)
        if told.asides.found:
            await patiently(lambda: self._put_aside(told))
        if not draft.sections:
            raise NothingToTellError(f"nothing of it can be told: {told.asides.found[0].reason}")
        messages = await self._filler.fill([(section.template, section.variables) for section in draft.sections])
        letter = draft.letter(messages)
        return Outgoing(
            id=told.message, address=attempt.address, subject=letter.subject, body=letter.body, html=letter.html,
            language=draft.language, topic=told.programme, page=page, officer=told.name, at=gathered.now,
        )  # fmt: skip

    async def _put_aside(self, told: Told) -> None:
        async with self._pool.acquire() as connection:
            await aside_store.put(connection, told.asides.found, self._clock.now())

    async def _record_sent(self, attempts: Sequence[_Attempt]) -> None:
        sent = [(attempt.message, attempt.kind) for attempt in attempts]
        alerts = [alert for attempt in attempts for alert in attempt.told.alerts]
        now = self._clock.now()
        await patiently(lambda: message_store.record_sent(self._pool, sent, alerts, now))
        for attempt in attempts:
            for step in attempt.told.steps:
                ALERTS.labels(attempt.kind, step, "sent").inc()
        log.info("messages.sent", messages=len(sent), alerts=len(alerts))

    async def _retry(self, attempt: _Attempt, reason: str, retry_after: float | None = None) -> None:
        tries = attempt.told.attempts
        if tries >= ATTEMPTS:
            await self._leave_channel(attempt, reason)
            return
        wait = timedelta(seconds=backoff(tries, retry_after, self._chance()))
        await patiently(lambda: message_store.record_retry(self._pool, attempt.message, attempt.kind, reason, wait))
        log.warning(
            "message.postponed", message=str(attempt.message), channel=attempt.kind,
            seconds=round(wait.total_seconds()), reason=reason,
        )  # fmt: skip
        for step in attempt.told.steps:
            ALERTS.labels(attempt.kind, step, "postponed").inc()
        self._retry_soon()

    async def _leave_channel(self, attempt: _Attempt, error: str) -> None:
        if attempt.is_last_channel:
            await self._fail(attempt.told, attempt.kind, error)
            return
        await patiently(lambda: message_store.record_next_channel(self._pool, attempt.message, attempt.kind, error))
        log.warning("message.next_channel", message=str(attempt.message), channel=attempt.kind, reason=error)
        self._retry_soon()

    async def _fail(self, told: Told, kind: str | None, error: str) -> None:
        await patiently(lambda: message_store.record_failed(self._pool, told.message, kind, error))
        for step in told.steps:
            ALERTS.labels(kind or "none", step, "failed").inc()
        log.error("message.failed", message=str(told.message), channel=kind, reason=error)


def backoff(tries: int, retry_after: float | None, chance: float) -> float:
    """Seconds until the next attempt after so many: three times as long each time, a quarter more or less by `chance`.

    Never sooner than the provider asks, unless it asks for more than the longest delay.
    """
    delay: float = min(_FIRST_DELAY * 3 ** (tries - 1), _LONGEST_DELAY) * (0.75 + 0.5 * chance)
    return max(delay, min(retry_after or 0, _LONGEST_DELAY))


__all__ = ["ATTEMPTS", "Delivery", "PageOf", "backoff"]
