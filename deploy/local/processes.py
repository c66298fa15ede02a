"""The processes of a run: each with a reaper beside it, ended in reverse order, never left behind.

See `reaper.py` for what holds when the run is killed. Here are the orderly ways: start, stop, `kill -9` for crash
tests, and a start that fails with the last lines of the log.
"""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Protocol

REAPER = Path(__file__).with_name("reaper.py")
PROJECT = Path(__file__).resolve().parents[2]
MARGIN_SECONDS = 12.0
LOG_LINES = 25
_SIGNALS = frozenset(int(number) for number in signal.Signals)


class StartError(Exception):
    """Something of the run did not start; the message says what, why and where to read more."""


@dataclass(frozen=True)
class Command:
    """What to run: `stop_signal` asks it to end, `grace` is how many seconds it gets before SIGKILL."""

    name: str
    argv: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    cwd: Path = PROJECT
    stop_signal: int = signal.SIGTERM
    grace: float = 15.0


class StartedReaper(Protocol):
    """A reaper that was started, as `subprocess.Popen` has it."""

    @property
    def stdin(self) -> IO[str] | None:
        """Where it takes orders."""
        ...

    @property
    def stdout(self) -> IO[str] | None:
        """Where it says the pid of what it runs."""
        ...

    def poll(self) -> int | None:
        """Return its exit code; None while it runs."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its exit code. Raises `subprocess.TimeoutExpired` after `timeout` seconds."""
        ...

    def kill(self) -> None:
        """Kill it."""
        ...


class StartReaper(Protocol):
    """Starts a reaper with these arguments (see `reaper.py`); `keep_open` are descriptors that it holds."""

    def __call__(
        self, arguments: Sequence[str], environment: Mapping[str, str], cwd: Path, keep_open: Sequence[int]
    ) -> StartedReaper: ...


