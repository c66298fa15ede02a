"""However many units and messages there are, each question about them is asked of the database once."""

from contextlib import asynccontextmanager

import pytest

from services.notifications.alerts.summary_store import PERIOD_COUNTS
from services.notifications.messages import message_store
from services.notifications.messages.facts import gather
from tests.notifications.field import BEFORE, Field, at, limited

FIRST_OF_APRIL = "2023-04-03 08:00"
PROVINCES = {"20@1": "186@1", "19@1": "164@1", "02@1": "024@1"}  # each with one of its districts


class Watched:
    """A pool that keeps the text of every statement."""

    def __init__(self, pool):
        self.pool = pool
        self.statements = []

    @asynccontextmanager
    async def acquire(self, **limits):
        async with self.pool.acquire(**limits) as connection:
            with connection.query_logger(lambda record: self.statements.append(record.query)):
                yield connection


@pytest.fixture
async def field(pool, registry):
    """Three provinces of one district each; each province has an officer of the lead department."""
    place = Field(pool, limited(registry, *PROVINCES.values()))
    for province in PROVINCES:
        await place.officer(f"of {province}", province, "so-ldtbxh")
    for now in (BEFORE, "2022-12-15 08:00", "2023-03-16 18:00"):
        await place.sweep(now)
    await pool.execute("UPDATE notifications.obligation SET next_at = NULL")
    return place


async def summaries(field):
    return await field.pool.fetch("SELECT id, unit FROM notifications.message WHERE occasion IS NOT NULL ORDER BY unit")


async def test_a_sweep_asks_once_how_all_units_of_the_summaries_stand(field):
    watched = Watched(field.pool)
    await Field(watched, field.registry, field.opener).sweep(FIRST_OF_APRIL)
    assert [row["unit"] for row in await summaries(field)] == sorted(PROVINCES)
    assert watched.statements.count(PERIOD_COUNTS) == 1


async def gathered(field, ids, registry=None):
    taken = await message_store.take(field.pool, ids)
    watched = Watched(field.pool)
    found = await gather(watched, registry or field.registry, taken, at(FIRST_OF_APRIL))
    return found, watched.statements


async def test_as_many_questions_are_asked_for_three_summaries_as_for_one(field):
    await field.sweep(FIRST_OF_APRIL)
    ids = [row["id"] for row in await summaries(field)]
    _, asked = await gathered(field, ids[:1])
    await field.pool.execute("UPDATE notifications.message SET state = 'queued'")
    found, asked_for_all = await gathered(field, ids)
    assert asked_for_all == asked
    assert sorted(message.taken.unit for message in found.messages) == sorted(PROVINCES)
    assert all([row.expected > 0 for row in message.standing] == [True] for message in found.messages)


async def test_a_summary_of_a_unit_that_the_register_lacks_costs_only_its_own_message(field):
    await field.sweep(FIRST_OF_APRIL)
    ids = [row["id"] for row in await summaries(field)]
    await field.pool.execute("UPDATE notifications.message SET unit = 'nowhere' WHERE id = $1", ids[0])
    found, _ = await gathered(field, ids)
    assert {message.id: message.broken for message in found.messages} == {
        ids[0]: "KeyError: 'nowhere'", ids[1]: None, ids[2]: None,
    }  # fmt: skip
    assert all(message.standing for message in found.messages if message.broken is None)
