"""Takes messages from the queue, writes their text, sends each through one of the officer's channels, records it.

A message is taken by compare-and-set and recorded after the send: a repeat on the queue does nothing, and a worker
that dies between the two leaves a message that is sent again, with the same Message-ID, when its lease has ended.
"""

import asyncio
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from random import uniform
from typing import Any
from uuid import UUID

import jinja2
import structlog

from services.notifications import message_store
from services.notifications.channels import Channel, DeliveryError, Outgoing
from services.notifications.patience import patiently
from services.notifications.texts import Item, Reader, compose, language_for
from shared.clock import Clock
from shared.db import Pool
from shared.metrics import ALERTS
from shared.registry.snapshot import Registry

log = structlog.get_logger()
ATTEMPTS = 8  # on one channel: with the delays below about an hour and a half
_FIRST_DELAY = 2.0
_LONGEST_DELAY = 1800.0
_SEND_SECONDS = 45.0  # within the lease


@dataclass(frozen=True, slots=True)
class _Attempt:
    """One attempt to send a message: to whom, how, what."""

    message: UUID
    taken: Mapping[str, Any]
    kind: str
    address: str
    is_last_channel: bool
    rows: Sequence[Mapping[str, Any]]


class Delivery:
    """Sends messages by id. `retry_soon` hears when one has to be queued again."""

    def __init__(
        self,
        pool: Pool,
        registry: Callable[[], Registry],
        clock: Clock,
        channels: Mapping[str, Channel],
        retry_soon: Callable[[], None],
    ) -> None:
        self._pool = pool
        self._registry = registry
        self._clock = clock
        self._channels = channels
        self._retry_soon = retry_soon

    async def handle(self, body: bytes) -> None:
        """Send the messages that a body names (a JSON list of ids). Raises ValueError for any other body."""
        for message in [UUID(text) for text in json.loads(body)]:
            await self.deliver(message)

    async def deliver(self, message: UUID) -> None:
        """Make one attempt to send, and record how it ended."""
        taken = await patiently(lambda: message_store.take(self._pool, message))
        if taken is None:
            return  # another worker has it, or it is done
        usable = [text.partition(":") for text in taken["channels"] if text.partition(":")[0] in self._channels]
        if taken["choice"] >= len(usable):
            await self._fail(message, None, "none of the officer's channels can be used here")
            return
        rows = await patiently(lambda: message_store.items_of(self._pool, message))
        live = [row for row in rows if row["live"]]
        if not live:
            await patiently(lambda: message_store.record_cancelled(self._pool, message))
            return
        kind, _, address = usable[taken["choice"]]
        await self._attempt(_Attempt(message, taken, kind, address, taken["choice"] + 1 >= len(usable), live))

    async def _attempt(self, attempt: _Attempt) -> None:
        try:
            outgoing = await self._write(attempt)
            async with asyncio.timeout(_SEND_SECONDS):
                await self._channels[attempt.kind].send(outgoing)
        except TimeoutError:
            await self._retry(attempt, "no answer in time")
        except DeliveryError as error:
            await (self._leave_channel if error.permanent else self._retry)(attempt, str(error))
        except (jinja2.TemplateError, KeyError, ValueError, TypeError) as error:
            # Another template may be loaded, or a registry that knows the unit.
            await self._retry(attempt, f"the text can't be written: {type(error).__name__}: {error}")
        else:
            told, now = [row["alert"] for row in attempt.rows], self._clock.now()
            await patiently(lambda: message_store.record_sent(self._pool, attempt.message, attempt.kind, now, told))
            for row in attempt.rows:
                ALERTS.labels(attempt.kind, row["step"], "sent").inc()
            log.info("message.sent", message=str(attempt.message), channel=attempt.kind, alerts=len(told))

    async def _write(self, attempt: _Attempt) -> Outgoing:
        registry, now, taken = self._registry(), self._clock.now(), attempt.taken
        programme = registry.programmes[taken["programme"]]
        language = language_for(programme, taken["language"])
        units = sorted({row["unit"] for row in attempt.rows})
        officers = await patiently(lambda: message_store.contacts(self._pool, units))
        reader = Reader(taken["name"], language, taken["unit"])
        text = compose(programme, registry.units, reader, [_item(row) for row in attempt.rows], officers, now)
        return Outgoing(attempt.message, attempt.address, text.subject, text.body, language, programme.slug, now)

    async def _retry(self, attempt: _Attempt, error: str) -> None:
        tries = attempt.taken["attempts"]
        if tries >= ATTEMPTS:
            await self._leave_channel(attempt, error)
            return
        delay = min(_FIRST_DELAY * 3 ** (tries - 1), _LONGEST_DELAY) * uniform(0.75, 1.25)  # noqa: S311
        wait = timedelta(seconds=delay)
        await patiently(lambda: message_store.record_retry(self._pool, attempt.message, attempt.kind, error, wait))
        log.warning(
            "message.postponed", message=str(attempt.message), channel=attempt.kind, seconds=round(delay), reason=error
        )
        self._retry_soon()

    async def _leave_channel(self, attempt: _Attempt, error: str) -> None:
        if attempt.is_last_channel:
            await self._fail(attempt.message, attempt.kind, error)
            return
        await patiently(lambda: message_store.record_next_channel(self._pool, attempt.message, attempt.kind, error))
        log.warning("message.next_channel", message=str(attempt.message), channel=attempt.kind, reason=error)
        self._retry_soon()

    async def _fail(self, message: UUID, kind: str | None, error: str) -> None:
        rows = await patiently(lambda: message_store.items_of(self._pool, message))
        await patiently(lambda: message_store.record_failed(self._pool, message, kind, error))
        for row in rows:
            ALERTS.labels(kind or "none", row["step"], "failed").inc()
        log.error("message.failed", message=str(message), channel=kind, reason=error)


def _item(row: Mapping[str, Any]) -> Item:
    shift = row["shifted_because"]
    return Item(
        row["step"], row["report"], row["period"], row["unit"], row["agency"], row["due_at"],
        json.loads(shift) if shift else None,
    )  # fmt: skip
