"""Publishes what has become of handed in figures (`figure.changed`), as the outbox of the write path has it.

An event is published, confirmed, then forgotten. A crash in between publishes the same event again, maybe
beside others.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator

import structlog

from services.aggregation import handed_in_store
from services.aggregation.handed_in import FigureChange
from shared.broker.outbox import Outbox
from shared.database.connections import Connection, Pool
from shared.domain.canonical import CanonicalEvent, encode_batch
from shared.runtime.faults import told

log = structlog.get_logger()
# Changes in one transaction and message. Each is read with two events, of up to 64 KiB each as they were posted.
_CHUNK = 100
PUBLISH_SECONDS = 5.0

PublishBody = Callable[[bytes], Awaitable[None]]


class FigureAnnouncer(Outbox):
    """One replica's publisher. `publish` returns when the broker has confirmed."""

    def __init__(self, pool: Callable[[], Pool], publish: PublishBody) -> None:
        super().__init__("figure_changes", pool, self._announce_some, _CHUNK)
        self._publish = publish

    async def _announce_some(self, connection: Connection) -> int:
        taken = await handed_in_store.take(connection, _CHUNK)
        if taken:
            events = list(_events(await handed_in_store.changes(connection, taken)))
            if events:
                await self._publish(encode_batch(events))
            await handed_in_store.forget(connection, taken)
        return len(taken)


def _events(changes: Iterable[FigureChange]) -> Iterator[CanonicalEvent]:
    """Make the events. What is no figure of ours (the ledger holds what other publishers wrote) is left out."""
    for change in changes:
        try:
            yield change.event
        except (KeyError, TypeError, ValueError) as error:
            log.error("figure_change.unreadable", reason=told(error))
