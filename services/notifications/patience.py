"""Waits for a database that is away: what came from the queue is neither lost nor thrown back meanwhile."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

import structlog

from shared.db import DATABASE_AWAY

log = structlog.get_logger()
_BACKOFF_SECONDS = (0.1, 0.3, 1, 2, 5)
Result = TypeVar("Result")


async def patiently(work: Callable[[], Awaitable[Result]]) -> Result:
    """Run `work`, again and again while the database is away. It must be safe to repeat."""
    attempt = 0
    while True:
        try:
            return await work()
        except DATABASE_AWAY as error:
            if attempt == 0:
                log.warning("database.waiting", reason=f"{type(error).__name__}: {error}")
            await asyncio.sleep(_BACKOFF_SECONDS[min(attempt, len(_BACKOFF_SECONDS) - 1)])
            attempt += 1
