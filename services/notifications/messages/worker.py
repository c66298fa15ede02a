"""Take messages from the queue, write their text, deliver each through one of the officer's channels, record it.

A message is taken by compare-and-set and recorded after it was delivered: a repeat on the queue does nothing, and a
worker that dies between the two leaves a message that is delivered again, with the same Message-ID, when its lease has
ended. A body's time (45 s) ends before its messages' leases (60 s): no worker still delivers what another may take.
What arrives in one body is taken together, delivered side by side, and recorded in groups as that ends.
"""

import asyncio
import json
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeVar
from uuid import UUID

import structlog
from faststream.exceptions import RejectMessage

from services.notifications import aside_store
from services.notifications.apart import reason_of
from services.notifications.links import LetterLinks
from services.notifications.messages import message_store
from services.notifications.messages.channels import BusyError, Channel, DeliveryError, Outgoing
from services.notifications.messages.facts import Gathered, MessageFacts, gather
from services.notifications.messages.filling import Filler, TextError
from services.notifications.messages.masking import without
from services.notifications.messages.message_store import TakenMessage
from services.notifications.messages.return_path import mark_of
from shared.broker.topology import ALERTS as ALERTS_QUEUE
from shared.database.connections import DATABASE_AWAY, Pool
from shared.registry.snapshot import Registry
from shared.runtime.batch import Batcher
from shared.runtime.clock import Clock
from shared.runtime.faults import kind_of
from shared.runtime.metrics import ALERTS
from shared.runtime.retry import patiently

log = structlog.get_logger()
ATTEMPTS = 8  # on one channel: with the delays below about an hour and a half
_FIRST_DELAY = 2.0
_LONGEST_DELAY = 1800.0
_BODY_SECONDS = 45.0  # for all of one body, within the lease
_ASK_TOGETHER = 200
_RECORD_TOGETHER = 200
_RECORD_LINGER = 0.005  # what is sent and not recorded is repeated after a crash: never more than a few of them

Result = TypeVar("Result")
LinksOf = Callable[[TakenMessage], LetterLinks]


class NothingLeftError(Exception):
    """All that the message had to say has gone aside."""


