"""Waits for a database that can't serve: what is known of a message is written down when it can again.

Messages are rows: what else goes wrong with one is its own affair, and raised.
"""

from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.database.connections import DATABASE_AWAY
from shared.runtime import retry

Result = TypeVar("Result")


async def patiently(work: Callable[[], Awaitable[Result]]) -> Result:
    """Run `work`, again and again while the database is away. It must be safe to repeat."""
    return await retry.patiently("messages", work, DATABASE_AWAY)
