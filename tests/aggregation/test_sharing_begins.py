"""Two programmes begin to share a figure, and stop, on a ledger with events and while more come in."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from cli.checks import read_registry
from deploy.local.http import LOCAL
from deploy.local.stack import LocalStack
from services.aggregation.consistency import drift_store
from services.aggregation.consistency.drift import check_province
from services.aggregation.contribution import Contributor
from shared.database.connections import Pool
from tests.aggregation.test_repair import execute, fetch
from tests.sharing import ACCESS, OTHER, SHIPPED, access, name_of, other_plan, write_folder
from tests.system import System, kip

UNITS = ["06385", "06388", "06391", "06394", "06397", "06400", "06403", "06406", "06412", "06415"]
PERIODS = ("2023-Q4", "2024-Q1", "2024-Q2")


@pytest.fixture
def apart(stack: LocalStack, amqp_url: str, loaded_database: str, tmp_path: Path) -> Iterator[System]:
    """Both programmes, each with its own figure."""
    environment = {"KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": loaded_database}
    kip("load", str(write_folder(tmp_path, other_plan(shared=False))), environment=environment)
    running = System(stack, amqp_url, loaded_database, settings={"KIP_CLOCK": "2026-12-20T08:00:00+07:00"})
    yield running
    running.services.stop()


def ready(system: System) -> httpx.Response:
    return LOCAL.get(f"{system.services.url('aggregation')}/readyz")


def loaded(system: System, folder: Path, *, shared: bool) -> str:
    return kip("load", str(write_folder(folder, other_plan(shared=shared))), environment=system.environment)


@contextmanager
def traffic(system: System, sent: list[dict[str, Any]]) -> Iterator[None]:
    """Post figures under both names, one request after another, until the block ends, and one after that."""
    stop = threading.Event()
    answers: list[int] = []

    def work() -> None:
        number = len(sent)
        while True:
            last = stop.is_set()
            programme = (SHIPPED, OTHER)[number % 2]
            unit, period = UNITS[number % len(UNITS)], PERIODS[number % len(PERIODS)]
            made = access(programme, unit, period, number % 90, revision=number)
            answers.append(system.post([made]).status_code)
            sent.append(made)
            number += 1
            if last:
                return

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        assert set(answers) == {202}


@contextmanager
def watched(system: System) -> Iterator[list[tuple[int, str]]]:
    """Note what /readyz says meanwhile."""
    stop = threading.Event()
    said: list[tuple[int, str]] = []

    def work() -> None:
        while not stop.is_set():
            answer = ready(system)
            said.append((answer.status_code, answer.json()["checks"].get("records", "")))

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield said
    finally:
        stop.set()
        thread.join()


def right(sent: list[dict[str, Any]], *, shared: bool) -> dict[tuple[str, str, str], int | None]:
    """By programme, unit and period the numerator that must be shown: each number in the one with the last revision."""
    found: dict[tuple[str, str, str], int | None] = {
        (programme, unit, period): None for programme in (SHIPPED, OTHER) for unit in UNITS for period in PERIODS
    }
    for made in sorted(sent, key=lambda item: item["data"]["revision"]):
        data = made["data"]
        for programme in (SHIPPED, OTHER) if shared else (data["programme"],):
            found[programme, made["subject"], data["period"]] = data["numerator"]
    return found


def shown(system: System) -> dict[tuple[str, str, str], int | None]:
    return {
        (programme, row["code"], row["period"]): row["numerator"]
        for programme in (SHIPPED, OTHER)
        for period in PERIODS
        for row in system.rollups(**name_of(programme), within="186@1", level="commune", period=period)
        if row["code"] in UNITS
    }


def settled(system: System) -> bool:
    return ready(system).status_code == 200


def test_a_rebuild_begins_and_ends_the_sharing_beside_live_traffic_and_the_service_is_not_ready_meanwhile(
    apart: System, tmp_path: Path
) -> None:
    sent: list[dict[str, Any]] = []
    with traffic(apart, sent):
        apart.wait_until(lambda: len(sent) > 60, "there are events")
    apart.wait_until(lambda: shown(apart) == right(sent, shared=False), "each programme has its own figures")
    for shared in (True, False):
        with watched(apart) as said, traffic(apart, sent):
            told = loaded(apart, tmp_path, shared=shared)
            assert "a rebuild is needed" in told
            assert f"{OTHER}/access, {OTHER}/network" in told
            apart.wait_until(lambda: settled(apart) and (503 in {status for status, _ in said}), "it is ready again")
        reasons = {reason for status, reason in said if status == 503}
        assert any("a rebuild is under way" in reason for reason in reasons), reasons
        apart.wait_until(lambda: shown(apart) == right(sent, shared=shared), "all is counted")  # noqa: B023
        verified = json.loads(kip("verify", "--json", environment=apart.environment))
        assert (verified["cells"], verified["records"], verified["events"]) == (0, 0, len(sent))


def test_a_rebuild_by_hand_and_one_by_the_service_at_once_are_one(apart: System, tmp_path: Path) -> None:
    sent: list[dict[str, Any]] = []
    with traffic(apart, sent):
        loaded(apart, tmp_path, shared=True)
        kip("rebuild", environment=apart.environment)
        apart.wait_until(lambda: settled(apart), "it is ready again")
    apart.wait_until(lambda: shown(apart) == right(sent, shared=True), "all is counted")
    assert json.loads(kip("verify", "--json", environment=apart.environment))["provinces"] == []


def test_what_came_while_the_service_was_down_is_counted_by_the_new_rules(apart: System, tmp_path: Path) -> None:
    assert apart.post([access(OTHER, "06412", "2024-Q1", 50)]).status_code == 202
    asked = {**name_of(OTHER), "within": "06412", "period": "2024-Q1"}
    apart.wait_until(lambda: apart.rollups(**asked)[0]["numerator"] == 50, "it is counted")
    apart.services.stop("aggregation")
    loaded(apart, tmp_path, shared=True)
    assert apart.post([access(SHIPPED, "06412", "2024-Q1", 60, revision=1)]).status_code == 202
    apart.services.start("aggregation")
    apart.wait_until(lambda: apart.rollups(**asked)[0]["numerator"] == 60, "what waited is counted")
    (row,) = apart.rollups(programme=SHIPPED, indicator=ACCESS, within="06412", period="2024-Q1")
    assert (row["numerator"], row["units_reported"]) == (60, 1)


@contextmanager
def rebuilt_elsewhere(system: System, province: str) -> Iterator[None]:
    """A rebuild by another process has begun, and dies at the end of the block."""

    async def begin() -> asyncpg.Connection:
        connection = await asyncpg.connect(system.database_url)
        await connection.execute(drift_store.ONE_CHECK, province)
        await connection.execute(drift_store.SUSPEND, province)
        return connection

    with asyncio.Runner() as loop:
        connection = loop.run(begin())
        try:
            yield
        finally:
            loop.run(connection.close())


def names(system: System, province: str) -> str | None:
    (row,) = fetch(system, f"SELECT names FROM aggregation.shape WHERE province = '{province}'")  # noqa: S608
    return row["names"]


def rebuilds(system: System, province: str) -> int:
    """How often the service has said that it rebuilt the province."""
    said = system.services.process("aggregation").last_lines(100_000).splitlines()
    return sum("consistency.rebuilt" in line and province in line for line in said)


def test_nobody_is_shown_figures_of_which_half_are_made_anew_and_a_rebuild_that_dies_is_done_again(
    apart: System,
) -> None:
    """Figures are told to be away meanwhile, their events wait, and all else goes on."""
    known = "SELECT FROM aggregation.shape WHERE province = '20@2'"
    apart.wait_until(lambda: bool(fetch(apart, known)), "it is known by what the province's cells are made")
    asked = {**name_of(SHIPPED), "within": "06412", "period": "2024-Q1"}
    with rebuilt_elsewhere(apart, "20@2"):
        made = access(SHIPPED, "06412", "2024-Q1", 60, id="waits")
        assert apart.post([made, access(SHIPPED, "00100", "2024-Q1", 7)]).status_code == 202
        left = "a rebuild is under way: programmes share other figures than before; provinces left: 1"
        apart.wait_until(lambda: ready(apart).json()["checks"]["records"] == left, "it says why it isn't ready")
        assert not settled(apart)
        for path in ("/v1/rollups", "/v1/rollups/missing", "/v1/rollups/explain"):
            answer = apart.read(path, **asked)
            told = answer.status_code, answer.json()["error"], answer.headers["retry-after"]
            assert told == (503, "unavailable", "2")
            assert "are being made anew" in answer.json()["message"]
        assert apart.read("/v1/events/%2Ftests/waits").status_code == 503
        assert apart.read("/v1/rollups", activity="parent-counselling", programme=SHIPPED).status_code == 200
    apart.wait_until(lambda: settled(apart), "it is ready again")
    apart.wait_until(lambda: apart.rollups(**asked)[0]["numerator"] == 60, "what waited is counted")
    assert (rebuilds(apart, "20@2"), rebuilds(apart, "01@2")) == (1, 0)


def test_a_rebuild_that_began_before_the_programmes_shared_leaves_nothing_of_old_names(
    apart: System, tmp_path: Path
) -> None:
    async def old() -> Contributor:
        connection = await asyncpg.connect(apart.database_url)
        try:
            return Contributor(await read_registry(connection))
        finally:
            await connection.close()

    async def rebuild(contributor: Contributor) -> None:
        pool = await Pool.open(apart.database_url, size=2, settings={})
        try:
            await check_province(pool, "20@2", contributor, correct=True)
        finally:
            await pool.close()

    sent = [access(OTHER, "06412", "2024-Q1", 50), access(SHIPPED, "06412", "2024-Q1", 60, revision=1)]
    assert apart.post(sent).status_code == 202
    apart.wait_until(lambda: shown(apart) == right(sent, shared=False), "each programme has its own figures")
    stale = asyncio.run(old())
    loaded(apart, tmp_path, shared=True)
    apart.wait_until(lambda: bool(names(apart, "20@2")) and settled(apart), "the programmes share their figures")
    asyncio.run(rebuild(stale))
    sent.append(access(OTHER, "06412", "2024-Q1", 70, revision=2))
    assert apart.post(sent[-1:]).status_code == 202
    apart.wait_until(lambda: bool(names(apart, "20@2")) and settled(apart), "they share them again")
    apart.wait_until(lambda: shown(apart) == right(sent, shared=True), "what came meanwhile is counted")
    assert (rebuilds(apart, "20@2"), rebuilds(apart, "01@2")) == (2, 1)
    assert json.loads(kip("verify", "--json", environment=apart.environment))["provinces"] == []


def test_a_province_that_is_no_more_keeps_nobody_waiting(apart: System, tmp_path: Path) -> None:
    """Its events and cells stay where they were counted, and so do the names of its records."""
    sent = [access(OTHER, "00100", "2024-Q1", 50), access(SHIPPED, "00100", "2024-Q1", 60, revision=1)]
    assert apart.post(sent).status_code == 202
    asked = {**name_of(OTHER), "within": "00100", "period": "2024-Q1"}
    apart.wait_until(lambda: apart.rollups(**asked)[0]["numerator"] == 50, "each programme has its own figures")
    execute(
        apart,
        "UPDATE registry.unit SET valid_to = '2026-09-30', successor = '24@2' WHERE uid = '01@2';"
        "UPDATE registry.unit SET parent = '24@2' WHERE parent = '01@2'",
    )
    loaded(apart, tmp_path, shared=True)
    apart.wait_until(lambda: bool(names(apart, "01@2")) and settled(apart), "it is ready")
    assert apart.rollups(**asked)[0]["numerator"] == 60
    assert json.loads(kip("verify", "--json", environment=apart.environment))["provinces"] == []


def test_nothing_is_to_be_made_anew_where_nothing_was_reported(apart: System, tmp_path: Path) -> None:
    assert loaded(apart, tmp_path, shared=True).split() == ["loaded", "programme", OTHER]
    apart.wait_until(lambda: settled(apart), "it is ready")
