"""A connection for one command. Imports no more than it needs: scripts call `kip` often."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from shared.database.connections import Connection, Hosts
from shared.runtime.config import load_settings

Result = TypeVar("Result")


def with_database(work: Callable[[Connection], Awaitable[Result]]) -> Result:
    """Run `work` on one connection to KIP_DATABASE_URL."""

    async def run() -> Result:
        url = load_settings().database_url.get_secret_value()
        connection = await Hosts(url).connect(server_settings={"application_name": "kip-cli"})
        try:
            return await work(connection)
        finally:
            await connection.close(timeout=5)

    return asyncio.run(run())
