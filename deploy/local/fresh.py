"""Empties a run folder for a run that must begin anew, and no folder that isn't one."""

import shutil
from pathlib import Path

from deploy.local.lock import RunLock
from deploy.local.processes import StartError

_LOCKS = frozenset({"owner.lock", "reapers.lock"})


def empty_run_folder(run_dir: Path) -> None:
    """Remove what an earlier run left. Raises StartError for a folder with other things in it, RunFolderBusyError
    while a run uses it."""
    if run_dir.exists() and any(run_dir.iterdir()) and not (run_dir / "owner.lock").exists():
        raise StartError(f"{run_dir} is not empty and no folder of an earlier run: give another one with --run-dir")
    lock = RunLock(run_dir)
    try:
        for path in run_dir.iterdir():
            if path.is_dir() and not path.is_symlink():
                shutil.rmtree(path)
            elif path.name not in _LOCKS:
                path.unlink()
    finally:
        lock.release()
