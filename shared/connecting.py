"""How a service that consumes comes up and goes down: every dependency is waited for, however long it takes."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Protocol

import structlog

from shared.db import DATABASE_AWAY, Pool, is_migrated, open_pool
from shared.registry.follower import RegistryFollower

log = structlog.get_logger()
RETRY_SECONDS = 1.0


class Service(Protocol):
    """The parts of a service."""

    follower: RegistryFollower

    async def connect(self) -> None:
        """Connect to everything and begin to work; returns when that has been done."""
        ...

    async def stop(self) -> None:
        """Finish what is in hand, then let go of everything."""
        ...


@asynccontextmanager
async def connected(service: Service) -> AsyncIterator[None]:
    """The service's life: it answers at once (not ready), and connects meanwhile."""
    await service.follower.start()
    connecting = asyncio.create_task(service.connect())
    yield
    connecting.cancel()
    with suppress(asyncio.CancelledError):
        await connecting
    await service.stop()


async def until_there(step: Callable[[], Awaitable[None]], away: tuple[type[Exception], ...], waiting: str) -> None:
    """Take a step, again each second while it raises one of `away`; `waiting` is what the log says then."""
    while True:
        try:
            await step()
            return
        except away as error:
            log.warning(waiting, reason=f"{type(error).__name__}: {error}")
            await asyncio.sleep(RETRY_SECONDS)


async def open_migrated(
    url: str, *, size: int, application_name: str, settings: Mapping[str, str] | None = None
) -> Pool:
    """As `open_pool`, once the database is there and has every migration of this version."""
    while True:
        try:
            pool = await open_pool(url, size=size, application_name=application_name, settings=settings)
            try:
                await _migrated(pool)
            except BaseException:
                pool.terminate()
                raise
        except DATABASE_AWAY as error:
            log.warning("database.waiting", reason=f"{type(error).__name__}: {error}")
            await asyncio.sleep(RETRY_SECONDS)
        else:
            return pool


async def _migrated(pool: Pool) -> None:
    while not await is_migrated(pool):
        log.warning("database.not_migrated", cure="run 'kip migrate'")
        await asyncio.sleep(RETRY_SECONDS)
