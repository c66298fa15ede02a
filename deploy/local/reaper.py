"""The reaper of one server process: whatever happens to whoever started it, nothing of it stays behind.

Run as a script, without site-packages (`python -I -S reaper.py LOG SIGNAL GRACE -- COMMAND…`), because one stands
beside every server. It says the server's pid on its standard output. Its standard input is a pipe from the run:

- each byte is the number of a signal to send to the server (9: `kill -9`);
- the end of the pipe means stop. The kernel closes it when the run ends in any way, `kill -9` included.

The reaper is a child subreaper: what the server forks and detaches (the Erlang port mapper, the database's backends,
which all leave their process group) comes back to it and is ended after the server. If the reaper itself is killed,
the kernel ends the server (PR_SET_PDEATHSIG). It exits with the server's status, and only when no descendant is left.
"""

import contextlib
import ctypes
import os
import select
import signal
import sys
import time
from collections.abc import Callable

PR_SET_PDEATHSIG = 1
PR_SET_CHILD_SUBREAPER = 36
CLEANING_SECONDS = 10.0


def prctl(option: int, value: int) -> None:
    """Set an option of this process. Linux only; elsewhere the pipe alone has to do."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)


def replace_itself(command: list[str]) -> None:
    """Become the server."""
    os.execvp(command[0], command)  # noqa: S606 - running the given command is what this is for


def launch(command: list[str], log: str, become: Callable[[list[str]], None]) -> int:
    """Start the server in its own session with its output in `log`; returns its pid."""
    reaper = os.getpid()
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGCHLD, signal.SIGPIPE, signal.SIGXFSZ)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signals)  # a stop right after the fork must reach the server
    pid = os.fork()
    if pid:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        return pid
    try:
        os.setsid()
        prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != reaper:  # the reaper died before the line above
            os._exit(1)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
        output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.closerange(3, 65536)  # above all the run's lock, which is the reaper's to hold
        for number in signals:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
        become(command)
    except OSError as error:
        os.write(2, f"cannot run {command[0]}: {error}\n".encode())
    os._exit(127)


def descendants(ancestor: int) -> list[int]:
    """List the pids below `ancestor`, zombies left out."""
    children: dict[int, list[int]] = {}
    # pathlib would cost the reaper 20 ms at its start
    for entry in os.listdir("/proc") if os.path.isdir("/proc") else []:  # noqa: PTH112, PTH208
        if entry.isdigit():
            with contextlib.suppress(OSError), open(f"/proc/{entry}/stat", "rb") as stat:  # noqa: PTH123
                state, parent = stat.read().rpartition(b")")[2].split()[:2]
                if state != b"Z":
                    children.setdefault(int(parent), []).append(int(entry))
    found: list[int] = []
    frontier = [ancestor]
    while frontier:
        frontier = [child for parent in frontier for child in children.get(parent, [])]
        found += frontier
    return found


class Reaper:
    """Watches the server and the pipe, and cleans up when either ends."""

    def __init__(self, server: int, stop_signal: int, grace: float, wakeup: int) -> None:
        self.server = server
        self.stop_signal = stop_signal
        self.grace = grace
        self.wakeup = wakeup
        self.status: int | None = None
        self.stopping = False

    def reap(self) -> None:
        """Collect everything that ended: the server's status is kept, adopted orphans are only taken off the table."""
        while True:
            try:
                pid, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if pid == 0:
                return
            if pid == self.server:
                self.status = os.waitstatus_to_exitcode(status)

    def send(self, number: int) -> None:
        """Send a signal to the server, never to a stranger that got its pid: it is ours until reaped."""
        if self.status is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.server, number)

    def watch(self) -> None:
        """Wait until the server has ended or the run wants it stopped."""
        while self.status is None and not self.stopping:
            readable, _, _ = select.select([0, self.wakeup], [], [])
            if self.wakeup in readable:
                self.stopping = signal.SIGTERM in os.read(self.wakeup, 512)
            if 0 in readable:
                orders = os.read(0, 64)
                self.stopping = self.stopping or not orders
                for number in orders:
                    self.send(number)
            self.reap()

    def stop(self) -> None:
        """Stop the server: ask, wait for at most the grace, kill."""
        self.send(self.stop_signal)
        self.send(signal.SIGCONT)
        deadline = time.monotonic() + self.grace
        while self.status is None and time.monotonic() < deadline:
            select.select([self.wakeup], [], [], 0.2)
            with contextlib.suppress(BlockingIOError):
                os.read(self.wakeup, 512)
            self.reap()
        self.send(signal.SIGKILL)

    def clean(self) -> None:
        """End what the server left behind; each round finds what was forked meanwhile."""
        deadline = time.monotonic() + CLEANING_SECONDS
        while time.monotonic() < deadline:
            self.reap()
            left = descendants(os.getpid())
            if not left and self.status is not None:
                return
            for pid in left:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.01)


def main(arguments: list[str], become: Callable[[list[str]], None] = replace_itself) -> int:
    """Run the server and watch it; `become` never returns where it turns the new process into the server."""
    log, stop_signal, grace, _, *command = arguments
    prctl(PR_SET_CHILD_SUBREAPER, 1)
    wakeup, alarm = os.pipe()
    for end in (wakeup, alarm):
        os.set_blocking(end, False)
    signal.set_wakeup_fd(alarm, warn_on_full_buffer=False)
    for number in (signal.SIGCHLD, signal.SIGTERM):
        signal.signal(number, lambda *_: None)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    reaper = Reaper(launch(command, log, become), int(stop_signal), float(grace), wakeup)
    os.write(1, f"{reaper.server}\n".encode())
    os.close(1)
    reaper.watch()
    if reaper.status is None:
        reaper.stop()
    reaper.clean()
    code = reaper.status if reaper.status is not None else 1
    return code if code >= 0 else 128 - code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
