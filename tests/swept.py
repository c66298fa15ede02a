"""What a session of tests that was killed has left: data of servers in its folders, and databases in memory.

pytest keeps the folders of the last sessions, for people to look at. Databases and brokers are hundreds of megabytes,
and what stands in memory nobody else ever clears.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import mkdtemp

import psutil

from deploy.local.lock import has_ended

PREFIX = "kip-tests-"
DATA = ("postgres", "rabbitmq")  # of a run's folder
_OWNER = "run"  # names the run that a folder in memory belongs to


def folder_of_run(memory: Path, run_dir: Path) -> Path:
    """Make a folder in memory that is swept once the run of `run_dir` has ended."""
    folder = Path(mkdtemp(prefix=PREFIX, dir=memory))
    folder.chmod(0o755)
    (folder / _OWNER).write_text(str(run_dir))
    return folder


def sweep_memory(memory: Path) -> None:
    """Delete the folders in memory whose run has ended."""
    for owner in memory.glob(f"{PREFIX}*/{_OWNER}"):
        try:
            run_dir = Path(owner.read_text())
            over = not run_dir.exists() or has_ended(run_dir)
        except OSError:  # another session was first, or it is another user's
            continue
        if over:
            shutil.rmtree(owner.parent, ignore_errors=True)


def sweep_sessions(folder: Path) -> None:
    """Delete the data of servers that sessions of pytest have left which are no more; `folder` is one of a session's.

    A run that is still being cleared away keeps its own, and logs stay.
    """
    of_user = next((parent for parent in folder.parents if parent.name.startswith("pytest-of-")), None)
    for run_dir in _left(of_user) if of_user is not None else ():
        if has_ended(run_dir):
            for data in DATA:
                shutil.rmtree(run_dir / data, ignore_errors=True)


def _left(of_user: Path) -> Iterator[Path]:
    """List the folders of runs of killed sessions: one that ends takes its lock away."""
    for lock in of_user.glob("pytest-*/.lock"):
        try:
            pid = int(lock.read_text())
        except (OSError, ValueError):  # it has ended, or only begins
            continue
        if not psutil.pid_exists(pid):
            for depth in ("*", "*/*", "*/*/*"):  # a session's, a worker's, and a run's below a test's own folder
                yield from (owner.parent for owner in lock.parent.glob(f"{depth}/owner.lock"))
