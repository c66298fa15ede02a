"""Services and `kip` as tests start them: real processes, forked from one that has imported the same already.

The imports are two thirds of what a start costs, and the suite makes a thousand starts. What is about the start itself
(`kip up`, images, what a process leaves behind) starts `python -m` as a user does.
"""

import atexit
import json
import os
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from multiprocessing import Pipe
from multiprocessing.connection import Connection
from pathlib import Path
from typing import IO

from cli.main import COMMANDS
from deploy.local.processes import StartedReaper, start_reaper
from deploy.local.services import SERVICES
from tests.fork_server import Order

ROOT = Path(__file__).resolve().parents[1]
KIP = "cli.main"
# What a module imports at its start. `kip` imports a group of commands when it is called: here all of them are there.
PREPARED = {
    KIP: [place.partition(":")[0] for place in COMMANDS.values()],
    **{service.module: [f"{service.module}.app", "shared.http.serve", "uvloop"] for service in SERVICES},
}


class Fork:
    """A forked process. `stdin` and `stdout` are its pipes where it is a reaper."""

    def __init__(self, pid: int, end: Connection, stdin: IO[str] | None = None, stdout: IO[str] | None = None) -> None:
        self.pid = pid
        self.stdin = stdin
        self.stdout = stdout
        self._end = end
        self._code: int | None = None
        self._lock = threading.Lock()

    def poll(self) -> int | None:
        """Its exit code; None while it runs."""
        if self._code is None and self._end.poll(0):
            self._read()
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its exit code. Raises `subprocess.TimeoutExpired`."""
        if self._code is None and not self._end.poll(timeout):
            raise subprocess.TimeoutExpired(f"fork {self.pid}", timeout or 0)
        return self._read()

    def kill(self) -> None:
        """Kill it."""
        if self.poll() is None:
            os.kill(self.pid, 9)

    def _read(self) -> int:
        with self._lock:
            if self._code is None:
                self._code = int(self._end.recv())
            return self._code


class ForkServer:
    """Forks processes that run a module; see `fork_server.py`."""

    def __init__(self, module: str) -> None:
        self._lock = threading.Lock()
        self._orders, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.fork_server", str(theirs.fileno()), *PREPARED[module]],
                cwd=ROOT, env={**os.environ, "PYTHONUNBUFFERED": "1"}, pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
            )  # fmt: skip
        atexit.register(self.close)

    def close(self) -> None:
        """End it; what it has forked goes on."""
        self._orders.close()
        self._process.wait(30)

    def fork(self, order: Order, standard: Sequence[int], held: Sequence[int] = ()) -> tuple[int, Connection]:
        """Fork with these descriptors for standard input, output and error; its pid, and where its end is told."""
        end, tell = Pipe(duplex=False)
        with self._lock, tell:
            socket.send_fds(self._orders, [json.dumps(order).encode()], [*standard, tell.fileno(), *held])
            return int(self._orders.recv(32)), end


fork_server = cache(ForkServer)


def run_kip(
    *words: str, environment: Mapping[str, str], given: str | bytes = "", timeout: float = 120
) -> "subprocess.CompletedProcess[str]":
    """Run `kip` as a user does, with this standard input, to its end; what it printed and its exit code."""
    order: Order = {
        "words": [KIP, *words], "reaper": None, "environment": {**os.environ, **environment}, "cwd": str(ROOT),
    }  # fmt: skip
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        stdin.write(given.encode() if isinstance(given, str) else given)
        stdin.seek(0)
        process = Fork(*fork_server(KIP).fork(order, [file.fileno() for file in (stdin, stdout, stderr)]))
        try:
            code = process.wait(timeout)
        finally:
            process.kill()
        stdout.seek(0)
        stderr.seek(0)
        return subprocess.CompletedProcess(["kip", *words], code, stdout.read().decode(), stderr.read().decode())


def start_forked(
    arguments: Sequence[str], environment: Mapping[str, str], cwd: Path, keep_open: Sequence[int]
) -> StartedReaper:
    """Start a reaper as `start_reaper` does; one of `python -m` with a prepared module is forked, with what it runs."""
    begin = arguments.index("--") + 1
    words = arguments[begin:]
    prepared = list(words[:2]) == [sys.executable, "-m"] and words[2] in PREPARED
    if not prepared or cwd != ROOT:  # another folder may hold another version of the same module
        return start_reaper(arguments, environment, cwd, keep_open)
    order: Order = {
        "words": words[2:], "reaper": arguments[:begin], "environment": dict(environment), "cwd": str(cwd),
    }  # fmt: skip
    stdin, orders = os.pipe2(os.O_CLOEXEC)
    answer, stdout = os.pipe2(os.O_CLOEXEC)
    try:
        started = fork_server(words[2]).fork(order, [stdin, stdout, 2], keep_open)
    finally:
        os.close(stdin)
        os.close(stdout)
    return Fork(*started, stdin=os.fdopen(orders, "w"), stdout=os.fdopen(answer))
