"""One run per folder: a second one on the same folder gets a clear error.

Two locks, both let go by the kernel. `owner.lock` is held by the run alone: who finds it held looks at a live run.
`reapers.lock` is held by the run and by each of its reapers: who finds only this one held looks at a run that was
killed and is still being cleared away, and waits.
"""

import fcntl
import os
import time
from contextlib import ExitStack
from pathlib import Path

CLEARING_SECONDS = 45.0


class RunFolderBusyError(Exception):
    """Another run uses the folder."""


class RunLock:
    """Held from construction until `release`; `reapers_fd` is for the reapers to inherit."""

    def __init__(self, run_dir: Path, clearing_seconds: float = CLEARING_SECONDS) -> None:
        run_dir.mkdir(parents=True, exist_ok=True)
        self._owner_fd = _open(run_dir / "owner.lock")
        self.reapers_fd = _open(run_dir / "reapers.lock")
        try:
            if not _try_lock(self._owner_fd):
                owner = os.pread(self._owner_fd, 32, 0).decode(errors="replace").strip() or "unknown"
                raise RunFolderBusyError(
                    f"another run (process {owner}) uses {run_dir}: stop it first (Ctrl-C there, or kill {owner})"
                )
            self._wait_for_reapers(run_dir, clearing_seconds)
            os.ftruncate(self._owner_fd, 0)
            os.pwrite(self._owner_fd, f"{os.getpid()}\n".encode(), 0)
        except BaseException:
            self.release()
            raise

    def release(self) -> None:
        """Release the lock; the reapers, should any be left, still hold their part."""
        for fd in (self.reapers_fd, self._owner_fd):
            if fd >= 0:
                os.close(fd)
        self.reapers_fd = self._owner_fd = -1

    def _wait_for_reapers(self, run_dir: Path, seconds: float) -> None:
        deadline = time.monotonic() + seconds
        while not _try_lock(self.reapers_fd):
            if time.monotonic() > deadline:
                raise RunFolderBusyError(
                    f"processes of an earlier run on {run_dir} have not ended after {seconds:.0f} s"
                )
            time.sleep(0.1)


def has_ended(run_dir: Path) -> bool:
    """Tell whether there was a run on this folder, and neither it nor any of its reapers is there any more."""
    with ExitStack() as opened:
        fds = []
        try:
            for name in ("owner.lock", "reapers.lock"):
                fds.append(os.open(run_dir / name, os.O_RDWR | os.O_CLOEXEC))
                opened.callback(os.close, fds[-1])
        except OSError:  # it never was, or only begins, or it is another user's
            return False
        return bool(os.pread(fds[0], 1, 0)) and all(map(_try_lock, fds))


def _open(path: Path) -> int:
    return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)


def _try_lock(fd: int) -> bool:
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
