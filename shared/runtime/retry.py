"""Work that must be done however long it takes: accepted events wait for what refuses them, whatever that says.

A list of the errors that are worth a repeat would throw events away for the first error that it lacks. So every error
is, ours too: a mended service that is restarted gets the events again.
"""

import asyncio
import itertools
from collections.abc import Awaitable, Callable, Iterator
from typing import TypeVar

import structlog

from shared.database.connections import DATABASE_AWAY
from shared.runtime.faults import kind_of, told
from shared.runtime.metrics import REFUSED_SECONDS, REFUSED_TOTAL

log = structlog.get_logger()
_BACKOFF_SECONDS = (0.1, 0.3, 1, 2, 5)
TELL_SECONDS = 3.0  # a deadlock or a restart of the database is over by then
_LONGEST_SECONDS = 60.0
_TOLD = 250  # characters of a reason
_LOG_EVERY = 12  # attempts, a minute apart at the longest pause
Result = TypeVar("Result")


class Refused:
    """One piece of work that is being refused: `since` on the event loop's clock, and the last reason."""

    def __init__(self, work: str, since: float) -> None:
        self.work = work
        self.since = since
        self.reason = ""


_refused: dict[Refused, None] = {}


async def patiently(
    work: str,
    attempt: Callable[[], Awaitable[Result]],
    waits_for: tuple[type[Exception], ...] = (Exception,),
) -> Result:
    """Make the attempt until it succeeds, with pauses from 0.1 to 5 s. It must be safe to repeat.

    `work` names it in the metrics kip_refused_total and kip_refused_seconds, in the log and in `/readyz`. Only a
    cancellation of the caller's own ends it; one that comes from below is a refusal like any other. Work whose row
    stays in a table may leave the list of what it `waits_for` shorter: all else is raised.
    """
    own = asyncio.current_task()
    before = own.cancelling() if own else 0
    refused: Refused | None = None
    attempts = 0
    try:
        while True:
            try:
                return await attempt()
            except asyncio.CancelledError as error:
                if own is None or own.cancelling() > before:
                    raise
                reason: BaseException = error
            except waits_for as error:
                reason = error
            if refused is None:
                refused = Refused(work, asyncio.get_running_loop().time())
                _refused[refused] = None
            refused.reason = _told(reason)
            _count(refused, reason, attempts)
            await asyncio.sleep(_BACKOFF_SECONDS[min(attempts, len(_BACKOFF_SECONDS) - 1)])
            attempts += 1
    finally:
        if refused is not None:
            del _refused[refused]


def growing_limits(seconds: float) -> Iterator[float]:
    """Yield how long each attempt may take: what a slow database can't do in its time gets more of it, 60 s from the
    third attempt on.
    """
    return itertools.chain((seconds, 2 * seconds), itertools.repeat(_LONGEST_SECONDS))


def refusals() -> str | None:
    """Say what has been refused for longer than TELL_SECONDS, for `/readyz`; None if nothing is."""
    now = asyncio.get_running_loop().time()
    found = (
        f"{item.work} has been refused for {now - item.since:.0f} s: {item.reason}"
        for item in _refused
        if now - item.since >= TELL_SECONDS
    )
    return "; ".join(found) or None


def observe_refusals() -> None:
    """Bring kip_refused_seconds up to date."""
    now = asyncio.get_running_loop().time()
    longest: dict[str, float] = {}
    for item in _refused:
        longest[item.work] = max(longest.get(item.work, 0.0), now - item.since)
    REFUSED_SECONDS.clear()
    for work, seconds in longest.items():
        REFUSED_SECONDS.labels(work).set(seconds)


def _count(refused: Refused, reason: BaseException, attempts: int) -> None:
    REFUSED_TOTAL.labels(refused.work, type(reason).__name__).inc()
    if attempts % _LOG_EVERY == 0:
        log.warning("work.refused", work=refused.work, reason=refused.reason, attempt=attempts, exc_info=reason)


def _told(error: BaseException) -> str:
    """Name an error; with what a server or the network said, but no other text, which may quote an event."""
    return told(error)[:_TOLD] if isinstance(error, DATABASE_AWAY) else kind_of(error)
