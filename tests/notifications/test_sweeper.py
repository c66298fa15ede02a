"""Of several replicas one sweeps, any of them can, and the heartbeat tells of a sweep that ended well."""

import asyncio

import pytest

from services.notifications.alerts import outgoing_store
from services.notifications.alerts.loop import Sweeper
from services.notifications.obligations import obligation_store
from shared.database import connections
from shared.runtime.metrics import CURRENT_OBLIGATIONS, SWEEP_LAST_SUCCESS, UNADDRESSED_ALERTS
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


def sweeper(field, pool, publish, now="2023-03-15 08:00"):
    return Sweeper(
        pool, lambda: field.registry, Fixed(at(now)), publish, NoBacklog(), on_swept=lambda: None,
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


async def taken(bodies):
    """The broker has confirmed."""


def series(gauge):
    return {tuple(sample.labels.values()): sample.value for sample in gauge.collect()[0].samples}


async def test_alerts_that_found_nobody_rest_when_somebody_is_registered_or_the_report_has_come(field):
    await sweeper(field, field.pool, taken, "2023-03-17 08:00").sweep_once()
    communes = sum(unit.level == "commune" and unit.valid_to is not None for unit in field.registry.units)
    before = series(UNADDRESSED_ALERTS)
    # All but An's at their own units; all of them at the district, with the reminder of its own report.
    assert before == {("ecd-1437", "commune"): communes - 1, ("ecd-1437", "district"): communes + 1}
    for agency in ("phong-ldtbxh-dt-huyen", "ubnd-huyen"):
        await field.officer(agency, "186@1", agency)
    await sweeper(field, field.pool, taken, "2023-03-17 08:05").sweep_once()
    assert series(UNADDRESSED_ALERTS) == {("ecd-1437", "commune"): communes - 1}
    await field.pool.execute("UPDATE notifications.obligation SET state = 'late_met', met_at = due_at")
    await sweeper(field, field.pool, taken, "2023-03-17 08:10").sweep_once()
    assert series(UNADDRESSED_ALERTS) == {}


async def test_what_is_current_is_the_latest_period_whose_deadline_has_passed(field):
    def quarterly():
        found = series(CURRENT_OBLIGATIONS)
        return {key[3]: value for key, value in found.items() if key[1:3] == ("progress-quarterly", "commune")}

    communes = sum(unit.level == "commune" and unit.valid_to is not None for unit in field.registry.units)
    await sweeper(field, field.pool, taken, "2023-03-15 08:00").sweep_once()
    assert quarterly() == {}
    await sweeper(field, field.pool, taken, "2023-03-17 08:00").sweep_once()
    assert quarterly() == {"overdue": communes}
    await sweeper(field, field.pool, taken, "2023-06-10 08:00").sweep_once()
    await field.pool.execute(
        """UPDATE notifications.obligation SET state = 'met', met_at = due_at, next_at = NULL
           WHERE period = '2023-Q2' AND unit <> '06412@1'"""
    )
    await sweeper(field, field.pool, taken, "2023-06-17 08:00").sweep_once()
    assert quarterly() == {"overdue": 1, "met": communes - 1}  # those of the first quarter are history
    await sweeper(field, field.pool, taken, "2026-06-17 08:00").sweep_once()
    assert series(CURRENT_OBLIGATIONS) == {}  # the programme is at rest


async def test_a_replica_that_does_not_sweep_exports_no_counts(field, loaded_database):
    await sweeper(field, field.pool, taken, "2023-03-17 08:00").sweep_once()
    assert series(UNADDRESSED_ALERTS)
    other = await connections.open_pool(loaded_database, size=1, application_name="kip-other")
    try:
        async with other.acquire() as connection:
            assert await obligation_store.try_sweep_lock(connection)
            assert (await sweeper(field, field.pool, taken).sweep_once())[0] is None
            await obligation_store.give_back_sweep_lock(connection)
    finally:
        await connections.close_pool(other)
    assert series(UNADDRESSED_ALERTS) == {}
