"""A time that no door takes is refused alone, and what an older version has taken of it stands in nobody's way."""

import pytest

from services.notifications.obligations.consumer import read_batch
from services.notifications.obligations.decisions import DecisionError, new_deadline
from shared.database.migration import MIGRATIONS
from tests.notifications.field import BEFORE, Field, answer, at, limited

WILD = ("0001-01-01T00:00:00+07:00", "1999-12-31T23:59:59Z", "2101-01-01T00:00:00Z", "9999-12-31T23:59:59-07:00")


@pytest.fixture
async def field(pool, registry):
    """Hữu Lũng two days before its deadline."""
    place = Field(pool, limited(registry, "186@1", "20@2"))
    await place.officer("An", "06412@1", "ubnd-xa")
    await place.officer("Bình", "186@1", "phong-ldtbxh-dt-huyen")
    await place.sweep(BEFORE)
    await place.sweep("2023-03-14 18:00")
    return place


def problem(kind="problem.raised", **attributes):
    made = answer(kind, record="p", text="Thiếu phòng họp", **attributes)
    return {**made, "data": {name: made["data"][name] for name in ("programme", "agency", "record", "text")}}


@pytest.mark.parametrize("time", WILD)
async def test_one_that_comes_on_the_queue_is_refused_alone(field, time):
    await field.take(problem(time=time), answer())
    assert (await field.obligation())["state"] == "met"
    assert await field.pool.fetchval("SELECT count(*) FROM notifications.problem") == 0
    dead = await field.pool.fetch("SELECT event->>'time', reason FROM notifications.dead_event")
    assert [row[0] for row in dead] == [time]
    assert "of the years 2000 to 2100" in dead[0]["reason"]


async def test_no_clock_throws_away_what_was_accepted(field):
    taken = read_batch([answer(time="2099-12-31T23:59:59Z")], field.registry)
    assert (len(taken.answers), len(taken.dead)) == (1, 0)


async def test_a_problem_that_was_taken_with_a_wild_time_gives_way_to_its_correction(field):
    await field.take(problem(), answer(time="2023-03-16T08:00:00+07:00"))
    await field.sweep("2023-03-16 11:00")
    await field.pool.execute(
        "UPDATE notifications.problem SET raised_at = '9999-12-31 23:59:59+00', changed_at = '9999-12-31 23:59:59+00'"
    )
    await field.pool.execute("UPDATE notifications.answer SET time = '9999-12-31 23:59:59+00'")
    await field.pool.execute("DROP INDEX aggregation.ledger_wild")
    await field.pool.execute((MIGRATIONS / "0040_wild_times.sql").read_text(encoding="utf-8"))
    assert await field.pool.fetchval("SELECT state FROM notifications.problem") == "withdrawn"
    assert await field.pool.fetchval("SELECT time FROM notifications.answer") == at("2023-03-16 10:00")
    await field.take(problem(id="again", time="2023-03-16T12:00:00+07:00"))
    row = await field.pool.fetchrow("SELECT state, raised_at FROM notifications.problem")
    assert tuple(row) == ("raised", at("2023-03-16 12:00"))
    await field.sweep("2023-03-17 08:00")


@pytest.mark.parametrize(
    "until",
    ["9999-12-31", "0001-01-01", "2101-01-03", "2024-03-18", "2023-02-30", "9" * 5000, "2023-03-17\x00", 5, None],
)
def test_a_deadline_is_moved_by_a_year_at_most(registry, until):
    programme = registry.programmes["ecd-1437"]
    with pytest.raises(DecisionError) as refused:
        new_deadline(programme, until, at("2023-03-16 17:00"), at("2023-03-17 09:00"))
    assert (refused.value.status, refused.value.field) == (422, "until")
    assert len(str(refused.value)) < 300


def test_a_deadline_within_a_year_is_set_at_the_programmes_hour(registry):
    programme = registry.programmes["ecd-1437"]
    moved = new_deadline(programme, "2024-03-15", at("2023-03-16 17:00"), at("2023-03-17 09:00"))
    assert moved == at("2024-03-15 17:00")
