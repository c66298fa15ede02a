"""What ends although nobody asked it to is started again: real processes, and the time as an argument."""

import sys
import time

import pytest

from deploy.local.mail_server import MailServer
from deploy.local.ports import can_reach
from deploy.local.processes import Command, Process, StartError, Supervisor, wait_until
from deploy.local.restarts import STEADY_SECONDS, Part, Restarts, pause
from tests.local.leftovers import wait_until_none

STEADY = "import time; print('up', flush=True); time.sleep(600)"
BROKEN = "import sys; sys.exit('KIP_PARTITIONS: expected a number')"


class Server:
    """A process that runs `script`, which may be another one at its next start."""

    def __init__(self, supervisor: Supervisor, script: str = STEADY) -> None:
        self.supervisor = supervisor
        self.script = script
        self.starts = 0
        self.process: Process | None = None

    def start(self) -> None:
        self.starts += 1
        process = self.process = self.supervisor.start(Command("intake", [sys.executable, "-c", self.script]))
        wait_until(lambda: "up" in process.last_lines().splitlines(), process, 30)

    @property
    def part(self) -> Part:
        return Part("intake", lambda: self.process, self.start)


@pytest.fixture
def supervisor(tmp_path):
    supervisor = Supervisor(tmp_path)
    yield supervisor
    supervisor.stop()
    wait_until_none(tmp_path)


@pytest.fixture
def server(supervisor):
    server = Server(supervisor)
    server.start()
    return server


class Watched:
    """Restarts with what they said."""

    def __init__(self, *parts: Part) -> None:
        self.said: list[str] = []
        self.restarts = Restarts(parts, self.said.append)

    def look_until_said(self, count: int, now: float) -> str:
        """Look at this instant until so much was said; the last of it."""
        deadline = time.monotonic() + 60
        while len(self.said) < count:
            assert time.monotonic() < deadline, self.said
            self.restarts.look(now)
            time.sleep(0.01)
        return self.said[-1]


def test_what_runs_is_left_alone(server):
    watched = Watched(server.part)
    pid = server.process.pid
    for now in range(100):
        watched.restarts.look(float(now))
    assert (watched.said, server.process.pid, server.starts) == ([], pid, 1)


def test_a_killed_one_is_started_again_at_once_and_how_it_ended_is_said(server):
    watched = Watched(server.part)
    first = server.process.pid
    server.process.kill()
    said = watched.look_until_said(1, now=0.0)
    assert said == "intake has ended (exit code 137 (SIGKILL)) and is started again now"
    assert watched.look_until_said(2, now=0.0) == "intake runs again (1 restart so far)"
    assert server.process.running
    assert server.process.pid != first


def test_one_that_dies_again_and_again_waits_longer_each_time_and_its_last_words_are_told(server):
    watched = Watched(server.part)
    server.script = BROKEN
    server.process.kill()
    watched.look_until_said(1, now=0.0)
    now = 0.0
    for ends in range(2, 6):
        said = watched.look_until_said(ends, now)
        assert f"intake has ended (exit code 1) and is started again in {pause(ends):g} s: end {ends} in a row." in said
        assert said.endswith("KIP_PARTITIONS: expected a number")
        starts = server.starts
        for _ in range(50):
            watched.restarts.look(now + pause(ends) - 0.001)
        assert server.starts == starts, "it doesn't spin"
        now += pause(ends)
    server.script = STEADY
    assert watched.look_until_said(6, now) == "intake runs again (5 restarts so far)"


def test_one_that_comes_up_and_dies_at_once_counts_on_and_one_that_ran_steadily_begins_anew(server):
    watched = Watched(server.part)
    server.process.kill()
    watched.look_until_said(2, now=0.0)
    server.process.kill()
    assert "in 1 s: end 2 in a row" in watched.look_until_said(3, now=STEADY_SECONDS - 1)
    watched.look_until_said(4, now=STEADY_SECONDS)
    server.process.kill()
    said = watched.look_until_said(5, now=2 * STEADY_SECONDS)
    assert said.endswith("is started again now")


def test_one_that_runs_again_without_being_ready_is_said_and_not_started_twice(supervisor, server):
    def start() -> None:
        server.start()
        raise StartError("intake was not ready after 90 s (503 the broker is away)")

    watched = Watched(Part("intake", lambda: server.process, start))
    server.process.kill()
    said = watched.look_until_said(2, now=0.0)
    assert said == (
        "intake runs again (1 restart so far), but: intake was not ready after 90 s (503 the broker is away)"
    )
    for now in range(100):
        watched.restarts.look(float(now))
    assert server.starts == 2


def test_a_part_whose_start_takes_long_does_not_keep_the_others_waiting(supervisor, server):
    other = Server(supervisor)
    other.start()
    ended = []

    def start_for_ever() -> None:
        process = server.process = supervisor.start(Command("broker", [sys.executable, "-c", STEADY]))
        try:
            wait_until(lambda: False, process, 600)
        finally:
            ended.append("broker")

    watched = Watched(Part("broker", lambda: server.process, start_for_ever), other.part)
    server.process.kill()
    watched.look_until_said(1, now=0.0)
    other.process.kill()
    assert watched.look_until_said(3, now=0.0) == "intake runs again (1 restart so far)"
    watched.restarts.close()
    supervisor.stop()
    deadline = time.monotonic() + 60
    while not ended:
        assert time.monotonic() < deadline, "the end of the run ends the start that was under way"
        time.sleep(0.01)


def test_the_mailbox_comes_back_on_its_port_and_numbers_on(supervisor, tmp_path):
    mailbox = MailServer(supervisor, tmp_path / "mail")
    mailbox.start()
    port, process = mailbox.port, mailbox.process
    assert process is not None
    process.kill()
    assert not can_reach(port)
    watched = Watched(Part("mailbox", lambda: mailbox.process, mailbox.start))
    watched.look_until_said(2, now=0.0)
    assert (mailbox.port, can_reach(port)) == (port, True)


@pytest.mark.parametrize(("ends", "seconds"), [(1, 0), (2, 1), (3, 2), (4, 4), (6, 16), (7, 30), (10_000, 30)])
def test_pauses_double_up_to_a_limit(ends, seconds):
    assert pause(ends) == seconds
