"""The grid of units × periods and the lists behind it: what stands there is what the obligations themselves say."""

from collections import Counter
from dataclasses import replace
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from services.notifications.cursors import write_cursor
from services.notifications.read_api import Reader, routes
from shared.access.keys import hash_key
from shared.registry.snapshot import Key
from tests.notifications.field import BEFORE, Field, answer, at, limited

REPORT = {"programme": "ecd-1437", "report": "progress-quarterly"}
NOW = "2025-09-22 09:00"
LATER, NIGHT = "2025-09-22 08:00", "2025-09-22 07:00"


@pytest.fixture
async def client(pool, registry):
    """Hữu Lũng and its province after a merger: some reported in time, some late, most never; one is waived."""
    places = {"all": "VN", "district": "186@1", "new": "06427@2", "former": "06412@1"}
    keys = {hash_key(name): Key(name, uid, None, True, None) for name, uid in places.items()}
    field = Field(pool, replace(limited(registry, "186@1", "20@2"), keys=keys))
    await field.sweep(BEFORE)
    for day in ("2023-03-17", "2024-12-20", "2025-03-20", "2025-06-18"):
        await field.sweep(f"{day} 08:00")
    for unit, period, accepted in (
        ("06412@1", "2025-Q1", "2025-03-10 09:00"), ("06403@1", "2025-Q1", "2025-06-18 09:00"),
        ("06412@1", "2025-Q2", "2025-06-16 09:00"), ("06427@2", "2025-Q3", "2025-09-15 09:00"),
    ):  # fmt: skip
        await field.take(answer(subject=unit, period=period, accepted=accepted, id=f"{unit}{period}"), now=accepted)
    await field.sweep(NIGHT)
    await pool.execute(
        "UPDATE notifications.obligation SET state = 'waived' WHERE unit = '06388@1' AND period = '2025-Q1'"
    )
    await field.sweep(LATER)
    app = Starlette(routes=routes(Reader(lambda: field.registry, lambda: pool, lambda: at(NOW))))
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as opened:
        yield opened


async def ask(client: httpx.AsyncClient, path: str, key: str = "all", **query: Any) -> dict[str, Any]:
    found = await client.get(path, params=query, headers={"Authorization": f"Bearer {key}"})
    assert found.status_code == 200, found.text
    return dict(found.json())


async def listed(client: httpx.AsyncClient, **query: Any) -> list[dict[str, Any]]:
    """All pages of the list."""
    rows: list[dict[str, Any]] = []
    page: dict[str, str] = {}
    while page.get("after", "") is not None:
        body = await ask(client, "/v1/obligations", limit=37, **query, **page)
        rows += body["rows"]
        page = {"after": body["next"]}
    return rows


def states(cell: dict[str, Any]) -> Counter[str]:
    return Counter({name: it for name, it in cell.items() if name not in {"expected", "obligation"} and it})


async def test_a_cell_says_of_each_unit_how_its_report_stands(client):
    grid = await ask(client, "/v1/obligations/grid", within="186@1", period="2025-Q2", **REPORT)
    periods = [it["period"] for it in grid["periods"]]
    assert periods == [f"{2023 + n // 4}-Q{n % 4 + 1}" for n in range(2, 10)]
    assert len(grid["rows"]) == 23
    rows = await listed(client, within="186@1", level="commune", period=f"{periods[0]}..{periods[-1]}", **REPORT)
    by_cell = {(row["unit"], row["period"]): row for row in rows}
    for line in grid["rows"]:
        for period, cell in zip(periods, line["cells"], strict=True):
            row = by_cell.pop((line["uid"], period))
            assert (states(cell), cell["obligation"]) == (Counter({row["state"]: 1}), row["id"])
    assert by_cell == {}
    by_uid = {line["uid"]: line["cells"] for line in grid["rows"]}
    assert [next(iter(states(by_uid[uid][-2]))) for uid in ("06412@1", "06403@1", "06388@1")] == [
        "met", "late_met", "waived",
    ]  # fmt: skip


async def test_on_today_s_tree_a_line_counts_all_that_the_unit_came_from(client):
    view = {"within": "20@2", "view": "as_of_today", **REPORT}
    grid = await ask(client, "/v1/obligations/grid", labels="vi", **view)
    assert grid["periods"][-1] == {"period": "2025-Q4", "name": "quý IV năm 2025"}
    rows = await listed(client, level="commune", period="2024-Q1..2025-Q4", **REPORT)
    counted = sum((states(cell) for line in grid["rows"] for cell in line["cells"]), Counter[str]())
    assert counted == Counter(row["state"] for row in rows)
    (new,) = [line for line in grid["rows"] if line["uid"] == "06427@2"]
    places = {it["period"]: place for place, it in enumerate(grid["periods"])}
    before, after = new["cells"][places["2025-Q1"]], new["cells"][places["2025-Q3"]]
    assert (before["expected"], before["met"], before["late_met"], before["obligation"]) == (3, 1, 1, None)
    assert (after["expected"], after["met"]) == (1, 1)
    assert after["obligation"] == "ecd-1437~progress-quarterly~06427@2~ubnd-xa~2025-Q3~0"
    (nation,) = (await ask(client, "/v1/obligations/grid", **{**view, "within": "VN", "level": "nation"}))["rows"]
    (province,) = (await ask(client, "/v1/obligations/grid", **{**view, "within": "VN"}))["rows"]
    assert states(nation["cells"][0]) == states(province["cells"][0]) + Counter(
        row["state"] for row in await listed(client, period="2024-Q1", level="nation", **REPORT)
    )


