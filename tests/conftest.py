"""What tests share: one private broker and database for the session, an empty virtual host and database for each test.

Nothing is started until a test asks for it, and nothing stays: see `deploy/local/reaper.py`.
"""

import gc
import itertools
import os
import shutil
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Protocol

import pytest
import structlog

from deploy.local.postgres import Postgres
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.stack import LocalStack
from shared.runtime.config import PREFIX, Settings
from tests.forks import start_forked
from tests.hostile_world import running_world
from tests.notifications.register import UNITS, write_part
from tests.sound_requests import World
from tests.swept import DATA, folder_of_run, sweep_memory, sweep_sessions
from tests.system import System, kip, migrate

# A crash of a process loses nothing without fsync, only a crash of the machine does; no test crashes the machine.
TEST_POSTGRES_SETTINGS = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "128MB"}
MEMORY, LEAST_MEMORY = Path("/dev/shm"), 2**30  # noqa: S108 - a folder of a random name is made in it
_numbers = itertools.count(1)
# How wide and colourful what is printed is, and Kịp's settings: a test sets its own, whatever shell it is run in.
_OF_THE_SHELL = {"COLUMNS", "LINES", "FORCE_COLOR", "NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "TTY_COMPATIBLE"}
_SETTINGS = {f"{PREFIX}{field.upper()}{end}" for field in Settings.model_fields for end in ("", "_FILE")}
for _name in _OF_THE_SHELL | _SETTINGS:
    os.environ.pop(_name, None)
# What is logged in pytest's own process, with plain tracebacks: rich ones, with each frame's variables, take a second.
_PLAIN = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
structlog.configure(processors=[*structlog.get_config()["processors"][:-1], _PLAIN])


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Collect seven thousand tests without looking for garbage among them, which then and later is much of the CPU."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with a test of a minute come first, so that no worker ends with one while the others have nothing left."""
    long = {item.path for item in items if item.get_closest_marker("long")}
    items.sort(key=lambda item: item.path not in long)


class NewDatabase(Protocol):
    """Makes an empty database, or a copy of the database `template` (its name or URL); returns its URL."""

    def __call__(self, template: str | None = None) -> str: ...


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalStack]:
    """The session's servers, on ports where nobody expects anything. Logs stay in pytest's folder, data don't."""
    folder = tmp_path_factory.mktemp("stack")
    sweep_sessions(folder)
    with LocalStack(
        folder, usual_ports=False, postgres_settings=TEST_POSTGRES_SETTINGS, reaper_starter=start_forked
    ) as running:
        yield running
    for data in DATA:
        shutil.rmtree(folder / data, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres(stack: LocalStack) -> Postgres:
    """The session's database server. A test that kills it starts it again."""
    assert stack.postgres is not None
    return stack.postgres


@pytest.fixture(scope="session")
def rabbitmq(stack: LocalStack) -> RabbitMQ:
    """The session's broker. A test that kills it or raises an alarm puts that right again."""
    assert stack.rabbitmq is not None
    return stack.rabbitmq


@pytest.fixture
def amqp_url(rabbitmq: RabbitMQ) -> Iterator[str]:
    """A virtual host of the test's own: 15 ms to make, 20 ms to delete with all its queues."""
    vhost = f"test-{next(_numbers)}"
    yield rabbitmq.add_vhost(vhost)
    rabbitmq.delete_vhost(vhost)


@pytest.fixture(scope="session")
def session_database(postgres: Postgres) -> Iterator[NewDatabase]:
    """`new_database` for session-wide fixtures, such as a migrated template; its databases live as the session does."""
    yield from _databases(postgres)


@pytest.fixture(scope="session")
def tablespace(stack: LocalStack, postgres: Postgres) -> Iterator[str]:
    """The tablespace of databases that come and go: in memory, where the machine gives it.

    Each has 400 files, and a disk's file system (ext4) passes over every inode that was freed in the last minutes
    before it takes one: a fifth of all CPU, once some dozens of databases had been dropped.
    """
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < LEAST_MEMORY:
        yield "pg_default"
        return
    sweep_memory(MEMORY)
    folder = folder_of_run(MEMORY, stack.run_dir)
    data = folder / "data"
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        shutil.chown(data, "nobody")  # as whom the server runs then
    try:
        postgres.execute(f"CREATE TABLESPACE memory LOCATION '{data}'")
        yield "memory"
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def new_database(postgres: Postgres, tablespace: str) -> Iterator[NewDatabase]:
    """A factory of databases that are dropped after the test, whoever is still connected."""
    yield from _databases(postgres, tablespace)


@pytest.fixture
def database_url(new_database: NewDatabase) -> str:
    """An empty database of the test's own."""
    return new_database()


@pytest.fixture(scope="session")
def loaded_template(session_database: NewDatabase) -> str:
    """A database that is migrated and has the units and the shipped programme: to be copied, never written to."""
    url = session_database()
    migrate(url)
    kip("load", "programmes/ecd-1437", environment={"KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": url})
    return url


@pytest.fixture
def loaded_database(new_database: NewDatabase, loaded_template: str) -> str:
    """A loaded database of the test's own."""
    return new_database(loaded_template)


@pytest.fixture(scope="session")
def district_template(session_database: NewDatabase, tmp_path_factory: pytest.TempPathFactory) -> str:
    """A loaded database that knows Hữu Lũng, what lies above it and what became of them: to be copied.

    For what isn't about the register's size: no obligations of the whole nation are opened, no registry of it read.
    """
    file = tmp_path_factory.mktemp("units") / "units.csv"
    write_part(UNITS, file, lambda row: row["parent"] == "186@1")
    url = session_database()
    migrate(url)
    words = ("load", "programmes/ecd-1437", "--units", str(file))
    kip(*words, environment={"KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": url})
    return url


@pytest.fixture
def district_database(new_database: NewDatabase, district_template: str) -> str:
    """A loaded database of Hữu Lũng of the test's own."""
    return new_database(district_template)


def _databases(postgres: Postgres, tablespace: str = "pg_default") -> Iterator[NewDatabase]:
    made: list[str] = []

    def new_database(template: str | None = None) -> str:
        name = f"test_{next(_numbers)}"
        source = "template0" if template is None else template.rpartition("/")[2]
        # Files are copied: a third of the CPU of writing the copy to the log, and there are hundreds of copies.
        postgres.execute(f'CREATE DATABASE "{name}" TEMPLATE "{source}" STRATEGY file_copy TABLESPACE {tablespace}')
        made.append(name)
        return postgres.database_url(name)

    yield new_database
    for name in made:
        postgres.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@pytest.fixture(scope="session")
def system(
    stack: LocalStack, rabbitmq: RabbitMQ, session_database: NewDatabase, loaded_template: str
) -> Iterator[System]:
    """Intake and aggregation running, for tests that keep to units of their own and break nothing."""
    running = System(stack, rabbitmq.add_vhost("shared"), session_database(loaded_template))
    yield running
    running.services.stop()


@pytest.fixture(scope="module")
def world(
    stack: LocalStack,
    rabbitmq: RabbitMQ,
    session_database: NewDatabase,
    loaded_template: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[World]:
    """All services with keys, officers, a problem and open obligations, for a file that asks them hostile things."""
    amqp_url, folder = rabbitmq.add_vhost(f"world-{next(_numbers)}"), tmp_path_factory.mktemp("officers")
    with running_world(stack, amqp_url, session_database(loaded_template), folder) as world:
        yield world
