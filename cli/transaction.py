"""One transaction of a command that needs to know the run's time."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import TypeVar

from shared.database.connections import Connection, Hosts
from shared.registry import store
from shared.runtime.clock import SystemClock
from shared.runtime.config import load_settings

Result = TypeVar("Result")


def in_transaction(client: str, work: Callable[[Connection, datetime], Awaitable[Result]]) -> Result:
    """Run `work` in one transaction on KIP_DATABASE_URL, with the run's time (simulated where the run is).

    `client` (kip source) is what the audit says of who did it.
    """

    async def run() -> Result:
        url = load_settings().database_url.get_secret_value()
        connection = await Hosts(url).connect(server_settings={"application_name": client})
        try:
            async with connection.transaction():
                clock = await store.read_clock(connection)
                return await work(connection, SystemClock(clock[0] if clock else timedelta(0)).now())
        finally:
            await connection.close(timeout=5)

    return asyncio.run(run())
