import signal
import socket
import subprocess
import sys

import asyncpg
import pytest

from deploy.local.lock import RunFolderBusyError, RunLock
from deploy.local.processes import PROJECT, StartError
from deploy.local.stack import USUAL_PORTS, LocalStack
from tests.local.leftovers import processes_of, wait_until_none


@pytest.fixture(scope="module")
def run_dir(tmp_path_factory):
    """One folder for all interruptions: each start finds what the last interruption left."""
    return tmp_path_factory.mktemp("interrupted")


def hold(run_dir) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        [sys.executable, "-m", "tests.local.hold_stack", str(run_dir)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        cwd=PROJECT,
    )


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_an_interrupted_run_leaves_no_process_and_can_be_started_again(run_dir, number):
    with hold(run_dir) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "ready\n"
        names = {process.name() for process in processes_of(run_dir)}
        assert {"beam.smp", "epmd", "postgres"} <= names
        run.send_signal(number)
        run.communicate(timeout=60)
    wait_until_none(run_dir)


def test_a_run_that_is_killed_while_it_starts_leaves_no_process(run_dir):
    with hold(run_dir) as run:
        while not processes_of(run_dir):
            pass
        run.kill()
        run.communicate(timeout=60)
    wait_until_none(run_dir)


def test_a_start_that_fails_says_why_and_leaves_no_process(tmp_path):
    stack = LocalStack(tmp_path, usual_ports=False, postgres_settings={"max_connections": "none"})
    with pytest.raises(StartError, match=r'(?s)postgres ended.*"max_connections"'):
        stack.start()
    wait_until_none(tmp_path)
    RunLock(tmp_path).release()


async def test_a_second_run_on_the_folder_continues_with_the_data_that_are_there(tmp_path):
    given = {"amqp_url": "amqp://elsewhere/", "smtp_url": "smtp://elsewhere"}
    with LocalStack(tmp_path, usual_ports=False, **given) as first:
        assert first.postgres is not None
        first.postgres.execute("CREATE TABLE kept AS SELECT 1437 AS n")
    with LocalStack(tmp_path, usual_ports=False, **given) as second:
        connection = await asyncpg.connect(second.database_url)
        assert await connection.fetchval("SELECT n FROM kept") == 1437
        await connection.close()


def test_two_runs_on_one_folder_are_refused_with_the_owner_named(tmp_path):
    given = {"amqp_url": "amqp://a/", "database_url": "postgresql://b/c", "smtp_url": "smtp://d"}
    with LocalStack(tmp_path, **given), pytest.raises(RunFolderBusyError, match=r"another run \(process \d+\) uses"):
        LocalStack(tmp_path, **given).start()


def test_given_servers_are_used_and_none_is_started(tmp_path):
    given = {"amqp_url": "amqp://a/", "database_url": "postgresql://b/c", "smtp_url": "smtp://d"}
    with LocalStack(tmp_path, **given) as stack:
        assert processes_of(stack.run_dir) == []
        assert (stack.rabbitmq, stack.postgres) == (None, None)
        environment = stack.environment()
    assert environment["KIP_AMQP_URL"] == "amqp://a/"
    assert environment["KIP_DATABASE_URL"] == "postgresql://b/c"
    assert environment["KIP_SMTP_URL"] == "smtp://d"


def test_usual_ports_that_are_taken_are_left_to_their_owner(tmp_path):
    with socket.socket() as owner:
        owner.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            owner.bind(("127.0.0.1", USUAL_PORTS["postgres"]))
            owner.listen()
        except OSError:
            pass  # somebody's own server is there: all the better
        with LocalStack(tmp_path, amqp_url="amqp://a/", smtp_url="smtp://d") as stack:
            assert stack.postgres is not None
            assert stack.postgres.port != USUAL_PORTS["postgres"]
