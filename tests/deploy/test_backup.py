"""A backup that has been restored: by dump, and to a point in time, on real servers."""

import asyncio
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import asyncpg
import pytest

from deploy.local.postgres import Postgres, as_unprivileged, program
from deploy.local.stack import LocalStack
from tests.conftest import NewDatabase
from tests.deploy.conftest import DurableServer, FullBroker
from tests.system import ROOT, System, access, counselling, kip, migrate

SCRIPTS = ROOT / "deploy" / "backup"


def run(script: str, folder: Path, environment: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """Run one of the scripts with the client programs of the server's version."""
    path = f"{program('pg_dump').parent}:{os.environ['PATH']}"
    return subprocess.run(
        [str(SCRIPTS / script), str(folder)],
        env={"PATH": path, **environment}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


@pytest.fixture(scope="module")
def filled(
    stack: LocalStack, full_broker: FullBroker, session_database: NewDatabase, loaded_template: str
) -> Iterator[System]:
    """A database with figures in it; the services have ended."""
    running = System(stack, full_broker.amqp_url, session_database(loaded_template))
    running.post([access(numerator=300), *(counselling(record=f"r{number}") for number in range(20))])
    running.wait_until(lambda: len(figures(running)) > 0 and figures(running)[0]["records"] == 20, "all is counted")
    yield running
    running.services.stop()


def figures(system: System) -> list[dict[str, object]]:
    """The nation's row, then those of a district's communes; without the time at which they were asked for."""
    nation = system.rollups(activity="parent-counselling", within="VN", period="2023-03")
    below = system.rollups(activity="parent-counselling", within="186@1", level="commune", period="2023-03")
    return [{name: value for name, value in row.items() if name != "as_of"} for row in nation + below]


@pytest.fixture(scope="module")
def administrator_url(full_broker: FullBroker) -> str:
    """The management API's URL with a user who may export definitions: ours may not."""
    name = "backup"
    add = f'rabbit_auth_backend_internal:add_user(<<"{name}">>, <<"{full_broker.password}">>, <<"test">>)'
    full_broker.server.evaluate(
        f'{add}, rabbit_auth_backend_internal:set_tags(<<"{name}">>, [administrator], <<"test">>).'
    )
    return full_broker.management_url.replace("kip:", f"{name}:", 1)


@pytest.fixture
def backup(filled: System, administrator_url: str, tmp_path: Path) -> Path:
    """A backup of the filled database."""
    environment = {
        "KIP_DATABASE_URL": filled.database_url,
        "KIP_AMQP_MANAGEMENT_URL": administrator_url,
    }
    done = run("backup.sh", tmp_path / "backups", environment)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip())


async def test_two_restores_of_one_backup_call_no_obligation_what_it_was_called_before(
    filled: System, backup: Path, new_database: NewDatabase
) -> None:
    epochs = []
    for url in (filled.database_url, new_database(), new_database()):
        if epochs:
            done = run("restore.sh", backup, {"KIP_DATABASE_URL": url})
            assert done.returncode == 0, done.stderr
        connection = await asyncpg.connect(url)
        epochs.append(await connection.fetchval("SELECT epoch FROM notifications.epoch"))
        await connection.close()
    assert epochs == sorted(set(epochs))


def test_a_restored_backup_gives_the_same_figures_and_counts_on(
    stack: LocalStack, filled: System, backup: Path, amqp_url: str, new_database: NewDatabase
) -> None:
    empty = new_database()
    done = run("restore.sh", backup, {"KIP_DATABASE_URL": empty})
    assert done.returncode == 0, done.stderr
    migrate(empty)
    kip("verify", environment={**filled.environment, "KIP_DATABASE_URL": empty})
    restored = System(stack, amqp_url, empty, sources=False)
    restored.key, restored.reader_key = filled.key, filled.reader_key
    try:
        assert figures(restored) == figures(filled)
        assert restored.post([counselling(record="after")]).status_code == 202
        restored.wait_until(lambda: figures(restored)[0]["records"] == 21, "the new record is counted")
    finally:
        restored.services.stop()


def test_the_broker_s_definitions_are_in_it(backup: Path) -> None:
    assert '"kip-limits"' in (backup / "definitions.json").read_text()
    assert {path.name for path in backup.iterdir()} == {"database.dump", "definitions.json", "SHA256SUMS", "COMPLETE"}


def test_nothing_is_overwritten_and_nothing_damaged_is_restored(
    backup: Path, filled: System, database_url: str
) -> None:
    full = run("restore.sh", backup, {"KIP_DATABASE_URL": filled.database_url})
    assert full.returncode == 1
    assert "give an empty one" in full.stderr
    dump = backup / "database.dump"
    dump.write_bytes(dump.read_bytes()[:-1] + b"x")
    changed = run("restore.sh", backup, {"KIP_DATABASE_URL": database_url})
    assert changed.returncode == 1
    assert "has changed" in changed.stderr
    (backup / "COMPLETE").unlink()
    assert "cut off" in run("restore.sh", backup, {"KIP_DATABASE_URL": database_url}).stderr


def test_a_backup_that_fails_says_so_and_is_not_complete(tmp_path: Path, database_url: str) -> None:
    done = run("backup.sh", tmp_path, {"KIP_DATABASE_URL": database_url})
    assert done.returncode == 1
    assert "the dump has no ledger" in done.stderr
    assert not list(tmp_path.glob("*/COMPLETE"))


def base_backup(server: Postgres, target: Path) -> None:
    """`pg_basebackup` as the user that the server runs as."""
    target.parent.chmod(0o755)
    argv = [*as_unprivileged(), str(program("pg_basebackup")), f"--dbname={server.database_url('postgres')}"]
    subprocess.run([*argv, f"--pgdata={target}", "--checkpoint=fast"], check=True, capture_output=True, timeout=120)


async def test_the_database_goes_back_to_a_point_in_time(durable: DurableServer, tmp_path: Path) -> None:
    """As docs/operate/backup.md says: base backup, archived log, a mistake, recovery to just before it."""
    server, base = durable.server, tmp_path / "base"
    connection = await asyncpg.connect(server.url)
    await connection.execute("CREATE TABLE kept (said text)")

    base_backup(server, base)
    await connection.execute("INSERT INTO kept VALUES ('before the mistake')")
    moment = await connection.fetchval("SELECT clock_timestamp()::text")
    await asyncio.sleep(0.05)
    await connection.execute("DELETE FROM kept")
    await connection.execute("SELECT pg_switch_wal()")
    await connection.execute("DROP TABLE kept")
    segment = await connection.fetchval("SELECT last_archived_wal FROM pg_stat_archiver")
    for _ in range(600):
        if (archived := await connection.fetchval("SELECT last_archived_wal FROM pg_stat_archiver")) != segment:
            break
        await asyncio.sleep(0.1)
    assert archived
    await connection.close()
    folder = tmp_path / "recovered"
    settings = {
        "restore_command": f"cp {durable.archive}/%f %p",
        "recovery_target_time": moment,
        "recovery_target_action": "promote",
    }
    with LocalStack(folder, amqp_url="", database_url="", smtp_url="", usual_ports=False) as stack:
        shutil.copy(server.data.parent / "postgres.password", folder / "postgres.password")
        shutil.move(base, folder / "postgres")
        (folder / "postgres" / "recovery.signal").touch()
        recovered = Postgres(stack.supervisor, settings=settings)
        recovered.start()
        connection = await asyncpg.connect(recovered.url)
        assert await connection.fetchval("SELECT said FROM kept") == "before the mistake"
        assert await connection.fetchval("SELECT count(*) FROM registry.unit") > 10_000
        await connection.close()
        recovered.stop()
