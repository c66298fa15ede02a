"""Which processes of a run are still there."""

import time
from pathlib import Path

import psutil

CLEARING_SECONDS = 60


def processes_of(run_dir: Path) -> list[psutil.Process]:
    """By environment, working folder or command line: PostgreSQL overwrites its environment, epmd leaves its folder."""
    found = []
    for process in psutil.process_iter():
        try:
            if process.status() == psutil.STATUS_ZOMBIE or process.pid == psutil.Process().pid:
                continue
            by_environment = process.environ().get("KIP_RUN_DIR") == str(run_dir)
            by_folder = Path(process.cwd()).is_relative_to(run_dir)
            if by_environment or by_folder or str(run_dir) in " ".join(process.cmdline()):
                found.append(process)
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return found


def wait_until_none(run_dir: Path) -> None:
    """Fails with the list when some are left for good; the time is a bound, not a measurement."""
    deadline = time.monotonic() + CLEARING_SECONDS
    while left := processes_of(run_dir):
        assert time.monotonic() < deadline, f"left behind: {left}"
        time.sleep(0.05)
