"""`.ci/run` with targets that only say where they ran: the clone, its folder, exit codes and signals are real."""

import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from deploy.local.processes import PROJECT

STEPS = "check test demo prove"
MAKEFILE = """
.PHONY: {steps}
{steps}:
\t@echo "$@ $$(git rev-parse HEAD) $$(stat -c %a ../) $$TMPDIR $$(pwd)" >> "$$KIP_CI_LOG"
\t@if [ -t 0 ] || read -r line; then exit 9; fi
\t@if [ "$@" = "$$KIP_CI_FAILS" ]; then exit 7; fi
\t@if [ "$@" = "$$KIP_CI_WAITS" ]; then touch "$$KIP_CI_LOG.waits"; exec sleep 600; fi
"""


def git(folder: Path, *words: str) -> str:
    identity = ["-c", "user.name=Kịp", "-c", "user.email=kip@example.vn", "-c", "commit.gpgsign=false"]
    done = subprocess.run(["git", *identity, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def checkout(tmp_path):
    """A small repository, with `.ci/run` as it is."""
    folder = tmp_path / "a checkout"
    (folder / ".ci").mkdir(parents=True)
    shutil.copy(PROJECT / ".ci" / "run", folder / ".ci" / "run")
    (folder / "Makefile").write_text(MAKEFILE.format(steps=STEPS))
    git(folder, "init", "--quiet")
    for number in (1, 2):
        (folder / "number").write_text(f"{number}\n")
        git(folder, "add", ".")
        git(folder, "commit", "--quiet", "--message", f"Commit {number}")
    return folder


def as_in_front() -> None:
    """What runs in the background ignores some signals, and a shell can't trap what it was told to ignore."""
    for number in (signal.SIGHUP, signal.SIGINT):
        signal.signal(number, signal.SIG_DFL)


class Run:
    """One run of `.ci/run` from another folder, in an environment that is nearly empty."""

    def __init__(self, checkout: Path, tmp_path: Path, **environment: str) -> None:
        self.log = tmp_path / "log"
        self.scratch = tmp_path / "scratch"
        self.scratch.mkdir()
        given = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "CI": "true", "TMPDIR": str(self.scratch)}
        self.process = subprocess.Popen(
            [checkout / ".ci" / "run"], cwd="/", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, env={**given, "KIP_CI_LOG": str(self.log), **environment},
            preexec_fn=as_in_front,  # noqa: PLW1509 - no threads here
        )  # fmt: skip

    def end(self) -> tuple[int, str]:
        """Exit code and what it said on its standard error."""
        _, errors = self.process.communicate(timeout=120)
        return self.process.returncode, errors

    @property
    def steps(self) -> list[list[str]]:
        """What each step wrote down: its name, the commit, the mode of the folder above, TMPDIR, its own folder."""
        return [line.split(maxsplit=4) for line in self.log.read_text().splitlines()]


def test_every_step_runs_in_a_clone_of_head_below_a_private_folder_that_is_removed(checkout, tmp_path):
    (checkout / "not-committed").touch()
    head = git(checkout, "rev-parse", "HEAD")
    run = Run(checkout, tmp_path)
    code, errors = run.end()
    assert (code, errors) == (0, ".ci/run: what isn't committed here takes no part\n")
    assert [step[0] for step in run.steps] == STEPS.split()
    assert {(commit, mode) for _, commit, mode, *_ in run.steps} == {(head, "700")}
    for _, _, _, scratch, folder in run.steps:
        assert Path(folder).is_relative_to(run.scratch), "not in the checkout itself"
        assert Path(scratch).is_relative_to(Path(folder).parent)
    assert list(run.scratch.iterdir()) == []


@pytest.mark.parametrize("kind", ["shallow", "detached"])
def test_a_shallow_or_detached_checkout_is_cloned_too(checkout, tmp_path, kind):
    other = tmp_path / "other"
    depth = ["--depth", "1"] if kind == "shallow" else []
    git(tmp_path, "clone", "--quiet", *depth, f"file://{checkout}", str(other))
    if kind == "detached":  # a commit that no branch has, as a pull request's merge
        git(other, "commit", "--quiet", "--allow-empty", "--message", "Merge")
        head = git(other, "rev-parse", "HEAD")
        git(other, "checkout", "--quiet", "--detach", head)
        git(other, "branch", "--force", git(other, "branch", "--format=%(refname:short)").split()[-1], "HEAD~1")
    run = Run(other, tmp_path)
    assert run.end() == (0, "")
    assert {commit for _, commit, *_ in run.steps} == {git(other, "rev-parse", "HEAD")}


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can give a folder away")
def test_a_checkout_that_another_user_fetched_is_cloned_too(checkout, tmp_path):
    for path in (checkout, *checkout.rglob("*")):
        os.chown(path, 65534, 65534)
    run = Run(checkout, tmp_path)
    assert run.end() == (0, "")
    assert [step[0] for step in run.steps] == STEPS.split()


def test_a_step_that_fails_ends_the_run_with_a_failure_and_nothing_stays(checkout, tmp_path):
    run = Run(checkout, tmp_path, KIP_CI_FAILS="test")
    code, errors = run.end()
    assert code == 2  # make's own
    assert "Error 7" in errors
    assert [step[0] for step in run.steps] == ["check", "test"]
    assert list(run.scratch.iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_signal_reaches_the_step_that_runs_and_nothing_stays(checkout, tmp_path, number):
    run = Run(checkout, tmp_path, KIP_CI_WAITS="test")
    waits = Path(f"{run.log}.waits")
    deadline = time.monotonic() + 60
    while not waits.exists():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    run.process.send_signal(number)
    code, _ = run.end()
    assert code == 128 + number
    assert [step[0] for step in run.steps] == ["check", "test"]
    assert list(run.scratch.iterdir()) == []
