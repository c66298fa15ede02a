"""Forget sessions that are over, links that nobody may use any more, and acts older than the audit is kept."""

import asyncio
from collections.abc import Callable
from datetime import datetime

import structlog

from services.board.access import act_store, invitation_store, session_store
from shared.database.connections import DATABASE_AWAY, Pool
from shared.runtime.supervision import Supervised

PAUSE_SECONDS = 3600.0
_AWAY_SECONDS = 60.0
log = structlog.get_logger()


class Retention:
    """Forgets when the service starts, and every hour. Any number of replicas may."""

    def __init__(self, pool: Callable[[], Pool], now: Callable[[], datetime]) -> None:
        self._pool = pool
        self._now = now
        self._task = Supervised("retention", self._run)

    def start(self) -> None:
        """Begin."""
        self._task.start()

    async def stop(self) -> None:
        """Stop."""
        await self._task.stop()

    async def forget(self) -> None:
        """Forget what is old enough. Raises one of DATABASE_AWAY."""
        now = self._now()
        async with self._pool().acquire() as connection:
            await session_store.forget(connection, now)
            await invitation_store.forget(connection, now)
            await act_store.forget(connection, now)

    async def _run(self) -> None:
        while True:
            try:
                await self.forget()
            except DATABASE_AWAY as error:
                log.warning("retention.waiting", reason=type(error).__name__)
                await asyncio.sleep(_AWAY_SECONDS)
            else:
                await asyncio.sleep(PAUSE_SECONDS)
