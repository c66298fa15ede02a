"""Looks at a request's key again while the request is still under way: what is revoked stops what it had begun."""

import asyncio
from collections.abc import AsyncIterator

from starlette.requests import Request

from services.intake.http.endpoint import Door, identify
from shared.registry.snapshot import Key

KEY_SECONDS = 0.25  # between two looks: a revocation is promised to work within a second


async def while_allowed(door: Door, request: Request, chunks: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    """The chunks for as long as the key holds, also where nothing comes. Raises RefusedError as `identify` does."""
    while True:
        waiting = asyncio.create_task(_next(chunks))
        try:
            while not waiting.done():
                await asyncio.wait({waiting}, timeout=KEY_SECONDS)
                identify(door, request)
        except BaseException:
            waiting.cancel()
            await asyncio.gather(waiting, return_exceptions=True)
            raise
        chunk = waiting.result()
        if chunk is None:
            return
        yield chunk


async def wait_for_rate(door: Door, request: Request) -> Key:
    """Wait until the sender may post again; its key, which holds at the end of it. Raises as `identify` does."""
    key = identify(door, request)
    while (wait := door.rates.wait(key)) > 0:
        await asyncio.sleep(min(wait, KEY_SECONDS))
        key = identify(door, request)
    return key


async def _next(chunks: AsyncIterator[bytes]) -> bytes | None:
    return await anext(chunks, None)
