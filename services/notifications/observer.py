"""Count in the metrics what waits for a person in the database."""

import asyncio
from contextlib import suppress

from services.notifications import aside_store
from services.notifications.messages import bounce_store
from services.notifications.obligations import dead_store
from shared.database.connections import DATABASE_AWAY, Pool
from shared.runtime.metrics import DEAD_ADDRESSES, DEAD_EVENTS, MAIL_BOUNCES
from shared.runtime.supervision import Supervised

_PAUSE_SECONDS = 5.0


class Observer:
    """Counts the events and rows that were put aside, and the mail that came back."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._task = Supervised("observer", self._run)

    def start(self) -> None:
        """Begin to count, every 5 s."""
        self._task.start()

    async def stop(self) -> None:
        """Stop counting."""
        await self._task.stop()

    async def _run(self) -> None:
        while True:
            with suppress(*DATABASE_AWAY):
                async with self._pool.acquire() as connection:
                    events = await dead_store.DEAD.waiting(connection)
                    DEAD_EVENTS.labels("notifications").set(events + await aside_store.waiting(connection))
                    DEAD_ADDRESSES.set(await bounce_store.count_dead(connection))
                    for outcome, total in (await bounce_store.totals(connection)).items():
                        MAIL_BOUNCES.labels(outcome).set(total)
            await asyncio.sleep(_PAUSE_SECONDS)
