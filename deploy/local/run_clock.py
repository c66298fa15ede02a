"""What time it is in a run."""

import asyncio
from datetime import datetime

import asyncpg

from shared.registry import store
from shared.runtime.clock import SystemClock


def simulated_now(database_url: str) -> datetime | None:
    """Read the instant that the run's simulated clock shows; None where its clock is the machine's."""

    async def read() -> datetime | None:
        connection = await asyncpg.connect(database_url, timeout=10)
        try:
            clock = await store.read_clock(connection)
        finally:
            await connection.close(timeout=5)
        return SystemClock(clock[0]).now() if clock else None

    return asyncio.run(read())
