"""A new version under load: old data, new migrations, each service replaced in turn; nothing lost, nothing twice."""

import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from deploy.local.http import LOCAL
from deploy.local.processes import Command, Process
from deploy.local.services import SERVICES
from deploy.local.stack import LocalStack
from tests.system import ROOT, System, counselling

COMMUNES = ("06385", "06388", "06391", "06400", "06412", "06415", "06427", "06436")
SIZE = 20
DRAINED = 128 + signal.SIGTERM  # uvicorn drains, stops the application, then ends by the signal that it got
CODE = ("cli", "data", "deploy", "programmes", "services", "shared")
# Adds, as a migration within a minor version does: the old services run on it.
MIGRATION = """
    CREATE TABLE registry.next_version (one boolean PRIMARY KEY);
    ALTER TABLE registry.source ADD COLUMN next_version text;
    ALTER TABLE aggregation.ledger ADD COLUMN next_version integer;
"""


class Load:
    """Posts batches until told to stop; a post that isn't answered 202 is repeated with the same ids."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.accepted = 0
        self.repeated = 0
        self.refused: list[str] = []

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End after the batch that is under way has been accepted."""
        self._stop.set()
        self._thread.join(120)
        assert not self._thread.is_alive()

    def await_more(self, batches: int) -> None:
        """Until that many further batches are accepted."""
        wanted = self.accepted + batches * SIZE
        self._system.wait_until(lambda: self.accepted >= wanted, f"{batches} more batches are accepted")

    def _run(self) -> None:
        number = 0
        while not self._stop.is_set():
            number += 1
            self._post_until_accepted(
                [counselling(COMMUNES[index % 8], f"u{number}-{index}", parents=1) for index in range(SIZE)]
            )

    def _post_until_accepted(self, batch: list[dict[str, object]]) -> None:
        while True:
            try:
                answer = self._system.post(batch)
            except httpx.TransportError:
                answer = None
            if answer is not None and answer.status_code == 202:
                self.accepted += SIZE
                return
            if answer is not None and answer.status_code != 503:
                self.refused.append(answer.text)
                return
            self.repeated += 1
            time.sleep(0.1)


@pytest.fixture
def next_version(tmp_path: Path) -> Path:
    """A copy of the code with one more migration."""
    for name in CODE:
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "shared" / "database" / "migrations" / "9999_next_version.sql").write_text(MIGRATION)
    return tmp_path


@pytest.fixture
def running(stack: LocalStack, amqp_url: str, loaded_database: str) -> Iterator[System]:
    """All three services of this version."""
    system = System(stack, amqp_url, loaded_database, ("intake", "aggregation", "notifications"))
    yield system
    system.services.stop()


def start_from(folder: Path, name: str, stack: LocalStack, system: System) -> Process:
    """Start a service of the code in `folder` on its usual port, and wait until it is ready."""
    module = next(service.module for service in SERVICES if service.name == name)
    command = Command(
        f"next-{name}", [sys.executable, "-m", module], system.services.environment_of(name), folder, grace=60.0
    )
    process = stack.supervisor.start(command)

    def ready() -> bool:
        assert process.running, process.last_lines()
        try:
            return LOCAL.get(f"{system.services.url(name)}/readyz", timeout=5).is_success
        except httpx.TransportError:
            return False

    system.wait_until(ready, f"{name} of the next version is ready", 90)
    return process


def figure(system: System) -> tuple[int, int]:
    row = system.rollups(activity="parent-counselling", within="VN", period="2023-03")[0]
    return row["records"], row["participants"]


def test_an_upgrade_under_load_loses_nothing(stack: LocalStack, running: System, next_version: Path) -> None:
    load, replaced = Load(running), []
    load.start()
    try:
        load.await_more(10)
        stack.supervisor.run(
            Command(
                "next-migrate",
                [sys.executable, "-m", "cli.main", "migrate"],
                running.services.owner_environment,
                next_version,
            )
        )
        load.await_more(10)  # the old version on the new tables
        for name in ("intake", "aggregation", "notifications"):
            old = running.services.process(name)
            running.services.stop(name)
            assert old.exit_code == DRAINED, old.last_lines()
            replaced.append(start_from(next_version, name, stack, running))
            assert Path(f"/proc/{replaced[-1].pid}/cwd").readlink() == next_version
            load.await_more(10)
        load.stop()
        running.wait_until(lambda: figure(running)[0] >= load.accepted, "every accepted event is counted")
        assert load.refused == []
        assert figure(running) == (load.accepted, load.accepted)
    finally:
        load.stop()
        for process in replaced:
            process.stop()