class RemovedError(Exception):
    """The officer was removed after the message was taken."""


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One attempt to deliver a message: how, to whom."""

    message: MessageFacts
    kind: str
    address: str
    next_choice: int | None  # the officer's next channel that can be used; None: this is the last

    @property
    def id(self) -> UUID:
        return self.message.id

    @property
    def mark(self) -> bytes | None:
        """What a report of its return names the address by."""
        return mark_of(self.address) if self.kind == "email" else None


class Delivery:
    """Delivers messages by id. `filler` is its own: it starts and stops with it.

    `retry_soon` hears when one has to be queued again; `chance` gives numbers from 0 to 1.
    """

    def __init__(
        self,
        pool: Pool,
        registry: Callable[[], Registry],
        clock: Clock,
        channels: Mapping[str, Channel],
        filler: Filler,
        links_of: LinksOf,
        retry_soon: Callable[[], None],
        chance: Callable[[], float],
    ) -> None:
        self._pool = pool
        self._registry = registry
        self._clock = clock
        self._channels = channels
        self._filler = filler
        self._links_of = links_of
        self._retry_soon = retry_soon
        self._chance = chance
        self._held: Batcher[UUID] = Batcher(self._prove_held, limit=_ASK_TOGETHER, linger=0.0, name="held messages")
        self._sent: Batcher[_Attempt] = Batcher(
            self._record_sent, limit=_RECORD_TOGETHER, linger=_RECORD_LINGER, name="sent messages"
        )

    def start(self) -> None:
        """Begin to fill texts and to record."""
        self._filler.start()
        self._held.start()
        self._sent.start()

    async def stop(self) -> None:
        """Record what has been sent, then end."""
        await self._sent.stop()
        await self._held.stop()
        await self._filler.stop()

    async def handle(self, body: bytes) -> None:
        """Deliver the messages that a body names (a JSON list of ids). Raises RejectMessage for any other body.

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
        """Make one attempt to deliver each of them, and record how it ended."""
        taken = await _record(lambda: message_store.take(self._pool, messages))
        if not taken:
            return  # another worker has them, or they are done
        gathered = await gather(self._pool, self._registry(), taken, self._clock.now())
        if gathered.empty:
            await _record(lambda: message_store.record_cancelled(self._pool, gathered.empty))
        until = asyncio.get_running_loop().time() + _BODY_SECONDS
        ends = await asyncio.gather(
            *(self._deliver_one(gathered, message, until) for message in gathered.messages), return_exceptions=True
        )
        for message, end in zip(gathered.messages, ends, strict=True):
            if end is not None:  # its lease ends, and with it the attempt, which has been counted
                log.error("message.unrecorded", message=str(message.id), reason=kind_of(end))

    async def _deliver_one(self, gathered: Gathered, message: MessageFacts, until: float) -> None:
        attempt = self._attempt(message)
        if attempt is None:
            await self._fail(message, None, _why_nowhere(message.taken, self._channels))
            return
        taken, kind, address = message.taken, attempt.kind, attempt.address
        if taken.attempts > ATTEMPTS:
            await self._leave_channel(attempt, f"{ATTEMPTS} attempts have begun and not ended")
            return
        try:
            async with asyncio.timeout_at(until):
                outgoing = await self._write(gathered, attempt)
                await self._held.submit(message.id)
                await self._channels[kind].send(outgoing)
        except TimeoutError:
            await self._retry(attempt, "no answer in time")
        except BusyError as full:
            wait = timedelta(seconds=full.seconds)
            await _record(lambda: message_store.put_back(self._pool, message.id, wait))
            self._retry_soon()
        except RemovedError:
            return  # whoever removed the officer cancels it
        except NothingLeftError as error:
            await self._fail(message, kind, str(error))
        except DeliveryError as error:
            reason = without(address, str(error), taken.name)
            if error.permanent:
                await self._leave_channel(attempt, reason)
            else:
                await self._retry(attempt, reason, error.retry_after)
        except TextError as error:
            await self._retry(attempt, f"the text can't be written: {error}")  # another one may be loaded
        except Exception as error:  # whatever it is, it is an attempt, and ends as one
            log.error("message.broken", message=str(message.id), channel=kind, exc_info=taken.attempts == 1)
            await self._retry(attempt, without(address, reason_of(error), taken.name))
        else:
            await self._sent.submit(attempt)

    def _attempt(self, message: MessageFacts) -> _Attempt | None:
        """Choose the first channel, from the message's place on, that can be used here and isn't dead."""
        taken = message.taken
        places = [
            place
            for place, text in enumerate(map(str, taken.channels))
            if place >= taken.choice and text.partition(":")[0] in self._channels and text.lower() not in taken.dead
        ]
        if not places:
            return None
        kind, _, address = str(taken.channels[places[0]]).partition(":")
        return _Attempt(message, kind, address, places[1] if len(places) > 1 else None)

    async def _write(self, gathered: Gathered, attempt: _Attempt) -> Outgoing:
        """Write the message as it goes out; what can't be written goes aside. Raises TextError, NothingLeftError."""
        message, taken = attempt.message, attempt.message.taken
        if message.broken is not None:
            raise TextError(message.broken)
        links = self._links_of(taken)
        draft = gathered.draft(message, links.page)
        if message.asides.found:
            await _record(lambda: self._put_aside(message))
        if not draft.sections:
            raise NothingLeftError(f"nothing of it can be told: {message.asides.found[0].reason}")
        texts = await self._filler.fill([(section.template, section.variables) for section in draft.sections])
        rendered = draft.rendered(texts)
        return Outgoing(
            id=taken.id, address=attempt.address, subject=rendered.subject, body=rendered.body, html=rendered.html,
            language=draft.language, topic=taken.programme, page=links.page, mute=links.mute,
            officer=taken.name, at=gathered.now,
        )  # fmt: skip

    async def _prove_held(self, messages: Sequence[UUID]) -> list[Exception | None]:
        """Ask together, just before they are sent, whether these are still to be sent."""
        held = await message_store.held(self._pool, messages)
        return [None if message in held else RemovedError() for message in messages]

    async def _put_aside(self, message: MessageFacts) -> None:
        async with self._pool.acquire() as connection:
            await aside_store.put(connection, message.asides.found, self._clock.now())

    async def _record_sent(self, attempts: Sequence[_Attempt]) -> None:
        sent = [(attempt.id, attempt.kind, attempt.mark) for attempt in attempts]
        alerts = [alert for attempt in attempts for alert in attempt.message.alerts]
        now = self._clock.now()
        await _record(lambda: message_store.record_sent(self._pool, sent, alerts, now))
        for attempt in attempts:
            for step in attempt.message.steps:
                ALERTS.labels(attempt.kind, step, "sent").inc()
        log.info("messages.sent", messages=len(sent), alerts=len(alerts))

    async def _retry(self, attempt: _Attempt, reason: str, retry_after: float | None = None) -> None:
        tries = attempt.message.taken.attempts
        if tries >= ATTEMPTS:
            await self._leave_channel(attempt, reason)
            return
        wait = timedelta(seconds=backoff(tries, retry_after, self._chance()))
        await _record(lambda: message_store.record_retry(self._pool, attempt.id, attempt.kind, reason, wait))
        log.warning(
            "message.postponed", message=str(attempt.id), channel=attempt.kind,
            seconds=round(wait.total_seconds()), reason=reason,
        )  # fmt: skip
        for step in attempt.message.steps:
            ALERTS.labels(attempt.kind, step, "postponed").inc()
        self._retry_soon()

    async def _leave_channel(self, attempt: _Attempt, error: str) -> None:
        if attempt.next_choice is None:
            await self._fail(attempt.message, attempt.kind, error)
            return
        choice = attempt.next_choice
        await _record(lambda: message_store.record_next_channel(self._pool, attempt.id, attempt.kind, error, choice))
        log.warning("message.next_channel", message=str(attempt.id), channel=attempt.kind, reason=error)
        self._retry_soon()

    async def _fail(self, message: MessageFacts, kind: str | None, error: str) -> None:
        await _record(lambda: message_store.record_failed(self._pool, message.id, kind, error))
        for step in message.steps:
            ALERTS.labels(kind or "none", step, "failed").inc()
        log.error("message.failed", message=str(message.id), channel=kind, reason=error)


