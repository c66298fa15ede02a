"""What one sender may keep from the others: turns for heavy work, and room for bodies."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from services.intake.formats.ndjson import groups_of
from services.intake.pacing.limits import OwnTurns, Turns
from services.intake.refusals.request_errors import RefusedError
from shared.http.held_body import Memory


async def test_a_sender_with_many_large_requests_lets_others_have_the_next_turn() -> None:
    turns = Turns(1, 10.0)
    order: list[str] = []

    async def work(sender: str) -> None:
        async with turns.turn(sender):
            order.append(sender)
            await asyncio.sleep(0)

    many = [asyncio.create_task(work("greedy")) for _ in range(5)]
    await asyncio.sleep(0)
    await asyncio.gather(*many, asyncio.create_task(work("modest")))
    assert order == ["greedy", "modest", *["greedy"] * 4]


async def test_one_sender_never_has_all_turns_at_once() -> None:
    turns = Turns(2, 0.2)
    async with turns.turn("greedy"):
        with pytest.raises(RefusedError) as refused:
            async with turns.turn("greedy"):
                pass
        async with turns.turn("modest"):
            pass
    assert refused.value.status == 503
    async with turns.turn("greedy"):
        pass


async def test_a_turn_is_given_back_however_its_work_ends() -> None:
    turns = Turns(1, 5.0)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError):
            async with turns.turn("one"):
                raise ZeroDivisionError
    waiting = asyncio.create_task(turns.turn("one").__aenter__())
    await asyncio.sleep(0)
    waiting.cancel()
    async with asyncio.timeout(5), turns.turn("two"):
        await asyncio.sleep(0)


def test_one_sender_holds_no_more_than_its_share_of_the_room() -> None:
    memory = Memory(100, 60)
    assert memory.take(60, "greedy")
    assert not memory.take(1, "greedy")
    assert memory.take(40, "modest")
    assert not memory.take(1, "third")
    memory.give_back(60, "greedy")
    assert memory.take(1, "greedy")
    assert memory.held == 41


async def test_a_sender_s_streams_move_one_at_a_time_and_other_senders_with_them() -> None:
    turns, order = OwnTurns(), []

    async def work(sender: str) -> None:
        async with turns.of(sender):
            order.append(sender)
            await asyncio.sleep(0)
            order.append(sender)

    await asyncio.gather(*(work("greedy") for _ in range(3)), work("modest"))
    assert order == ["greedy", "modest", "greedy", "modest", "greedy", "greedy", "greedy", "greedy"]


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
