"""`kip verify`, `kip rebuild`, `kip dead` and the watch over consistency, on a running system."""

import asyncio
import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import asyncpg
import pytest

from deploy.local.stack import LocalStack
from tests.forks import run_kip
from tests.system import System, access, counselling, kip


@pytest.fixture
def own(stack: LocalStack, amqp_url: str, loaded_database: str) -> Iterator[System]:
    running = System(stack, amqp_url, loaded_database, settings={"KIP_DRIFT_INTERVAL": "0.2"})
    yield running
    running.services.stop()


def execute(system: System, *statements: str, values: tuple[object, ...] = ()) -> None:
    async def run() -> None:
        connection = await asyncpg.connect(system.database_url)
        for statement in statements:
            await connection.execute(statement, *values)
        await connection.close()

    asyncio.run(run())


def fetch(system: System, query: str) -> list[asyncpg.Record]:
    async def run() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(system.database_url)
        rows = await connection.fetch(query)
        await connection.close()
        return list(rows)

    return asyncio.run(run())


def records(system: System) -> int:
    return int(system.rollups(activity="parent-counselling", within="VN", period="2023-03")[0]["records"])


def test_a_damaged_cell_is_seen_by_verify_and_the_metric_and_rebuilt_while_events_come_in(own: System) -> None:
    assert own.post([counselling(record=f"r{number}") for number in range(50)]).status_code == 202
    own.wait_until(lambda: records(own) == 50, "all is counted")
    assert json.loads(kip("verify", "--json", environment=own.environment)) == {
        "events": 50, "cells": 0, "records": 0, "twice": 0, "provinces": [],
    }  # fmt: skip
    execute(
        own,
        "UPDATE aggregation.cell SET records = records + 5 WHERE unit IN ('VN', '20@1')",
        "DELETE FROM aggregation.record WHERE key LIKE '%:r1'",
    )
    own.wait_until(lambda: own.metric("aggregation", "kip_drift_cells") == 3, "the watch has seen the drift")
    done = run_kip("verify", "--province", "20@2", environment=own.environment)
    assert (done.returncode, "2 cells and 1 records differ" in done.stdout) == (1, True), done.stdout + done.stderr
    with ThreadPoolExecutor(2) as clients:
        posts = [
            clients.submit(own.post, [counselling(record=f"s{batch}-{number}") for number in range(50)])
            for batch in range(20)
        ]
        assert "changed" in kip("rebuild", environment=own.environment)
        assert {post.result().status_code for post in posts} == {202}
    own.wait_until(lambda: records(own) == 1050, "old and new are counted")
    assert json.loads(kip("verify", "--json", environment=own.environment))["cells"] == 0
    own.wait_until(lambda: own.metric("aggregation", "kip_drift_cells") == 0, "the watch is content")


def test_lost_tables_come_back_from_the_ledger(own: System) -> None:
    own.post([counselling(record=f"r{number}") for number in range(20)] + [access(), access("06388", 100)])
    own.wait_until(lambda: records(own) == 20, "all is counted")
    before = fetch(own, "SELECT * FROM aggregation.part ORDER BY unit, subject, period, by")
    execute(own, "TRUNCATE aggregation.cell", "TRUNCATE aggregation.record")  # one lock at a time: the watch reads both
    kip("rebuild", environment=own.environment)
    assert fetch(own, "SELECT * FROM aggregation.part ORDER BY unit, subject, period, by") == before


def test_a_dead_event_is_listed_shown_replayed_and_dropped(own: System) -> None:
    own.post([access(id="a"), access("06388", id="b")])
    own.wait_until(lambda: len(own.rollups(indicator="child-service-access", period="2023-Q1")) == 1, "read")
    broken = {**access("06412@1"), "sender": "app", "acceptedat": "2023-03-15T02:00:00Z", "province": "20@2"}
    broken["data"] = {**broken["data"], "indicator": "gone"}
    made_up = """INSERT INTO aggregation.dead (reason, kind, event, died_at)
                 VALUES ('made up', 'indicator.reported', $1, now())"""
    execute(own, made_up, made_up, values=(json.dumps(broken),))
    own.wait_until(lambda: own.metric("aggregation", "kip_dead_events") == 2, "the metric tells")
    first, second = (row["number"] for row in json.loads(kip("dead", "list", "--json", environment=own.environment)))
    assert json.loads(kip("dead", "show", str(first), environment=own.environment))["event"] == broken
    assert "dead" in kip("dead", "replay", str(first), environment=own.environment)
    assert "dropped" in kip("dead", "drop", str(second), environment=own.environment)
    (again,) = json.loads(kip("dead", "list", "--json", environment=own.environment))
    assert again["number"] > second
    assert "KeyError: 'gone'" in again["reason"]
    repaired = {**broken, "subject": "06391@1", "data": {**broken["data"], "indicator": "child-service-access"}}
    execute(own, "UPDATE aggregation.dead SET event = $1 WHERE state = 'waiting'", values=(json.dumps(repaired),))
    assert "applied" in kip("dead", "replay", "--all", environment=own.environment)
    row = own.rollups(indicator="child-service-access", within="06391@1", period="2023-Q1")[0]
    assert (row["numerator"], row["units_reported"]) == (412, 1)


def test_a_changed_register_rebuilds_the_province_that_changed_and_no_other(own: System) -> None:
    own.post([access("06412", 400), access("00100", 100, id="elsewhere")])
    own.wait_until(
        lambda: own.rollups(indicator="child-service-access", within="VN", period="2023-Q1")[0]["numerator"] == 500,
        "both are counted",
    )
    before = {row["province"]: row["fingerprint"] for row in fetch(own, "SELECT * FROM aggregation.shape")}
    execute(own, "UPDATE registry.unit SET parent = '181@1' WHERE uid = '06412@1'")

    def numerators() -> list[int | None]:
        asked = [
            own.rollups(indicator="child-service-access", within=uid, period="2023-Q1")[0] for uid in ("181@1", "186@1")
        ]
        return [row["numerator"] for row in asked]

    own.wait_until(lambda: numerators() == [400, None], "the commune has moved to the other district")
    after = {row["province"]: row["fingerprint"] for row in fetch(own, "SELECT * FROM aggregation.shape")}
    assert [province for province in before if before[province] != after[province]] == ["20@2"]
    assert json.loads(kip("verify", "--json", environment=own.environment))["cells"] == 0
