"""Publishes what waits in a table of a service: a chunk a transaction, again and again until nothing is left."""

from collections.abc import Awaitable, Callable

import structlog

from shared.broker.recurring import Recurring
from shared.database.connections import Connection, Pool

log = structlog.get_logger()
_LOOK_SECONDS = 5.0  # what another replica left behind is found within that time

PublishSome = Callable[[Connection], Awaitable[int]]


class Outbox:
    """One replica's publisher, `name` its background task's.

    `publish_some` takes up to `chunk` rows in the transaction that it is given, publishes them with confirms, notes
    that it has, and returns how many it took. A crash before the commit has them published again.
    """

    def __init__(self, name: str, pool: Callable[[], Pool], publish_some: PublishSome, chunk: int) -> None:
        self._name = name
        self._pool = pool
        self._publish_some = publish_some
        self._chunk = chunk
        self._turns = Recurring(name, self._turn, broken_pause=_LOOK_SECONDS)

    def start(self) -> None:
        """Begin to publish."""
        self._turns.start()

    async def stop(self) -> None:
        """Stop; what was not noted as published is published again."""
        await self._turns.stop()

    def ask(self) -> None:
        """Ask for a look at what there is to publish soon."""
        self._turns.ask()

    async def announce(self) -> int:
        """Publish what waits, and return how many rows that were. Raises what is away."""
        count = 0
        while True:
            async with self._pool().acquire() as connection, connection.transaction():
                taken = await self._publish_some(connection)
            count += taken
            if taken < self._chunk:
                return count

    async def _turn(self) -> float:
        count = await self.announce()
        if count:
            log.info(f"{self._name}.published", changes=count)
        return _LOOK_SECONDS