async def test_pages_of_lines_follow_each_other(client):
    whole = await ask(client, "/v1/obligations/grid", within="186@1", period="2023-Q1", **REPORT)
    assert [it["period"] for it in whole["periods"]] == ["2023-Q1"]
    first = await ask(client, "/v1/obligations/grid", within="186@1", period="2023-Q1", limit=20, **REPORT)
    rest = await ask(client, "/v1/obligations/grid", within="186@1", period="2023-Q1", after=first["next"], **REPORT)
    assert first["rows"] + rest["rows"] == whole["rows"]
    assert (len(rest["rows"]), rest["next"]) == (3, None)


async def test_a_key_sees_the_lines_that_it_reaches_whole(client):
    own = await ask(client, "/v1/obligations/grid", "new", view="as_of_today", **REPORT)
    assert [line["uid"] for line in own["rows"]] == ["06427@2"]
    district = await ask(client, "/v1/obligations/grid", "district", period="2025-Q2", **REPORT)
    assert len(district["rows"]) == 23
    for key, query in (("new", {"within": "20@2"}), ("district", {"within": "20@2", "level": "province"})):
        refused = await client.get(
            "/v1/obligations/grid", params={**REPORT, **query}, headers={"Authorization": f"Bearer {key}"}
        )
        assert refused.status_code == 403


async def test_what_a_line_came_from_matters_only_where_it_is_counted(client):
    """A key of a former commune reaches what became of it, and not the other communes that went into that."""
    view = {"within": "06427@2", "view": "as_of_today", **REPORT}
    answers = [
        await client.get("/v1/obligations/grid", params={**view, **more}, headers={"Authorization": "Bearer former"})
        for more in ({"periods": "8"}, {"periods": "1", "period": "2025-Q4"})
    ]
    assert [answer.status_code for answer in answers] == [403, 200]
    assert [line["uid"] for line in answers[1].json()["rows"]] == ["06427@2"]


@pytest.mark.parametrize(
    ("field", "query"),
    [
        ("report", {"report": "nothing"}),
        ("periods", {"periods": "0"}),
        ("periods", {"periods": "61"}),
        ("period", {"period": "2025"}),
        ("period", {"period": "2024-Q1..2024-Q2"}),
        ("period", {"period": "2019-Q1"}),
        ("level", {"level": "village"}),
        ("view", {"view": "tomorrow"}),
        ("within", {"within": "99999"}),
        ("within", {"within": "186@1", "view": "as_of_today"}),
        ("state", {"state": "met"}),
    ],
)
async def test_a_grid_that_can_t_be_is_refused_with_its_parameter(client, field, query):
    refused = await client.get(
        "/v1/obligations/grid", params={**REPORT, **query}, headers={"Authorization": "Bearer all"}
    )
    assert (refused.status_code, refused.json()["field"]) == (400, field)


async def test_a_list_within_a_unit_is_of_a_range_of_a_step_and_in_order_of_deadlines(client):
    asked = {"within": "20@2", "period": "2025-Q1..2025-Q3", "state": "overdue", **REPORT}
    rows = await listed(client, **asked)
    assert {row["period"] for row in rows} == {"2025-Q1", "2025-Q2", "2025-Q3"}
    by_due = await listed(client, sort="due_at", **asked)
    assert [row["id"] for row in by_due] == [
        row["id"] for _, row in sorted(enumerate(rows), key=lambda it: (it[1]["due_at"], it[0]))
    ]
    steps = Counter(row["step"] for row in rows)
    assert None not in steps
    for step, number in steps.items():
        reached = await listed(client, step=step, **asked)
        assert len(reached) == number
        assert {row["step"] for row in reached} == {step}
        assert all(row["step_at"] for row in reached)
    assert await listed(client, step="reminder", **asked) == []


async def test_a_list_refuses_what_contradicts_itself(client):
    for field, query in (
        ("unit", {"unit": "06412@1", "within": "186@1"}), ("unit", {"unit": "06412@1", "level": "commune"}),
        ("level", {"level": "village"}), ("within", {"within": "nowhere"}), ("sort", {"sort": "shoe"}),
        ("step", {"step": "no-such-step"}), ("after", {"after": write_cursor("due", 0, 2**62, 1), "sort": "due_at"}),
        ("period", {"period": "2025-Q3..2025-Q1"}), ("period", {"period": "2025..2025-Q1"}),
    ):  # fmt: skip
        refused = await client.get("/v1/obligations", params=query, headers={"Authorization": "Bearer all"})
        assert (refused.status_code, refused.json()["field"]) == (400, field)
    first = await ask(client, "/v1/obligations", sort="due_at", limit=1)
    for order in ("id", None):
        query = {"after": first["next"], **({"sort": order} if order else {})}
        refused = await client.get("/v1/obligations", params=query, headers={"Authorization": "Bearer all"})
        assert (refused.status_code, refused.json()["field"]) == (400, "after")