async def _record(work: Callable[[], Awaitable[Result]]) -> Result:
    """Run `work`, again and again while the database is away: what is known of a message is written down when it can
    be. It must be safe to repeat. What else goes wrong is raised: the message is a row, whose lease ends.
    """
    return await patiently("messages", work, DATABASE_AWAY)


def _why_nowhere(taken: TakenMessage, kinds: Collection[str]) -> str:
    """Say why there is no address to try: what was said of the last one counts most."""
    if taken.error is not None:
        return f"{taken.error}; there is no other address"
    without = sorted({text.partition(":")[0] for text in map(str, taken.channels)} - set(kinds))
    if not without:
        return "mail to each of the officer's addresses came back"
    others = "; mail to the officer's other addresses came back" if taken.dead else ""
    return f"no channel for {', '.join(without)} is configured (docs/notifications.md, Channels){others}"


def backoff(tries: int, retry_after: float | None, chance: float) -> float:
    """Work out the seconds until the next attempt after so many.

    Three times as long each time, a quarter more or less by `chance` (from 0 to 1): after the first attempt 1.5 to 2.5.
    Never sooner than the provider asks, unless it asks for more than the longest delay.
    """
    delay: float = min(_FIRST_DELAY * 3 ** (tries - 1), _LONGEST_DELAY) * (0.75 + 0.5 * chance)
    return max(delay, min(retry_after or 0, _LONGEST_DELAY))


__all__ = ["ATTEMPTS", "Delivery", "LinksOf", "backoff"]
