"""A replica in a process of its own, that can be killed: one turn about Zalo's tokens at the given time."""

import asyncio
import sys
from datetime import datetime

from services.notifications.messages.channels.zalo_token import ZaloTokens
from shared.database import connections
from tests.notifications.zalo_server import APP, SECRET, zalo_api


async def main(database, url, now):
    pool = await connections.open_pool(database, size=2, application_name="kip-test")
    tokens = ZaloTokens(lambda: pool, zalo_api(url), APP, SECRET, None, lambda: datetime.fromisoformat(now))
    print("begun", flush=True)
    print(await tokens.keep(), flush=True)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
