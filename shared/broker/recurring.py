"""Repeat work in a replica: after a pause of its own choice, or at once when asked."""

import asyncio
from collections.abc import Awaitable, Callable

import structlog

from shared.broker.client import BROKER_AWAY
from shared.database.connections import DATABASE_AWAY
from shared.runtime.faults import told
from shared.runtime.supervision import Supervised

AWAY: tuple[type[Exception], ...] = (*DATABASE_AWAY, *BROKER_AWAY)
log = structlog.get_logger()
PAUSE_AFTER_ERROR = 1.0


class Recurring:
    """Repeats `work`, which returns after how many seconds it is to be done again. What is away is tried again soon.

    `least_pause` (seconds) lies between two turns however often somebody asks. `broken_pause` follows a fault of ours,
    which is logged as `<name>.broken`; what is away as `<name>.failed`.
    """

    def __init__(
        self, name: str, work: Callable[[], Awaitable[float]], *, broken_pause: float, least_pause: float = 0.0
    ) -> None:
        self._name = name
        self._work = work
        self._broken_pause = broken_pause
        self._least_pause = least_pause
        self._asked = asyncio.Event()
        self._task = Supervised(name, self._run)

    def start(self) -> None:
        """Begin to work."""
        self._task.start()

    async def stop(self) -> None:
        """Stop; work under way is cancelled, and repaired by the next turn of whoever does it."""
        await self._task.stop()

    def ask(self) -> None:
        """Ask for the work to be done soon."""
        self._asked.set()

    async def _run(self) -> None:
        while True:
            self._asked.clear()
            try:
                pause = await self._work()
            except AWAY as error:
                log.warning(f"{self._name}.failed", reason=told(error))
                pause = PAUSE_AFTER_ERROR
            except Exception:
                log.exception(f"{self._name}.broken")
                pause = self._broken_pause
            await asyncio.sleep(self._least_pause)
            try:
                async with asyncio.timeout(max(pause - self._least_pause, 0)):
                    await self._asked.wait()
            except TimeoutError:
                pass
