import os
import shutil
from pathlib import Path

import asyncpg
import pytest

from deploy.local.lock import RunLock
from deploy.local.postgres import Postgres, program
from deploy.local.processes import StartError, Supervisor
from tests.local.leftovers import wait_until_none

DAC_OVERRIDE = 1  # its number, from capabilities(7)


async def value(url: str, query: str) -> object:
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(query)
    finally:
        await connection.close()


def status_of(pid: int) -> dict[str, str]:
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return {name: text.strip() for name, _, text in (line.partition(":") for line in lines)}


@pytest.fixture
def supervisor(tmp_path):
    lock = RunLock(tmp_path)
    supervisor = Supervisor(tmp_path, keep_open=lock.reapers_fd)
    yield supervisor
    supervisor.stop()
    lock.release()
    wait_until_none(tmp_path)


async def test_it_is_postgresql_18_with_full_durability_unless_told_otherwise(supervisor):
    postgres = Postgres(supervisor)
    postgres.start()
    assert str(await value(postgres.url, "SHOW server_version")).startswith("18")
    for setting in ("fsync", "synchronous_commit", "full_page_writes"):
        assert await value(postgres.url, f"SHOW {setting}") == "on"
    assert await value(postgres.url, "SELECT lower('ĐỒNG ĐĂNG')") == "đồng đăng"


async def test_data_survive_a_kill_and_a_stop_on_the_same_port(supervisor):
    postgres = Postgres(supervisor)
    postgres.start()
    port = postgres.port
    postgres.execute("CREATE TABLE kept AS SELECT 1437 AS n")
    postgres.kill()
    assert not postgres.running
    postgres.start()
    assert await value(postgres.url, "SELECT n FROM kept") == 1437
    postgres.stop()
    postgres.start()
    assert await value(postgres.url, "SELECT n FROM kept") == 1437
    assert postgres.port == port


@pytest.mark.skipif(os.geteuid() != 0, reason="any other user enters the folders that are his own")
async def test_root_runs_it_where_programs_and_data_lie_below_a_folder_that_only_root_may_enter(tmp_path, monkeypatch):
    private = tmp_path / "chỉ mình tôi"
    private.mkdir(mode=0o700)
    package = program("postgres").parents[2]
    for folder in package.parent.glob(f"{package.name}*"):  # its programs, and beside it their libraries
        shutil.copytree(folder, private / folder.name, symlinks=True)
    monkeypatch.syspath_prepend(private)
    assert program("postgres").is_relative_to(private)
    supervisor = Supervisor(private)
    try:
        postgres = Postgres(supervisor)
        postgres.start()
        assert await value(postgres.url, "SELECT current_setting('data_directory')") == str(postgres.data)
        assert postgres.process is not None
        status = status_of(postgres.process.pid)
        assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 1 << DAC_OVERRIDE
        assert status["Uid"].split()[0] != "0"
    finally:
        supervisor.stop()
    wait_until_none(private)


async def test_a_stale_pid_file_whose_number_belongs_to_another_process_does_not_stop_the_start(supervisor):
    postgres = Postgres(supervisor)
    postgres.start()
    postgres.kill()
    pid_file = postgres.data / "postmaster.pid"
    lines = pid_file.read_text().splitlines()
    pid_file.write_text("\n".join(["1", *lines[1:]]) + "\n")
    postgres.start()
    assert postgres.running


async def test_a_start_that_was_killed_while_making_the_folder_is_made_again(supervisor, tmp_path):
    half_made = tmp_path / "postgres.new"
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18\n")
    postgres = Postgres(supervisor)
    postgres.start()
    assert await value(postgres.url, "SELECT 1") == 1


async def test_the_password_is_needed_and_kept_from_other_users(supervisor, tmp_path):
    postgres = Postgres(supervisor)
    postgres.start()
    assert (tmp_path / "postgres.password").stat().st_mode & 0o777 == 0o600
    assert postgres.data.stat().st_mode & 0o077 == 0
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(host="127.0.0.1", port=postgres.port, user="kip", password="guess", database="kip")


def test_a_setting_that_postgresql_refuses_is_shown_with_its_log(supervisor):
    with pytest.raises(StartError, match=r'(?s)postgres ended.*logs/postgres\.log.*invalid value.*"shared_buffers"'):
        Postgres(supervisor, settings={"shared_buffers": "plenty"}).start()


def test_data_of_another_version_are_refused_and_left_alone(supervisor, tmp_path):
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(StartError, match="PostgreSQL 17"):
        Postgres(supervisor).start()
    assert (tmp_path / "postgres" / "PG_VERSION").read_text() == "17\n"


async def test_each_test_gets_an_empty_database_or_a_copy_of_a_template(new_database, database_url):
    connection = await asyncpg.connect(database_url)
    await connection.execute("CREATE TABLE unit (uid text)")
    await connection.close()
    copy = new_database(database_url)
    empty = new_database()
    assert await value(copy, "SELECT count(*) FROM unit") == 0
    assert await value(empty, "SELECT to_regclass('unit')") is None
