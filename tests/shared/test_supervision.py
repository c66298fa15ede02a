"""A background task that ends is started again, whatever ended it, and `/readyz` tells."""

import asyncio

import pytest
from prometheus_client import REGISTRY

from shared.runtime import supervision
from shared.runtime.metrics import TASK_RESTARTS
from shared.runtime.supervision import Supervised


class Ending:
    """Work that ends in a given way the first times, then goes on."""

    def __init__(self, *ends: BaseException | None) -> None:
        self.ends = list(ends)
        self.begun = 0
        self.steady = asyncio.Event()

    async def run(self) -> None:
        self.begun += 1
        if self.ends:
            end = self.ends.pop(0)
            await asyncio.sleep(0)
            if end is not None:
                raise end
            return
        self.steady.set()
        await asyncio.Event().wait()


def up(name: str) -> float | None:
    """Its sample of kip_task_up; None where there is none."""
    return REGISTRY.get_sample_value("kip_task_up", {"task": name})


def restarts(name: str) -> float:
    return TASK_RESTARTS.labels(name)._value.get()


@pytest.mark.parametrize(
    ("end", "told"),
    [
        (RuntimeError("ours"), "RuntimeError"),
        (asyncio.CancelledError(), "cancelled"),  # a library's: nobody here has asked for it
        (None, "returned"),
    ],
)
async def test_whatever_ends_a_task_it_begins_anew_and_is_told(end: BaseException | None, told: str) -> None:
    work = Ending(end)
    task = Supervised(f"test {told}", work.run)
    before = restarts(task.name)
    task.start()
    try:
        async with asyncio.timeout(10):
            await work.steady.wait()
        assert work.begun == 2
        assert restarts(task.name) == before + 1
        assert supervision.restarted()[task.name] == told
        assert supervision.down() is None
        assert task in supervision.supervised()
    finally:
        await task.stop()
    assert task not in supervision.supervised()
    assert not task.running
    assert up(task.name) is None, "a task that nobody expects is not down"


async def test_a_task_that_is_down_makes_the_service_not_ready() -> None:
    task = Supervised("test down", Ending(*[RuntimeError("ours")] * 20).run)
    task.start()
    try:
        async with asyncio.timeout(10):
            while (told := supervision.down()) is None:
                await asyncio.sleep(0.01)
        assert told == "test down ended (RuntimeError) and is to be started again"
    finally:
        await task.stop()
    assert supervision.down() is None


async def test_a_stop_waits_for_the_work_to_let_go() -> None:
    let_go = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0.05)
            let_go.append(True)

    task = Supervised("test stop", work)
    task.start()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    await task.stop()
    assert let_go == [True]


async def test_work_that_may_end_does_so_once_it_has_succeeded() -> None:
    work = Ending(RuntimeError("not yet"), None)
    task = Supervised("test once", work.run, once=True)
    task.start()
    async with asyncio.timeout(10):
        while work.begun < 2 or task in supervision.supervised():
            await asyncio.sleep(0.01)
    assert supervision.down() is None
    assert up(task.name) is None, "what has ended well is not down"


async def test_work_that_loses_a_cancellation_is_cancelled_once_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervision, "STOP_SECONDS", 0.05)
    begun = asyncio.Event()
    lost: list[asyncio.Task[None] | None] = []

    async def work() -> None:
        begun.set()
        while len(lost) < 2:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:  # as a library's wait that was answered at the same moment
                lost.append(asyncio.current_task())
        await asyncio.Event().wait()

    task = Supervised("test lost", work)
    task.start()
    async with asyncio.timeout(10):
        await begun.wait()
        await task.stop()
    assert len(lost) == 2
    assert lost[0] is not None
    assert lost[0].cancelled()
