"""What one sender may keep from the others: room for bodies, and the event loop."""

import asyncio
from collections.abc import AsyncIterator

from services.intake.formats.ndjson import groups_of
from shared.http.held_body import Memory


def test_one_sender_holds_no_more_than_its_share_of_the_room() -> None:
    memory = Memory(100, 60)
    assert memory.take(60, "greedy")
    assert not memory.take(1, "greedy")
    assert memory.take(40, "modest")
    assert not memory.take(1, "third")
    memory.give_back(60, "greedy")
    assert memory.take(1, "greedy")
    assert memory.held == 41


async def test_others_have_the_loop_while_a_chunk_of_nothing_but_line_ends_is_taken_apart() -> None:
    async def chunks() -> AsyncIterator[bytes]:
        yield b"\n" * 256 * 1024 + b"{}"

    had = 0

    async def others() -> None:
        nonlocal had
        while True:
            had += 1
            await asyncio.sleep(0)

    meanwhile = asyncio.create_task(others())
    assert [group async for group in groups_of(chunks())] == [[(256 * 1024, b"{}")]]
    meanwhile.cancel()
    assert had >= 60
