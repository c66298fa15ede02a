"""The registry in a real PostgreSQL: migrations, loading, and how a running service follows it."""

import asyncio
import hashlib
import json
import shutil
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from pydantic import ValidationError

from shared.database.connections import DatabaseError
from shared.database.migration import migrate
from shared.programme.folder import load_programme
from shared.programme.model import Programme
from shared.registry import store
from shared.registry.follower import RegistryFollower
from shared.runtime.clock import SystemClock
from tests.forks import run_kip
from tests.system import ROOT, kip

NOW = datetime(2023, 1, 1, tzinfo=UTC)
SHIPPED = "programmes/ecd-1437"


def environment(url: str) -> dict[str, str]:
    return {"KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": url}


async def count(url: str, table: str) -> int:
    connection = await asyncpg.connect(url)
    try:
        return int(await connection.fetchval(f"SELECT count(*) FROM {table}"))  # noqa: S608 - the test's own names
    finally:
        await connection.close()


async def test_several_processes_may_migrate_at_once(database_url: str) -> None:
    applied = await asyncio.gather(*(migrate(database_url, NOW) for _ in range(4)))
    names = [name for one in applied for name in one]
    assert len(names) == len(set(names)) == await count(database_url, "public.kip_migration") > 0
    assert await migrate(database_url, NOW) == []


async def test_an_applied_migration_whose_text_changed_is_refused(database_url: str) -> None:
    await migrate(database_url, NOW)
    connection = await asyncpg.connect(database_url)
    await connection.execute("UPDATE public.kip_migration SET digest = 'other'")
    await connection.close()
    with pytest.raises(DatabaseError, match=r"0001_registry.sql was applied with another text"):
        await migrate(database_url, NOW)


async def test_loading_again_changes_nothing(loaded_database: str) -> None:
    assert await count(loaded_database, "registry.unit") == 14_150
    # each unit with itself, its province or district and so on, up to the nation, in both trees
    assert await count(loaded_database, "registry.unit_closure") == 1 + 97 * 2 + 696 * 3 + 10_035 * 4 + 3_321 * 3
    assert kip("load", SHIPPED, environment=environment(loaded_database)).strip() == "nothing has changed"


def as_before(document: dict[str, Any]) -> dict[str, Any]:
    """Write a programme's document in the words of the version before."""
    for indicator in document["indicators"]:
        indicator["baseline_percent"] = indicator["targets"][0]["baseline"]
        indicator["targets"] = [
            {"stage": it["stage"], "percent": it["value"], "label": it["label"]} for it in indicator["targets"]
        ]
        for reporter in indicator["reporters"]:
            reporter["groups"] = reporter.pop("options").get("group", [])
    return {**document, "holidays": {**document["holidays"], "overrides": "calendar.csv"}}


async def test_a_programme_that_the_version_before_loaded_is_read_after_the_migration(loaded_database: str) -> None:
    migration = (ROOT / "shared/database/migrations/0086_programme_words.sql").read_text(encoding="utf-8")
    written = json.loads(load_programme(ROOT / SHIPPED).model_dump_json())
    written["indicators"][0]["targets"][0]["baseline"] = 40.0
    programme = Programme.model_validate_json(json.dumps(written))
    bare = Programme.model_validate({**written, "slug": "bare", "indicators": []})
    connection = await asyncpg.connect(loaded_database)
    try:
        before = json.dumps(as_before(json.loads(programme.model_dump_json())))
        await store.write_programme(connection, "bare", json.dumps(as_before(json.loads(bare.model_dump_json()))))
        await store.write_programme(connection, "ecd-1437", before)
        with pytest.raises(ValidationError):
            Programme.model_validate_json((await store.read_programmes(connection))["ecd-1437"])
        for _ in range(2):  # and what is in today's words stays as it is
            await connection.execute(migration)
            read = Programme.model_validate_json((await store.read_programmes(connection))["ecd-1437"])
            assert read == programme
            assert Programme.model_validate_json((await store.read_programmes(connection))["bare"]) == bare
    finally:
        await connection.close()


async def test_a_bad_programme_loads_nothing_and_says_where(database_url: str, tmp_path: Path) -> None:
    folder = tmp_path / "ecd-1437"
    shutil.copytree(ROOT / SHIPPED, folder)
    file = folder / "programme.yaml"
    file.write_text(
        file.read_text(encoding="utf-8").replace("agency: ubnd-huyen", "agency: ubnd-huyn"), encoding="utf-8"
    )
    kip("migrate", "--only", "database", environment=environment(database_url))
    done = run_kip("load", str(folder), environment=environment(database_url))
    assert done.returncode == 1
    assert "programme.yaml" in done.stderr
    assert "ubnd-huyn" in done.stderr
    assert "Traceback" not in done.stderr
    assert await count(database_url, "registry.unit") == 0


async def follow(url: str) -> RegistryFollower:
    follower = RegistryFollower(url, SystemClock(), "test")
    await follower.start()
    return follower


async def eventually(happened: object, seconds: float = 10) -> None:
    async with asyncio.timeout(seconds):
        while not happened():  # type: ignore[operator]
            await asyncio.sleep(0.01)


async def test_a_service_learns_of_a_new_key_at_once(loaded_database: str) -> None:
    follower = await follow(loaded_database)
    try:
        assert follower.registry.loaded
        kip("source", "add", "late", "--json", environment=environment(loaded_database))
        await eventually(lambda: any(key.sender == "late" for key in follower.registry.keys.values()))
    finally:
        await follower.stop()


async def test_a_key_is_stored_as_a_hash_only(loaded_database: str) -> None:
    key = kip("source", "add", "app", environment=environment(loaded_database)).split()[-1]
    connection = await asyncpg.connect(loaded_database)
    rows = await connection.fetch("SELECT hash, source_key::text AS written FROM registry.source_key")
    await connection.close()
    assert [row["hash"] for row in rows] == [hashlib.sha256(key.encode()).digest()]
    assert key not in rows[0]["written"]


def test_a_sender_is_not_named_by_what_is_a_person_s(loaded_database: str) -> None:
    for name in ("0912 345 678", "tram-y-te a.b@example.vn", "Trạm y tế, sđt 0912.345.678"):
        with pytest.raises(AssertionError, match="NAME looks like it holds") as refused:
            kip("source", "add", name, environment=environment(loaded_database))
        assert name not in str(refused.value).partition("exited")[2]
    assert json.loads(kip("source", "list", "--json", environment=environment(loaded_database))) == []
    kip("source", "add", "Trạm y tế xã 06412, Quyết định 1437/QĐ-TTg", environment=environment(loaded_database))


async def test_the_simulated_clock_is_one_for_all_and_is_never_rewound(loaded_database: str) -> None:
    start = datetime(2023, 3, 1, tzinfo=UTC)
    first = RegistryFollower(loaded_database, SystemClock(), "first", simulated_from=start)
    await first.start()
    connection = await asyncpg.connect(loaded_database)
    try:
        ahead, _ = await store.read_clock(connection) or (timedelta(0), 0)
        assert await store.advance_clock(connection, ahead + timedelta(days=10))
        assert not await store.advance_clock(connection, ahead)
        second = RegistryFollower(loaded_database, SystemClock(), "second", simulated_from=start)
        await second.start()
        await eventually(lambda: first._clock.now() - start > timedelta(days=9))
        assert abs(first._clock.now() - second._clock.now()) < timedelta(seconds=1)
        async with asyncio.timeout(10):
            while await store.lagging_followers(connection):
                await asyncio.sleep(0.01)
        await second.stop()
    finally:
        await connection.close()
        await first.stop()
