"""Background tasks that stay: one that ends is started again, counted, logged and told by `/readyz`.

The process knows its supervised tasks as it knows its metrics, so none can be left out of what `/readyz` tells.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

import structlog

from shared.runtime.metrics import TASK_RESTARTS, TASK_UP

log = structlog.get_logger()
_BACKOFF_SECONDS = (0.1, 0.5, 1, 2, 5)
STEADY_SECONDS = 30.0  # a task that has run so long since its last end is sound again
STOP_SECONDS = 5.0  # for what the work does about its cancellation, before it is cancelled once more
STOP_ATTEMPTS = 3
_running: "dict[Supervised, None]" = {}


class Supervised:
    """One background task of the service, by name.

    `work` goes on until it is cancelled by `stop`, or returns after `finish`. Whatever else ends it, an exception, a
    return or a cancellation that nobody here asked for (a library's), it begins anew after a pause that grows from 0.1
    to 5 s. With `once`, a return is its good end.
    """

    def __init__(self, name: str, work: Callable[[], Awaitable[None]], *, once: bool = False) -> None:
        self.name = name
        self._work = work
        self._may_end = once
        self._task: asyncio.Task[None] | None = None
        self._watching: asyncio.Task[None] | None = None
        self._begun = 0.0
        self._ended: str | None = None  # why it last ended

    def start(self) -> None:
        """Start the task."""
        TASK_RESTARTS.labels(self.name)  # a counter that is there from the first scrape on shows its first step
        self._watching = asyncio.create_task(self._watch(), name=f"supervision of {self.name}")
        _running[self] = None

    async def stop(self) -> None:
        """Cancel the work and wait for its end."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.gather(self._watching, return_exceptions=True)
        self._forget()

    async def finish(self) -> None:
        """Wait until the work returns of itself: it has been told to."""
        self._may_end = True
        if self._watching is not None:
            await self._watching
        self._forget()

    @property
    def running(self) -> bool:
        """Whether the work is under way."""
        return self._task is not None and not self._task.done()

    @property
    def ended(self) -> str | None:
        """Why the work last ended, until it has run for STEADY_SECONDS since."""
        if self.running and asyncio.get_running_loop().time() - self._begun > STEADY_SECONDS:
            return None
        return self._ended

    async def _watch(self) -> None:
        attempt = 0
        while True:
            self._begun = asyncio.get_running_loop().time()
            self._task = asyncio.create_task(self._run(), name=self.name)
            TASK_UP.labels(self.name).set(1)
            try:
                await asyncio.wait({self._task})
            except asyncio.CancelledError:
                await self._end(self._task)
                raise
            finally:
                TASK_UP.labels(self.name).set(0)
            if self._well_ended(self._task):
                return
            if asyncio.get_running_loop().time() - self._begun > STEADY_SECONDS:
                attempt = 0
            await asyncio.sleep(_BACKOFF_SECONDS[min(attempt, len(_BACKOFF_SECONDS) - 1)])
            attempt += 1

    async def _end(self, task: "asyncio.Task[None]") -> None:
        """Cancel the work until it ends.

        Once isn't enough: a wait that is cancelled just as it is answered may give the answer and forget the
        cancellation (asyncio.wait_for does up to Python 3.11, and libraries wait with it).
        """
        for _ in range(STOP_ATTEMPTS):
            task.cancel()
            await asyncio.wait({task}, timeout=STOP_SECONDS)
            if task.done():
                return
        log.error("task.stays", task=self.name)

    async def _run(self) -> None:
        await self._work()

    def _well_ended(self, task: "asyncio.Task[None]") -> bool:
        error = None if task.cancelled() else task.exception()
        if self._may_end and not task.cancelled() and error is None:
            self._ended = None
            self._forget()
            return True
        self._ended = "cancelled" if task.cancelled() else "returned" if error is None else type(error).__name__
        TASK_RESTARTS.labels(self.name).inc()
        log.error("task.ended", task=self.name, reason=self._ended, exc_info=error)
        return False

    def _forget(self) -> None:
        """Expect it no more: a task that has ended as it should is neither down nor told of by a metric."""
        if self in _running:
            del _running[self]
            with suppress(KeyError):  # it never ran, or another of its name has gone before
                TASK_UP.remove(self.name)


def supervised() -> list[Supervised]:
    """List every task that is being supervised in this process."""
    return list(_running)


def down() -> str | None:
    """Name the tasks that don't run at the moment, for `/readyz`; None if each does."""
    fallen = [task for task in _running if task.ended is not None and not task.running]
    return "; ".join(f"{task.name} ended ({task.ended}) and is to be started again" for task in fallen) or None


def restarted() -> dict[str, str]:
    """Name the tasks that ended lately, with why: those that run again as well."""
    return {task.name: task.ended for task in _running if task.ended is not None}
