"""What killed sessions of tests have left goes at the next one; what somebody still uses stays."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from deploy.local.lock import RunLock, has_ended
from tests.swept import DATA, folder_of_run, sweep_memory, sweep_sessions

KEPT = "postgres.log"


def a_run(folder: Path) -> RunLock:
    """A run with data and logs, under way."""
    lock = RunLock(folder)
    for data in DATA:
        (folder / data).mkdir()
        (folder / data / "file").write_text("x")
    (folder / KEPT).write_text("a log")
    return lock


def left_of(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} - {"owner.lock", "reapers.lock"}


@pytest.fixture(scope="module")
def dead_pid() -> int:
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        return process.pid


def test_a_run_has_ended_when_neither_it_nor_its_reapers_are_there(tmp_path: Path) -> None:
    assert not has_ended(tmp_path), "it never was"
    lock = RunLock(tmp_path)
    assert not has_ended(tmp_path)
    reaper = subprocess.Popen(["sleep", "600"], pass_fds=[lock.reapers_fd])
    lock.release()
    assert not has_ended(tmp_path), "it is being cleared away"
    reaper.kill()
    reaper.wait()
    assert has_ended(tmp_path)
    RunLock(tmp_path).release()  # asking holds nothing


def test_what_stands_in_memory_goes_with_its_run(tmp_path: Path) -> None:
    memory, gone = tmp_path / "memory", tmp_path / "gone"
    memory.mkdir()
    (memory / "kip-test-of-somebody-else").mkdir()
    runs = [tmp_path / name for name in ("ended", "lives")]
    locks = [a_run(run) for run in runs]
    ended, lives, without = (folder_of_run(memory, run) for run in (*runs, gone))
    for folder in (ended, lives, without):
        (folder / "data").mkdir()
    locks[0].release()
    sweep_memory(memory)
    assert {path.name for path in memory.iterdir()} == {"kip-test-of-somebody-else", lives.name}
    assert (lives / "data").is_dir()
    locks[1].release()


REFUSED = {"read": (Path, "read_text"), "locks": (os, "open"), "look": (Path, "exists")}


def refuse(how: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the system refuse this in a folder, as it does another user's: root, as which tests may run, it lets."""
    owner, name = REFUSED[how]
    monkeypatch.setattr(owner, name, _refused_in(folder, getattr(owner, name)))


def _refused_in(folder: Path, call: Callable[..., Any]) -> Callable[..., Any]:
    def refused(path: Path, *given: Any, **more: Any) -> Any:
        if folder in Path(path).parents:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return call(path, *given, **more)

    return refused


@pytest.mark.parametrize("how", REFUSED)
def test_what_is_another_user_s_is_passed_over_and_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    memory, theirs, ended = tmp_path / "memory", tmp_path / "theirs" / "run", tmp_path / "ended"
    memory.mkdir()
    for run in (theirs, ended):
        a_run(run).release()
    kept, swept = (folder_of_run(memory, run) for run in (theirs, ended))
    refuse(how, {"read": kept, "locks": theirs, "look": theirs.parent}[how], monkeypatch)
    sweep_memory(memory)
    monkeypatch.undo()
    assert kept.exists()
    assert not swept.exists()


def test_a_run_that_only_begins_has_not_ended_and_nothing_of_it_is_held(tmp_path: Path) -> None:
    (tmp_path / "owner.lock").write_text("1")
    before = set(Path("/proc/self/fd").iterdir())
    assert not has_ended(tmp_path)
    assert set(Path("/proc/self/fd").iterdir()) == before


def test_data_of_killed_sessions_go_and_their_logs_and_what_is_used_stay(tmp_path: Path, dead_pid: int) -> None:
    sessions = tmp_path / "pytest-of-x"
    runs = {
        name: sessions / name / below
        for name, below in (("pytest-1", "stack0"), ("pytest-2", "popen-gw0/stack0"), ("pytest-3", "test_up0/run"),
                            ("pytest-4", "stack0"), ("pytest-5", "stack0"))
    }  # fmt: skip
    locks = {name: a_run(run) for name, run in runs.items()}
    for name in ("pytest-1", "pytest-2", "pytest-3", "pytest-5"):
        (sessions / name / ".lock").write_text(str(dead_pid))
    used = locks.pop("pytest-5")  # the session is no more, and its reapers are still at it
    for lock in locks.values():
        lock.release()
    own = sessions / "pytest-9" / "stack0"
    own.mkdir(parents=True)
    sweep_sessions(own)
    everything = {KEPT, *DATA}
    assert {name: left_of(run) for name, run in runs.items()} == {
        "pytest-1": {KEPT}, "pytest-2": {KEPT}, "pytest-3": {KEPT}, "pytest-4": everything, "pytest-5": everything,
    }  # fmt: skip
    sweep_sessions(tmp_path)  # with folders of its own (`--basetemp`) there are no sessions to look for
    used.release()
