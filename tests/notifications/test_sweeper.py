"""Of several replicas one sweeps, any of them can, and the heartbeat tells of a sweep that ended well."""

import asyncio

import pytest

from services.notifications.alerts import outgoing_store
from services.notifications.alerts.loop import Sweeper
from shared.database import connections
from shared.runtime.metrics import SWEEP_LAST_SUCCESS
from tests.notifications.field import BEFORE, Field, Fixed, at, limited


class NoBacklog:
    """Nothing is on its way."""

    async def hold(self):
        return None

    async def alerts_empty(self):
        return True


@pytest.fixture
async def field(pool, registry):
    """Hữu Lũng before the first period, with an officer."""
    place = Field(pool, limited(registry, "186@1"))
    await place.officer("An", "06412@1", "ubnd-xa")
    await place.sweep(BEFORE)
    return place


def sweeper(field, pool, publish):
    return Sweeper(
        pool, lambda: field.registry, Fixed(at("2023-03-15 08:00")), publish, NoBacklog(), on_swept=lambda: None,
        interval=30,
    )  # fmt: skip


def heartbeat():
    return SWEEP_LAST_SUCCESS._value.get()


async def test_while_one_sweeps_the_other_does_not_and_takes_over_when_the_first_is_gone(field, loaded_database):
    arrived, queued = asyncio.Event(), []

    async def hang(bodies):
        arrived.set()
        await asyncio.Event().wait()

    async def queue(bodies):
        queued.extend(bodies)

    other_pool = await connections.open_pool(loaded_database, size=2, application_name="kip-other")
    try:
        first = asyncio.create_task(sweeper(field, other_pool, hang).sweep_once())
        await arrived.wait()
        second = sweeper(field, field.pool, queue)
        assert (await second.sweep_once())[0] is None
        assert queued == []
        # The machine of the first is gone: its connection ends, and with it its lock.
        await field.pool.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'kip-other'"
        )
        first.cancel()
        await asyncio.gather(first, return_exceptions=True)
        swept, _ = await second.sweep_once()
        assert swept is not None
        assert swept.published == 1
        assert len(queued) == 1
        assert await field.alerts() == [("reminder", "06412@1", "An")]
    finally:
        await connections.close_pool(other_pool)


async def test_the_heartbeat_is_that_of_the_last_sweep_that_ended_well(field):
    async def refuse(bodies):
        raise ConnectionError("the broker is away")

    async def queue(bodies):
        pass

    SWEEP_LAST_SUCCESS.set(0)
    with pytest.raises(ConnectionError):
        await sweeper(field, field.pool, refuse).sweep_once()
    assert heartbeat() == 0
    async with field.pool.acquire() as connection:
        assert len(await outgoing_store.to_publish(connection, at("2023-03-15 08:00"), repair=False)) == 1
    await sweeper(field, field.pool, queue).sweep_once()
    assert heartbeat() > at("2023-03-15 08:00").timestamp()  # the machine's time, not the run's
