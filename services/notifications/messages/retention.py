"""Let what may name a person end: with time what providers said of messages and why settled rows were put aside, and
dead addresses that nobody has any more.
"""

from datetime import timedelta

import structlog

from services.notifications import person_store
from shared.broker.recurring import Recurring
from shared.database.connections import Pool
from shared.runtime.clock import Clock

KEEP_ERRORS = timedelta(days=365)  # docs/operate/personal-data.md says so
_PAUSE_SECONDS = 6 * 3600.0
_BROKEN_SECONDS = 3600.0
log = structlog.get_logger()


class Retention:
    """Forgets all that when the service starts, and every 6 hours. Any number of replicas may."""

    def __init__(self, pool: Pool, clock: Clock) -> None:
        self._pool = pool
        self._clock = clock
        self._task = Recurring("retention", self.run, broken_pause=_BROKEN_SECONDS)

    def start(self) -> None:
        """Begin."""
        self._task.start()

    async def stop(self) -> None:
        """Stop."""
        await self._task.stop()

    async def run(self) -> float:
        """Forget what is old enough; return after how many seconds to look again."""
        async with self._pool.acquire() as connection:
            forgotten = await person_store.forget_errors(connection, self._clock.now() - KEEP_ERRORS)
            nobodys = await person_store.forget_dead_of_nobody(connection)
        if nobodys:
            log.info("dead_addresses.forgotten", rows=nobodys)
        if forgotten:
            log.info("errors.forgotten", rows=forgotten)
        return _PAUSE_SECONDS
