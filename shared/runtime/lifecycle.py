"""How a service comes up and goes down: every dependency is waited for, however long it takes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Protocol

import structlog

from shared.database.connections import Pool, open_pool
from shared.database.migration import is_migrated
from shared.runtime import tls
from shared.runtime.supervision import Supervised

log = structlog.get_logger()
RETRY_SECONDS = 1.0


class Follower(Protocol):
    """What keeps a service's registry fresh."""

    async def start(self) -> None:
        """Begin to follow; returns soon, whether or not the database is there."""
        ...


class Service(Protocol):
    """The parts of a service."""

    async def connect(self) -> None:
        """Connect to everything and begin to work; returns when that has been done."""
        ...

    async def stop(self) -> None:
        """Finish what is in hand, then let go of everything."""
        ...


@asynccontextmanager
async def connected(service: Service, follower: Follower | None = None) -> AsyncIterator[None]:
    """Run a service: it answers at once (not ready), and connects meanwhile.

    Its `follower`, if it has one, is started before: probes and endpoints then have a registry to look at.
    """
    if follower is not None:
        await follower.start()
    connecting = Supervised("connect", service.connect, once=True)
    connecting.start()
    yield
    await connecting.stop()
    await service.stop()


async def until_there(step: Callable[[], Awaitable[None]], waiting: str) -> None:
    """Take a step, again each second until it succeeds; `waiting` is what the log says meanwhile."""
    while True:
        try:
            await step()
            return
        except Exception as error:  # a wrong password may be put right, a queue that is in the way removed
            log.warning(waiting, reason=tls.reason(error, "AMQP" if waiting.startswith("broker") else "DATABASE"))
            await asyncio.sleep(RETRY_SECONDS)


async def open_migrated(
    url: str, *, size: int, application_name: str, settings: Mapping[str, str] | None = None
) -> Pool:
    """Open a pool as `open_pool` does, and wait until the database has every migration of this version."""
    pool = await open_pool(url, size=size, application_name=application_name, settings=settings)
    try:
        while not await is_migrated(pool):
            log.warning("database.not_migrated", cure="run 'kip migrate'")
            await asyncio.sleep(RETRY_SECONDS)
    except BaseException:
        pool.terminate()
        raise
    return pool
