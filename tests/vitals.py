"""How the services are while a test asks much of them: the pauses of `/healthz` and the memory of each, watched by a
process of its own, so that what the test does doesn't count as a pause.
"""

import http.client
import multiprocessing
import threading
import time
from collections.abc import Mapping
from multiprocessing.connection import Connection
from pathlib import Path
from typing import NamedTuple

from deploy.local.services import Services

EVERY = 0.05  # seconds
_PAGE = 4096 // 1024  # KiB


class Seen(NamedTuple):
    """The worst of a service since it was asked before.

    `pause`: seconds that an answer of `/healthz` took. `own_pause`: the same without the time in which the service
    could have run and other processes had the processors. `mebibytes`: of the service and the processes that it
    started, together. `refused`: how often `/healthz` did not answer 200.
    """

    pause: float
    own_pause: float
    mebibytes: float
    refused: int


class Vitals:
    """Watches from now until it is stopped."""

    def __init__(self, services: Services) -> None:
        watched = {name: (port, services.process(name).pid) for name, port in services.ports.items()}
        own, other = multiprocessing.Pipe()
        self._watcher = multiprocessing.get_context("spawn").Process(target=_watch, args=(watched, other), daemon=True)
        self._watcher.start()
        self._pipe = own

    def seen(self) -> dict[str, Seen]:
        """By service, since the last call."""
        self._pipe.send("seen")
        assert self._pipe.poll(60), "the watcher does not answer"
        return dict(self._pipe.recv())

    def stop(self) -> None:
        """End the watching."""
        self._watcher.terminate()
        self._watcher.join(10)


class _Watched:
    """One service. What it has seen is read and begun anew under a lock."""

    def __init__(self, port: int, pid: int) -> None:
        self._port = port
        self._pid = pid
        self._lock = threading.Lock()
        self._worst = Seen(0, 0, 0, 0)
        for watching in (self._ask_always, self._weigh_always):
            threading.Thread(target=watching, daemon=True).start()

    def told(self) -> Seen:
        with self._lock:
            worst, self._worst = self._worst, Seen(0, 0, 0, 0)
        return worst

    def _take(self, seen: Seen) -> None:
        with self._lock:
            had = self._worst
            self._worst = Seen(
                max(had.pause, seen.pause),
                max(had.own_pause, seen.own_pause),
                max(had.mebibytes, seen.mebibytes),
                had.refused + seen.refused,
            )

    def _ask_always(self) -> None:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        while True:
            time.sleep(EVERY)
            begun, waited = time.monotonic(), _waited_for_a_processor(self._pid)
            try:
                connection.request("GET", "/healthz")
                answer = connection.getresponse()
                answer.read()
                refused = int(answer.status != http.client.OK)
            except (OSError, http.client.HTTPException):
                connection.close()
                refused = 1
            pause = time.monotonic() - begun
            self._take(Seen(pause, pause - (_waited_for_a_processor(self._pid) - waited), 0, refused))

    def _weigh_always(self) -> None:
        while True:
            self._take(Seen(0, 0, max(_resident(self._pid), _highest(self._pid)), 0))
            time.sleep(EVERY)


def _watch(services: Mapping[str, tuple[int, int]], pipe: Connection) -> None:
    watched = {name: _Watched(*where) for name, where in services.items()}
    while pipe.recv():
        pipe.send({name: service.told() for name, service in watched.items()})


def _waited_for_a_processor(pid: int) -> float:
    """Seconds in which the main thread could have run, and didn't (proc(5), schedstat)."""
    try:
        return int(Path(f"/proc/{pid}/schedstat").read_text().split()[1]) / 1e9
    except OSError:
        return 0.0


def _resident(pid: int) -> float:
    """MiB of a process and of all below it. psutil would read the whole process table for it, 20 times a second."""
    try:
        own = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE / 1024
        below = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except OSError:  # it has ended meanwhile
        return 0.0
    return own + sum(_resident(child) for child in below)


def _highest(pid: int) -> float:
    """MiB that the process itself ever had: no peak between two looks is missed."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024
