import fcntl
import os

import pytest

from deploy.local.lock import RunFolderBusyError, RunLock


def test_a_folder_is_free_again_after_release(tmp_path):
    RunLock(tmp_path).release()
    RunLock(tmp_path).release()


def test_the_holder_is_named(tmp_path):
    lock = RunLock(tmp_path)
    with pytest.raises(RunFolderBusyError, match=f"process {os.getpid()}"):
        RunLock(tmp_path)
    lock.release()


def test_a_killed_run_that_is_still_being_cleared_away_is_waited_for(tmp_path):
    reaper = os.open(tmp_path / "reapers.lock", os.O_RDWR | os.O_CREAT)
    fcntl.flock(reaper, fcntl.LOCK_EX)
    with pytest.raises(RunFolderBusyError, match="have not ended after"):
        RunLock(tmp_path, clearing_seconds=0.2)
    os.close(reaper)
    RunLock(tmp_path, clearing_seconds=0.2).release()
