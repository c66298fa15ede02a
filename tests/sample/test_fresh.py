"""`make demo` begins in an empty folder, and empties only what an earlier run left."""

import pytest

from deploy.local.fresh import empty_run_folder
from deploy.local.lock import RunFolderBusyError, RunLock
from deploy.local.processes import StartError


def test_what_an_earlier_run_left_is_removed(tmp_path):
    RunLock(tmp_path).release()
    (tmp_path / "postgres").mkdir()
    (tmp_path / "postgres" / "data").write_text("old")
    (tmp_path / "environment").write_text("KIP_X=1")
    empty_run_folder(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["owner.lock", "reapers.lock"]


def test_a_folder_that_is_not_there_yet_is_made(tmp_path):
    empty_run_folder(tmp_path / "new")
    assert (tmp_path / "new").is_dir()


def test_somebody_s_own_folder_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("ten years of work")
    with pytest.raises(StartError, match="no folder of an earlier run"):
        empty_run_folder(tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "ten years of work"


def test_the_folder_of_a_live_run_is_left_alone(tmp_path):
    lock = RunLock(tmp_path)
    (tmp_path / "mail").mkdir()
    with pytest.raises(RunFolderBusyError):
        empty_run_folder(tmp_path)
    assert (tmp_path / "mail").is_dir()
    lock.release()
