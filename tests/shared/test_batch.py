"""The batcher that both ends of the pipeline stand on."""

import asyncio
from collections.abc import Sequence

import pytest

from shared.runtime.batch import Batcher


async def test_concurrent_items_share_a_flush_and_each_hears_of_it() -> None:
    flushes: list[list[int]] = []

    async def flush(items: Sequence[int]) -> None:
        flushes.append(list(items))

    batcher = Batcher(flush, limit=100, linger=0.01, name="test")
    batcher.start()
    await asyncio.gather(*(batcher.submit(number) for number in range(10)))
    await batcher.stop()
    assert flushes == [list(range(10))]


async def test_a_full_batch_does_not_wait_and_none_is_over_the_limit() -> None:
    flushes: list[list[int]] = []

    async def flush(items: Sequence[int]) -> None:
        flushes.append(list(items))

    batcher = Batcher(flush, limit=3, linger=60, name="test")
    batcher.start()
    await asyncio.gather(*(batcher.submit(number) for number in range(6)))
    assert flushes == [[0, 1, 2], [3, 4, 5]]
    last = batcher.submit(6)
    await asyncio.sleep(0)
    await batcher.stop()
    await last
    assert flushes[-1] == [6]


async def test_a_failed_flush_is_raised_to_its_own_callers_only() -> None:
    async def flush(items: Sequence[str]) -> None:
        if "bad" in items:
            raise ConnectionError("away")

    batcher = Batcher(flush, limit=1, linger=0, name="test")
    batcher.start()
    good, bad = await asyncio.gather(batcher.submit("good"), batcher.submit("bad"), return_exceptions=True)
    await batcher.submit("again")
    await batcher.stop()
    assert good is None
    assert isinstance(bad, ConnectionError)


async def test_the_items_of_one_flush_may_end_differently() -> None:
    async def flush(items: Sequence[str]) -> list[Exception | None]:
        return [ConnectionError(item) if item == "bad" else None for item in items]

    batcher = Batcher(flush, limit=3, linger=60, name="test")
    batcher.start()
    ended = await asyncio.gather(*map(batcher.submit, ("good", "bad", "fine")), return_exceptions=True)
    await batcher.stop()
    assert [type(outcome) for outcome in ended] == [type(None), ConnectionError, type(None)]


async def test_a_caller_that_leaves_does_not_take_its_item_out() -> None:
    flushed: list[int] = []
    begin = asyncio.Event()

    async def flush(items: Sequence[int]) -> None:
        await begin.wait()
        flushed.extend(items)

    batcher = Batcher(flush, limit=1, linger=0, name="test")
    batcher.start()
    leaving = batcher.submit(1)
    await asyncio.sleep(0)
    leaving.cancel()
    with pytest.raises(asyncio.CancelledError):
        await leaving
    begin.set()
    await batcher.stop()
    assert flushed == [1]


async def test_what_came_during_a_flush_has_waited_long_enough() -> None:
    order: list[str] = []
    loop = asyncio.get_running_loop()
    end_first = asyncio.Event()

    async def flush(items: Sequence[str]) -> None:
        order.append(items[0])
        if items[0] == "first":
            await end_first.wait()

    batcher = Batcher(flush, limit=100, linger=0.2, name="test")
    batcher.start()
    first = batcher.submit("first")
    while not order:
        await asyncio.sleep(0.01)
    second = batcher.submit("second")
    await asyncio.sleep(0.3)
    # Both are timers of one loop, so their order holds however slow the machine is.
    loop.call_later(0.1, order.append, "later")
    end_first.set()
    await asyncio.gather(first, second)
    await asyncio.sleep(0.2)
    await batcher.stop()
    assert order == ["first", "second", "later"]


async def test_no_more_flushes_run_at_once_than_are_allowed_and_a_stop_waits_for_all() -> None:
    running: list[int] = []
    ended: list[int] = []
    go_on = asyncio.Event()

    async def flush(items: Sequence[int]) -> None:
        running.extend(items)
        await go_on.wait()
        ended.extend(items)

    batcher = Batcher(flush, limit=1, linger=60, flushes=2, name="test")
    batcher.start()
    callers = [batcher.submit(number) for number in range(3)]
    while len(running) < 2:
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    assert running == [0, 1]
    stopping = asyncio.create_task(batcher.stop())
    await asyncio.sleep(0.05)
    assert not stopping.done()
    go_on.set()
    await stopping
    assert sorted(ended) == [0, 1, 2]
    await asyncio.gather(*callers)