def start_reaper(
    arguments: Sequence[str], environment: Mapping[str, str], cwd: Path, keep_open: Sequence[int]
) -> "subprocess.Popen[str]":
    """Start a reaper in a Python of its own."""
    return subprocess.Popen(  # noqa: S603 - the command is ours
        [sys.executable, "-I", "-S", str(REAPER), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env=environment,
        cwd=cwd,
        pass_fds=keep_open,
        start_new_session=True,  # the terminal's Ctrl-C goes to the run, which ends things in order
    )


class Process:
    """A running command and its reaper. `pid` is the command's own."""

    def __init__(self, command: Command, log: Path, log_begin: int, reaper: StartedReaper) -> None:
        self.command = command
        self.log = log
        self._log_begin = log_begin
        self._reaper = reaper
        if reaper.stdin is None or reaper.stdout is None:
            raise ValueError("a reaper is spoken to through pipes")
        self._orders = reaper.stdin
        with reaper.stdout as answer:
            self.pid = int(answer.readline() or 0)

    @property
    def running(self) -> bool:
        """False only when the command and everything that it had started are gone."""
        return self._reaper.poll() is None

    @property
    def exit_code(self) -> int | None:
        """As a shell says it (137: killed); None while running."""
        return self._reaper.poll()

    @property
    def end(self) -> str:
        """How it ended, in words: `exit code 1`, or `exit code 137 (SIGKILL)`; `it runs` while running."""
        code = self.exit_code
        if code is None:
            return "it runs"
        number = code - 128
        return f"exit code {code}" + (f" ({signal.Signals(number).name})" if number in _SIGNALS else "")

    def signal(self, number: int) -> None:
        """Send a signal to the command; quietly nothing when it has ended."""
        if self.running and not self._orders.closed:
            with contextlib.suppress(BrokenPipeError):
                os.write(self._orders.fileno(), bytes([number]))

    def kill(self) -> None:
        """Kill it (`kill -9`), as in a crash; return when nothing of it is left, so that it can be started again at
        once.
        """
        self.signal(signal.SIGKILL)
        self.wait(MARGIN_SECONDS)
        self._orders.close()

    def begin_stop(self) -> None:
        """Send the stop signal without waiting for the end."""
        self._orders.close()

    def stop(self) -> None:
        """Stop it: ask, wait for the grace, kill. Returns when nothing of it is left."""
        self.begin_stop()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.wait(self.command.grace + MARGIN_SECONDS)
        if self.running:  # a reaper that hangs; the kernel ends the command with it
            self._reaper.kill()
            self._reaper.wait()

    def wait(self, seconds: float | None = None) -> int:
        """Wait for the exit code. Raises `subprocess.TimeoutExpired` after `seconds`."""
        return self._reaper.wait(seconds)

    def last_lines(self, count: int = LOG_LINES) -> str:
        """Return the end of what it has logged itself, not what an earlier process of its name has, for a message."""
        with contextlib.suppress(OSError):
            own = self.log.read_bytes()[self._log_begin :].decode(errors="replace")
            return "\n".join(own.splitlines()[-count:])
        return ""


class Supervisor:
    """Starts commands with logs in `<run_dir>/logs/` and ends them all.

    `keep_open` is a descriptor that every reaper holds until it is done: the lock by which the next run on the folder
    sees that this one is not cleared away yet.
    """

    def __init__(self, run_dir: Path, keep_open: int | None = None, reaper_starter: StartReaper = start_reaper) -> None:
        self._start_reaper = reaper_starter
        self.run_dir = run_dir
        self.logs = run_dir / "logs"
        self._keep_open = keep_open
        self._processes: list[Process] = []
        self._closed = False
        self._lock = threading.Lock()

    def start(self, command: Command) -> Process:
        """Start it beside a reaper; raises `StartError` once the run is being ended."""
        self.logs.mkdir(parents=True, exist_ok=True)
        log = self.logs / f"{command.name}.log"
        with self._lock:
            if self._closed:
                raise StartError(f"{command.name} was not started: the run is being ended")
            begin = log.stat().st_size if log.exists() else 0
            process = Process(command, log, begin, self._spawn_reaper(command, log))
            self._processes = [other for other in self._processes if other.running] + [process]
        return process

    def run(self, command: Command, seconds: float = 120.0) -> None:
        """Run a command to its end; `StartError` when it fails or takes longer than `seconds`."""
        process = self.start(command)
        try:
            code = process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.stop()
            raise failure(process, f"{command.name} did not end within {seconds:.0f} s") from None
        process.stop()
        if code != 0:
            raise failure(process, f"{command.name} failed with {process.end}")

    def stop(self) -> None:
        """Stop everything, the last started first, and refuse any later start."""
        with self._lock:
            self._closed = True
            processes, self._processes = self._processes[::-1], []
        try:
            for process in processes:
                process.stop()
        finally:  # interrupted by a second Ctrl-C: the reapers finish without us
            for process in processes:
                process.begin_stop()

    def _spawn_reaper(self, command: Command, log: Path) -> StartedReaper:
        return self._start_reaper(
            [str(log), str(int(command.stop_signal)), str(command.grace), "--", *command.argv],
            {**os.environ, "KIP_RUN_DIR": str(self.run_dir), **command.environment},
            command.cwd,
            () if self._keep_open is None else (self._keep_open,),
        )


def failure(process: Process, what: str) -> StartError:
    """Make an error that says `what`, with the last lines of the process's log and where the rest is."""
    return StartError(f"{what}. The end of {process.log}:\n{process.last_lines()}")


def wait_until(ready: Callable[[], bool], process: Process, seconds: float) -> None:
    """Poll `ready` until it says so; `StartError` when the process ends first or `seconds` pass."""
    deadline = time.monotonic() + seconds
    while not ready():
        name = process.command.name
        if not process.running:
            raise failure(process, f"{name} ended with {process.end} before it was ready")
        if time.monotonic() > deadline:
            raise failure(process, f"{name} was not ready after {seconds:.0f} s")
        time.sleep(0.05)


@contextlib.contextmanager
def exit_on_signals() -> Iterator[None]:
    """Let SIGTERM and SIGHUP inside the block leave through `finally` and `with`, as Ctrl-C does (main thread only).

    SIGINT too is taken again where a script's `&` had it ignored.
    """

    def leave(number: int, _: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = {number: signal.signal(number, leave) for number in (signal.SIGTERM, signal.SIGHUP)}
    before[signal.SIGINT] = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
