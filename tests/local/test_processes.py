import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from deploy.local.processes import PROJECT, Command, StartError, Supervisor, wait_until
from tests.local.leftovers import processes_of, wait_until_none

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]
STUBBORN = "import signal, time; signal.signal(15, signal.SIG_IGN); print('up', flush=True); time.sleep(600)"
# a server that detaches a daemon into a session of its own, as the Erlang port mapper does
DAEMONISING = (
    "import os, time\n"
    "if os.fork() == 0:\n"
    "    os.setsid()\n"
    "    if os.fork() == 0: time.sleep(600)\n"
    "    os._exit(0)\n"
    "os.wait(); print('up', flush=True); time.sleep(600)\n"
)
# it takes SIGINT although a script's `&`, in which the tests may run, had it ignored
PARENT = (
    "import signal, sys, time; from pathlib import Path\n"
    "from deploy.local.processes import Command, Supervisor, wait_until\n"
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "supervisor = Supervisor(Path(sys.argv[1]))\n"
    "process = supervisor.start(Command('server', [sys.executable, '-c', sys.argv[2]]))\n"
    "wait_until(lambda: 'up' in process.last_lines(), process, 30)\n"
    "print('ready', flush=True); time.sleep(600)\n"
)


@pytest.fixture
def supervisor(tmp_path: Path):
    supervisor = Supervisor(tmp_path)
    yield supervisor
    supervisor.stop()
    wait_until_none(tmp_path)


def started(supervisor: Supervisor, name: str, argv: list[str], grace: float = 15.0):
    process = supervisor.start(Command(name, argv, grace=grace))
    wait_until(lambda: "up" in process.last_lines(), process, 30)
    return process


def test_stop_ends_a_process_that_listens_to_sigterm(supervisor: Supervisor):
    process = started(supervisor, "server", SLEEP)
    process.stop()
    assert process.exit_code == 128 + signal.SIGTERM
    assert not psutil.pid_exists(process.pid)


def test_the_last_lines_are_its_own_and_no_earlier_process_of_its_name(supervisor: Supervisor):
    started(supervisor, "server", [sys.executable, "-c", "print('Traceback')\n" + SLEEP[2]]).stop()
    assert started(supervisor, "server", SLEEP).last_lines() == "up"


def test_stop_forces_a_process_that_ignores_sigterm(supervisor: Supervisor):
    process = started(supervisor, "server", [sys.executable, "-c", STUBBORN], grace=0.3)
    process.stop()
    assert process.exit_code == 128 + signal.SIGKILL


def test_what_a_server_detached_ends_with_it(supervisor: Supervisor, tmp_path: Path):
    process = started(supervisor, "server", [sys.executable, "-c", DAEMONISING])
    assert len(processes_of(tmp_path)) == 3  # reaper, server, daemon
    process.kill()
    assert processes_of(tmp_path) == []


def test_a_killed_process_can_be_started_again(supervisor: Supervisor):
    first = started(supervisor, "server", SLEEP)
    first.kill()
    second = started(supervisor, "server", SLEEP)
    assert first.exit_code == 128 + signal.SIGKILL
    assert second.running
    assert second.pid != first.pid


def test_a_paused_process_is_still_stopped(supervisor: Supervisor):
    process = started(supervisor, "server", SLEEP)
    process.signal(signal.SIGSTOP)
    process.stop()
    assert not process.running


def test_processes_end_in_reverse_order(supervisor: Supervisor, tmp_path: Path):
    order = tmp_path / "order"
    note = "import signal, sys, time\ndef end(*_): open(sys.argv[1], 'a').write(sys.argv[2]); sys.exit()\n"
    note += "signal.signal(15, end); print('up', flush=True); time.sleep(600)"
    for name in "abc":
        started(supervisor, name, [sys.executable, "-c", note, str(order), name])
    supervisor.stop()
    assert order.read_text() == "cba"


def test_a_command_that_fails_shows_the_end_of_its_log(supervisor: Supervisor, tmp_path: Path):
    with pytest.raises(StartError, match=r"(?s)load failed with exit code 3.*logs/load\.log.*no such programme"):
        supervisor.run(Command("load", [sys.executable, "-c", "print('no such programme'); exit(3)"]))


def test_a_program_that_does_not_exist_is_named(supervisor: Supervisor):
    with pytest.raises(StartError, match="cannot run /nowhere/server"):
        supervisor.run(Command("server", ["/nowhere/server"]))


def test_waiting_for_a_process_that_died_ends_at_once_with_its_log(supervisor: Supervisor):
    process = supervisor.start(Command("server", [sys.executable, "-c", "exit('port in use')"]))
    with pytest.raises(StartError, match="port in use"):
        wait_until(lambda: False, process, 600)


def test_nothing_is_started_once_the_run_is_being_ended(supervisor: Supervisor):
    supervisor.stop()
    with pytest.raises(StartError, match="being ended"):
        supervisor.start(Command("server", SLEEP))


def test_only_the_reapers_hold_the_lock_of_the_run(tmp_path: Path):
    fd = os.open(tmp_path / "lock", os.O_RDWR | os.O_CREAT)
    supervisor = Supervisor(tmp_path, keep_open=fd)
    process = started(supervisor, "server", SLEEP)
    held = [path for path in Path(f"/proc/{process.pid}/fd").iterdir() if path.resolve() == tmp_path / "lock"]
    supervisor.stop()
    os.close(fd)
    assert held == []


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("server", [STUBBORN.replace("SIG_IGN", "SIG_DFL"), DAEMONISING], ids=["plain", "daemonising"])
def test_nothing_is_left_when_the_run_is_killed(tmp_path: Path, number: signal.Signals, server: str):
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT, str(tmp_path), server], stdout=subprocess.PIPE, text=True, cwd=PROJECT
    )
    assert parent.stdout is not None
    assert parent.stdout.readline() == "ready\n"
    assert processes_of(tmp_path)
    parent.send_signal(number)
    parent.wait(30)
    parent.stdout.close()
    wait_until_none(tmp_path)


def test_a_server_does_not_survive_its_reaper(supervisor: Supervisor):
    process = started(supervisor, "server", SLEEP)
    psutil.Process(process.pid).parent().kill()
    psutil.wait_procs([psutil.Process(process.pid)] if psutil.pid_exists(process.pid) else [], timeout=30)
    assert not psutil.pid_exists(process.pid)
