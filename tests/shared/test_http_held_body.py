"""A request's body in memory: what is counted is what is held."""

import tracemalloc

from starlette.requests import Request
from starlette.types import Message

from shared.http.held_body import BodyLimits, HeldBody, Memory

CHUNK, CHUNKS = 64 * 1024, 64
SIZE = CHUNK * CHUNKS


async def test_a_body_is_held_once_and_as_much_as_is_counted() -> None:
    sent = 0

    async def receive() -> Message:
        nonlocal sent
        sent += 1
        return {"type": "http.request", "body": bytes([sent]) * CHUNK, "more_body": sent < CHUNKS}

    memory = Memory(2 * SIZE, 2 * SIZE)
    request = Request({"type": "http", "method": "POST", "path": "/", "headers": []}, receive)
    tracemalloc.start()
    try:
        async with HeldBody(request, BodyLimits(SIZE, 10, memory)) as body:
            held, _ = tracemalloc.get_traced_memory()
            assert (len(body), memory.held) == (SIZE, SIZE)
            assert SIZE <= held < 1.2 * SIZE
    finally:
        tracemalloc.stop()
    assert memory.held == 0
