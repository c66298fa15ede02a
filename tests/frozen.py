"""Freezes a server with all that it has started, as a hung machine or storage does, and always thaws it again."""

import contextlib
import time
from collections.abc import Iterator

import psutil

from tests.outage import RECOVERY_SECONDS, Outage, WholeLoad


@contextlib.contextmanager
def frozen(pid: int) -> Iterator[None]:
    """SIGSTOP for the process and its descendants (a database's backends are processes of their own), then SIGCONT."""
    stopped: list[psutil.Process] = []
    try:
        fresh = _family(pid)
        while fresh:  # what was forked while the others were being stopped
            for process in fresh:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.suspend()
                    stopped.append(process)
            fresh = [process for process in _family(pid) if process not in stopped]
        yield
    finally:
        for process in reversed(stopped):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.resume()


def _family(pid: int) -> list[psutil.Process]:
    with contextlib.suppress(psutil.NoSuchProcess):
        first = psutil.Process(pid)
        return [first, *first.children(recursive=True)]
    return []


def freeze_and_settle(outage: Outage, pid: int, seconds: float, *, name: str = "whole", before: float = 1.0) -> float:
    """Freeze a server for so long, `before` seconds after the load has begun; every 202 is counted exactly once.

    Returns after how many seconds from the thaw on all was back.
    """
    with WholeLoad(outage, name) as load:
        load.during(before, 202)
        with frozen(pid):
            time.sleep(seconds)
        thawed = time.monotonic()
        load.during(1, 202)
        back = round(outage.back(load, thawed), 1)
    outage.settle(load)
    assert back < 10 * RECOVERY_SECONDS
    return back
