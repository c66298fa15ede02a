"""Publishes what has become of handed in figures (`figure.changed`), as the outbox of the write path has it.

An event is published, confirmed, then forgotten. A crash in between publishes it again, the same byte for byte.
"""

from collections.abc import Awaitable, Callable, Iterable, Iterator

import structlog

from services.aggregation import handed_in_store
from services.aggregation.handed_in import FigureChange
from shared.broker.recurring import Recurring
from shared.database.connections import Pool
from shared.domain.canonical import CanonicalEvent, encode_batch
from shared.runtime.faults import told

log = structlog.get_logger()
_CHUNK = 500  # changes in one transaction and message
_LOOK_SECONDS = 5.0  # what another replica left behind is found within that time
PUBLISH_SECONDS = 5.0

PublishBody = Callable[[bytes], Awaitable[None]]


class FigureAnnouncer:
    """One replica's publisher. `publish` returns when the broker has confirmed."""

    def __init__(self, pool: Callable[[], Pool], publish: PublishBody) -> None:
        self._pool = pool
        self._publish = publish
        self._turns = Recurring("figure_changes", self._turn, broken_pause=_LOOK_SECONDS)

    def start(self) -> None:
        """Begin to publish."""
        self._turns.start()

    async def stop(self) -> None:
        """Stop; what was not forgotten is published again."""
        await self._turns.stop()

    def ask(self) -> None:
        """Ask for a look at what there is to publish soon."""
        self._turns.ask()

    async def announce(self) -> int:
        """Publish what waits, in chunks, and return how many changes that were. Raises what is away."""
        count = 0
        while True:
            async with self._pool().acquire() as connection, connection.transaction():
                taken = await handed_in_store.take(connection, _CHUNK)
                if taken:
                    events = list(_events(await handed_in_store.changes(connection, taken)))
                    if events:
                        await self._publish(encode_batch(events))
                    await handed_in_store.forget(connection, taken)
            count += len(taken)
            if len(taken) < _CHUNK:
                return count

    async def _turn(self) -> float:
        count = await self.announce()
        if count:
            log.info("figure_changes.published", changes=count)
        return _LOOK_SECONDS


def _events(changes: Iterable[FigureChange]) -> Iterator[CanonicalEvent]:
    """Make the events. What is no figure of ours (the ledger holds what other publishers wrote) is left out."""
    for change in changes:
        try:
            yield change.event
        except (KeyError, TypeError, ValueError) as error:
            log.error("figure_change.unreadable", reason=told(error))
