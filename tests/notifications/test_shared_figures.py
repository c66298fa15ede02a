"""A figure that programmes share meets the reports of each that are complete with their figures."""

from dataclasses import replace

import pytest

from shared.programme.folder import load_programme
from tests.notifications.field import Field, answer, limited
from tests.sharing import ACCESS, NETWORK, OTHER, PLAN, SHIPPED, name_of, other_plan, write_folder

COMMUNE = "06412@1"
NOW = "2024-03-15 10:00"


@pytest.fixture
async def field(pool, registry, tmp_path):
    """Both programmes, whose quarterly reports are complete with the figures, in the first quarter that both expect."""
    reports = [{**PLAN["reports"][0], "completed_by": "indicators"}]
    indicators = [item for item in PLAN["indicators"] if item["slug"] in {ACCESS, NETWORK}]
    plans = [{**PLAN, "reports": reports, "indicators": indicators, "measures": []}, other_plan()]
    programmes = {plan["slug"]: load_programme(write_folder(tmp_path, plan)) for plan in plans}
    place = Field(pool, replace(limited(registry, "186@1"), programmes=programmes))
    await place.sweep("2023-12-20 08:00")
    return place


def figure(programme, period="2024-Q1", kind="indicator.reported", revision=0, **more):
    made = answer(kind, COMMUNE, NOW, period=period, revision=revision, **name_of(programme), **more)
    del made["data"]["report"]
    return made


async def states(field, period="2024-Q1"):
    rows = await field.pool.fetch(
        "SELECT programme, state, cycle FROM notifications.obligation WHERE unit = $1 AND period = $2", COMMUNE, period
    )
    return {row["programme"]: (row["state"], row["cycle"]) for row in rows}


@pytest.mark.parametrize("named", [SHIPPED, OTHER])
async def test_it_meets_the_reports_of_all_whichever_is_named(field, named):
    assert await states(field) == {SHIPPED: ("open", 1), OTHER: ("open", 1)}
    await field.take(figure(named), now=NOW)
    assert await states(field) == {SHIPPED: ("met", 1), OTHER: ("met", 1)}


async def test_a_withdrawal_under_the_other_name_reopens_both(field):
    await field.take(figure(SHIPPED), now=NOW)
    await field.take(figure(OTHER, kind="record.retracted", revision=1), now=NOW)
    assert await states(field) == {SHIPPED: ("open", 2), OTHER: ("open", 2)}
    await field.take(figure(SHIPPED, revision=2, id="again"), now=NOW)
    assert await states(field) == {SHIPPED: ("met", 2), OTHER: ("met", 2)}


async def test_of_a_period_that_a_programme_does_not_accept_it_answers_nothing_there(field):
    await field.take(figure(OTHER, period="2022-Q4"), figure(SHIPPED, period="2026-Q1", id="later"), now=NOW)
    rows = await field.pool.fetch("SELECT programme, period, item FROM notifications.answer ORDER BY period")
    assert [tuple(row) for row in rows] == [(SHIPPED, "2022-Q4", ACCESS), (OTHER, "2026-Q1", "access")]
