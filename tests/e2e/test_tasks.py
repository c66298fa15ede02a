"""Every background task of every service is supervised: one that is killed comes back, whichever it is."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY
from starlette.types import ASGIApp

from deploy.local.ports import free_port
from services.aggregation import app as aggregation
from services.board import app as board
from services.intake import app as intake
from services.notifications import app as notifications
from shared.broker import topology
from shared.runtime import supervision
from shared.runtime.config import Settings
from tests.system import ROOT

SERVICES: dict[str, tuple[Callable[[Settings], ASGIApp], set[str]]] = {
    "intake": (intake.make_app, {"registry", "drain", "posts"}),
    "aggregation": (aggregation.make_app, {"registry", "drift", "observer", "partition 0", "partition 3"}),
    "notifications": (notifications.make_app, {"registry", "sweep", "changes", "observer", "events"}),
    "board": (board.make_app, {"others"}),
}
PASSING = {"lifespan", "flush"}  # the application itself, and what a batcher waits for
OURS = tuple(str(ROOT / folder) for folder in ("services", "shared"))


@asynccontextmanager
async def living(app: ASGIApp) -> AsyncIterator[None]:
    """The application between its start and its stop, as a server runs it."""
    told: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    said: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    running = asyncio.create_task(
        app({"type": "lifespan", "asgi": {"version": "3.0"}}, told.get, said.put), name="lifespan"
    )  # type: ignore[arg-type]
    await told.put({"type": "lifespan.startup"})
    assert (await said.get())["type"] == "lifespan.startup.complete"
    try:
        yield
    finally:
        await told.put({"type": "lifespan.shutdown"})
        async with asyncio.timeout(60):
            await running


def samples_of(metric: str) -> list[tuple[str, float]]:
    """A metric's samples by task."""
    found = next((family for family in REGISTRY.collect() if family.name == metric), None)
    return [(sample.labels["task"], sample.value) for sample in found.samples] if found is not None else []


async def ready(app: ASGIApp) -> bool:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return (await client.get("/readyz")).status_code == 200


async def until(happened: Callable[[], Any]) -> None:
    async with asyncio.timeout(60):
        while True:
            found = happened()
            if await found if asyncio.iscoroutine(found) else found:
                return
            await asyncio.sleep(0.05)


def own_tasks() -> set["asyncio.Task[Any]"]:
    """The tasks that run a function of ours: a library's are its own affair."""
    found = set()
    for task in asyncio.all_tasks():
        code = getattr(task.get_coro(), "cr_code", None)
        if code is not None and code.co_filename.startswith(OURS):
            found.add(task)
    return found


def cancelled_and_restarted(names: set[str]) -> bool:
    """Cancel those that were not started again yet: asyncio's own waits may swallow one that comes with their end."""
    left = names - set(supervision.restarted())
    for task in own_tasks():
        if task.get_name() in left:
            task.cancel()
    return not left


@pytest.mark.parametrize("name", SERVICES)
async def test_no_background_task_is_left_alone_and_each_comes_back(
    name: str, amqp_url: str, loaded_database: str
) -> None:
    make_app, expected = SERVICES[name]
    ports = {f"{service}_port": free_port() for service in SERVICES}  # the usual ones may be a demo's, which answers
    settings = Settings(
        amqp_url=amqp_url, database_url=loaded_database, board_key="kip_x", drift_interval=0.2, **ports  # type: ignore[arg-type]
    )  # fmt: skip
    await topology.declare(amqp_url, settings.partitions)
    app = make_app(settings)
    async with living(app):
        await until(lambda: ready(app))
        known = {task.name: task for task in supervision.supervised()}
        assert expected <= set(known)
        names = {*known, *(f"supervision of {task}" for task in known)}
        await until(lambda: all(task.get_name() in names for task in own_tasks() if task.get_name() not in PASSING))
        await until(lambda: cancelled_and_restarted(set(known)))
        assert set(supervision.restarted().values()) == {"cancelled"}
        await until(lambda: supervision.down() is None)
        await until(lambda: ready(app))
        assert {up for _, up in samples_of("kip_task_up")} == {1.0}, "none that is there, or has done its work, is down"
    assert supervision.supervised() == []
    assert samples_of("kip_task_up") == []
    assert {task for task in own_tasks() if task.get_name() not in PASSING} == set()
