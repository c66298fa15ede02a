"""Turns for heavy work: what one sender may keep from the others."""

import asyncio

import pytest

from shared.runtime.turns import BusyError, OwnTurns, Turns


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
        with pytest.raises(BusyError):
            async with turns.turn("greedy"):
                pass
        async with turns.turn("modest"):
            pass
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


async def test_a_sender_s_streams_move_one_at_a_time_and_other_senders_with_them() -> None:
    turns, order = OwnTurns(), []

    async def work(sender: str) -> None:
        async with turns.of(sender):
            order.append(sender)
            await asyncio.sleep(0)
            order.append(sender)

    await asyncio.gather(*(work("greedy") for _ in range(3)), work("modest"))
    assert order == ["greedy", "modest", "greedy", "modest", "greedy", "greedy", "greedy", "greedy"]
