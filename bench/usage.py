"""What the parts of a run use: CPU seconds and resident memory, by the kernel's account."""

import os
import re
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import psutil

SAMPLE_SECONDS = 0.1
MIB = 1024 * 1024


def cpu_seconds(pid: int) -> float:
    """CPU seconds so far of a process and all its children, those that have ended included."""
    total = 0.0
    try:
        root = psutil.Process(pid)
        for process in (root, *root.children(recursive=True)):
            try:
                times = process.cpu_times()
            except psutil.NoSuchProcess:  # its time is in its parent's children_* now
                continue
            total += times.user + times.system + times.children_user + times.children_system
    except psutil.NoSuchProcess:
        return 0.0
    return total


def memory_mib(pid: int) -> float:
    """Resident memory of one process, its children not counted."""
    try:
        return float(psutil.Process(pid).memory_info().rss) / MIB
    except psutil.NoSuchProcess:
        return 0.0


def peak_mib() -> float:
    """The highest resident memory of this process so far; getrusage would tell its parent's if that was higher."""
    found = re.search(r"^VmHWM:\s+(\d+) kB$", Path("/proc/self/status").read_text(encoding="ascii"), re.MULTILINE)
    return int(found[1]) / 1024 if found else memory_mib(os.getpid())


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds and the highest resident memory (MiB) by name."""

    cpu: Mapping[str, float]
    peak_mib: Mapping[str, float]


class Meter:
    """`with Meter({name: pid}) as meter:` measures what the named processes use meanwhile; then `meter.usage`."""

    def __init__(self, pids: Mapping[str, int]) -> None:
        self._pids = dict(pids)
        self._peaks = dict.fromkeys(pids, 0.0)
        self._over = threading.Event()
        self._before: dict[str, float] = {}
        self._thread = threading.Thread(target=self._watch, name="meter", daemon=True)
        self.usage = Usage({}, {})

    def __enter__(self) -> "Meter":
        self._before = {name: cpu_seconds(pid) for name, pid in self._pids.items()}
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
        cpu = {name: cpu_seconds(pid) - self._before[name] for name, pid in self._pids.items()}
        self.usage = Usage(cpu, dict(self._peaks))

    def _watch(self) -> None:
        while True:
            for name, pid in self._pids.items():
                self._peaks[name] = max(self._peaks[name], memory_mib(pid))
            if self._over.wait(SAMPLE_SECONDS):
                return


def servers() -> dict[str, int]:
    """The pids of the run's broker and database server, found among this process's descendants."""
    found: dict[str, int] = {}
    for process in psutil.Process().children(recursive=True):
        name = {"beam.smp": "broker", "postgres": "postgres"}.get(process.name())
        if name is not None:
            found.setdefault(name, process.pid)
    return found
