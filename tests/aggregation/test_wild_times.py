"""Events of a time that no door takes: refused alone where they come, moved aside where an older version kept them."""

import json
from collections.abc import AsyncIterator, Iterator
from typing import Any

import asyncpg
import pytest

from deploy.local.stack import LocalStack
from shared.database.connections import Connection
from tests.aggregation.test_apply import C, apply, canonical, whole
from tests.aggregation.test_repair import execute, fetch
from tests.forks import run_kip
from tests.system import System, counselling, kip

WILD = ("0001-01-01T00:00:00+07:00", "1999-12-31T23:59:59Z", "2101-01-01T00:00:00Z", "9999-12-31T23:59:59-07:00")


@pytest.fixture
async def connection(loaded_database: str) -> AsyncIterator[Connection]:
    opened = await asyncpg.connect(loaded_database)
    yield opened
    await opened.close()


@pytest.mark.parametrize("time", WILD)
@pytest.mark.parametrize("place", ["time", "acceptedat"])
async def test_one_that_comes_on_the_queue_dies_alone(connection: Connection, time: str, place: str) -> None:
    wild = {**canonical(counselling(record="wild")), place: time}
    assert await apply(connection, canonical(counselling(record="sound")), wild) == {
        "activity.recorded applied": 1,
        "activity.recorded dead": 1,
    }
    assert (await whole(connection, "VN", C))[0] == 1
    (dead,) = await connection.fetch("SELECT kind, reason, event->>$1 AS time FROM aggregation.dead", place)
    assert (dead["kind"], dead["time"]) == ("activity.recorded", time)
    assert "expected a time of the years 2000 to 2100" in dead["reason"]


@pytest.mark.parametrize("day", ["0001-01-01", "1999-12-31", "2101-01-01", "9999-12-31"])
async def test_an_activity_of_a_wild_day_dies_alone(connection: Connection, day: str) -> None:
    wild = canonical(counselling(record="wild"))
    wild["data"] = {**wild["data"], "held_on": day}
    assert (await apply(connection, canonical(counselling(record="sound")), wild))["activity.recorded dead"] == 1
    assert (await whole(connection, "VN", C))[0] == 1


async def test_no_clock_throws_away_what_was_accepted(connection: Connection) -> None:
    """The service's clock stands at 2023 here; the event is of 2099."""
    late = canonical(counselling(record="late", time="2099-03-15T08:00:00+07:00"))
    assert await apply(connection, late) == {"activity.recorded applied": 1}


async def test_a_nul_in_a_dead_event_hides_neither_it_nor_others(connection: Connection) -> None:
    poison = {**canonical(counselling(record="p")), "id": "a\x00b", "source": 'back\\u0000slash \x00"'}
    await apply(connection, poison)
    rows = await connection.fetch("SELECT event->>'id' AS id, event->>'source' AS source FROM aggregation.dead")
    assert [tuple(row) for row in rows] == [("a␀b", 'back\\u0000slash ␀"')]


@pytest.fixture
def own(stack: LocalStack, amqp_url: str, loaded_database: str) -> Iterator[System]:
    running = System(stack, amqp_url, loaded_database)
    yield running
    running.services.stop()


def participants(system: System) -> tuple[int, int]:
    (row,) = system.rollups(activity="parent-counselling", within="VN", period="2023-03")
    return row["records"], row["participants"]


def doctor(system: System) -> list[dict[str, Any]]:
    done = run_kip("doctor", "--json", environment=system.environment)
    found = json.loads(done.stdout)["findings"]
    return [finding for finding in found if finding["check"] == "aggregation.ledger"]


def test_one_that_the_ledger_holds_is_listed_and_moved_by_a_rebuild_with_its_figures(own: System) -> None:
    """As a version without bounds at the door has taken it."""
    assert [finding["state"] for finding in doctor(own)] == ["good"]
    assert own.post([counselling(record="w", parents=900, id="wild"), counselling(record="s")]).status_code == 202
    own.wait_until(lambda: participants(own) == (2, 924), "both are counted")
    execute(
        own,
        "UPDATE aggregation.ledger SET time = '9999-12-31 23:59:59+00' WHERE id = 'wild'",
        "UPDATE aggregation.record SET time = '9999-12-31 23:59:59+00' WHERE id = 'wild'",
    )
    own.post(
        [counselling(record="w", parents=9, id="right", time="2023-03-16T08:00:00+07:00"), counselling(record="t")]
    )
    own.wait_until(lambda: participants(own)[0] == 3, "the correction has come")
    assert participants(own) == (3, 948), "the wild one outranks it"
    (finding,) = doctor(own)
    assert (finding["state"], "1 events" in finding["seen"]) == ("bad", True)
    assert finding["names"] == ["app /tests wild, 9999-12-31 23:59:59+00"]
    printed = kip("rebuild", environment=own.environment)
    assert "1 events were accepted and are not counted" in " ".join(printed.split())
    assert participants(own) == (3, 57)
    assert json.loads(kip("verify", "--json", environment=own.environment)) == {
        "events": 3, "cells": 0, "records": 0, "twice": 0, "provinces": [],
    }  # fmt: skip
    (dead,) = json.loads(kip("dead", "list", "--json", environment=own.environment))
    assert (dead["id"], dead["kind"]) == ("wild", "activity.recorded")
    assert dead["reason"] == "accepted, not counted: its time lies outside the years 2000 to 2100"
    shown = json.loads(kip("dead", "show", str(dead["number"]), environment=own.environment))["event"]
    assert (shown["data"]["participants"], shown["subject"], shown["time"]) == (
        {"parent": 900}, "06412@1", "9999-12-31 23:59:59+00",
    )  # fmt: skip
    (told,) = own.read("/v1/events/tests/wild", key=own.key).json()["rows"]
    assert told["status"] == "dead"
    assert "dead" in kip("dead", "replay", "--all", environment=own.environment), "a replay knows the same bounds"
    again = {row["aside"] for row in json.loads(kip("rebuild", "--json", environment=own.environment))["provinces"]}
    assert again == {0}
    assert [finding["state"] for finding in doctor(own)] == ["good"]
    assert fetch(own, "SELECT count(*) AS left FROM aggregation.ledger")[0]["left"] == 3
