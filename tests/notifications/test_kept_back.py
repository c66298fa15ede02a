"""What an acknowledgement keeps back: until its day, and longer where the officer acknowledges once more."""

import pytest

from services.notifications.alerts import alert_store
from tests.notifications.field import BEFORE, Field, at, limited


@pytest.fixture
async def field(pool, registry):
    """Hữu Lũng with an officer in Yên Vượng and one in the district."""
    place = Field(pool, limited(registry, "186@1", "20@2"))
    await place.officer("An", "06412@1", "ubnd-xa")
    await place.officer("Bình", "186@1", "phong-ldtbxh-dt-huyen", "email:binh@example.vn")
    await place.sweep(BEFORE)
    return place


async def states_of(field, officer):
    """The states of the officer's alerts of the step that says a report is overdue."""
    query = "SELECT state FROM notifications.alert WHERE step = 'overdue' AND officer = $1"
    return [row["state"] for row in await field.pool.fetch(query, officer)]


async def kept_back(field):
    """An has acknowledged the reminder until the 22nd when the report is overdue; An's id."""
    await field.sweep("2023-03-15 08:00")
    row = await field.obligation()
    officer = await field.pool.fetchval("SELECT id FROM registry.officer WHERE name = 'An'")
    async with field.pool.acquire() as connection:
        await alert_store.acknowledge(
            connection, officer, "ecd-1437", [row["id"]], at("2023-03-22 08:00"), at("2023-03-15 09:00")
        )
    await field.sweep("2023-03-17 08:00")
    return officer


async def test_an_acknowledgement_keeps_back_until_its_day_and_then_only_the_latest_that_is_still_true(field):
    officer = await kept_back(field)
    states = await field.pool.fetch(
        "SELECT step, state FROM notifications.alert WHERE officer = $1 ORDER BY id", officer
    )
    assert [tuple(item) for item in states][-1] == ("overdue", "muted")
    told = [name for step, about, name in await field.alerts() if (step, about) == ("parent-digest", "06412@1")]
    assert told == ["Bình"], "the level above is told as ever"
    await field.sweep("2023-03-21 09:00")
    assert await field.pool.fetchval("SELECT count(*) FROM notifications.alert WHERE state = 'muted'") == 1
    await field.sweep("2023-03-22 08:00")
    await field.sweep("2023-03-22 09:00")
    woken = await field.pool.fetch(
        """SELECT state, count(DISTINCT message) FROM notifications.alert
           WHERE step = 'overdue' AND officer = $1 GROUP BY 1""",
        officer,
    )
    assert [tuple(item) for item in woken] == [("queued", 1)]


async def test_what_an_acknowledgement_kept_back_of_a_programme_that_is_no_more_the_officer_s_is_told_nobody(field):
    officer = await kept_back(field)
    await field.pool.execute("UPDATE registry.officer SET programmes = '{nap-23}' WHERE id = $1", officer)
    await field.sweep("2023-03-22 08:00")
    states = await field.pool.fetch(
        "SELECT state, message FROM notifications.alert WHERE step = 'overdue' AND officer = $1", officer
    )
    assert [tuple(item) for item in states] == [("cancelled", None)]


@pytest.mark.parametrize("about", ["the programme", "the report"])
async def test_what_a_later_acknowledgement_covers_is_kept_back_until_that_has_ended(field, about):
    officer = await kept_back(field)
    obligation = None if about == "the programme" else (await field.obligation())["id"]
    async with field.pool.acquire() as connection:
        await alert_store.acknowledge(
            connection, officer, "ecd-1437", [obligation], at("2023-03-24 08:00"), at("2023-03-20 09:00")
        )
    await field.sweep("2023-03-22 08:00")
    await field.sweep("2023-03-24 07:59")
    assert await states_of(field, officer) == ["muted"]
    await field.sweep("2023-03-24 08:00")
    assert await states_of(field, officer) == ["queued"]


async def test_what_another_acknowledgement_covers_is_no_reason_to_be_kept_back_longer(field):
    officer = await kept_back(field)
    async with field.pool.acquire() as connection:
        other = await connection.fetchval("SELECT id FROM registry.officer WHERE name = 'Bình'")
        until, now = at("2023-03-24 08:00"), at("2023-03-20 09:00")
        await alert_store.acknowledge(connection, other, "ecd-1437", [None], until, now)
        await alert_store.acknowledge(connection, officer, "nap-23", [None], until, now)
    await field.sweep("2023-03-22 08:00")
    assert await states_of(field, officer) == ["queued"]
