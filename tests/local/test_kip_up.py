"""`kip up` as a person runs it: who dies is started again, on the same port, and Ctrl-C ends everything."""

import contextlib
import os
import re
import shlex
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest

from deploy.local.http import LOCAL
from tests.local.leftovers import wait_until_none

SIMULATED = "2023-03-20T08:00:00+07:00"


class Up:
    """One `kip up` from a folder that isn't the project's."""

    def __init__(self, folder: Path) -> None:
        self.run_dir = folder / "run folder"
        self._printed = folder / "printed"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KIP_")}
        environment |= {"KIP_CLOCK": SIMULATED, "PYTHONUNBUFFERED": "1"}
        with self._printed.open("w") as printed:
            self.process = subprocess.Popen(
                [Path(sys.executable).with_name("kip"), "up", "--run-dir", self.run_dir.name],
                cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=printed, stderr=printed,
            )  # fmt: skip

    @property
    def text(self) -> str:
        """All that it printed so far."""
        return self._printed.read_text()

    def wait_for(self, pattern: str, times: int = 1) -> str:
        """Wait until it printed that so often; the last such piece."""
        deadline = time.monotonic() + 300
        while len(found := re.findall(pattern, self.text)) < times:
            assert self.process.poll() is None, self.text
            assert time.monotonic() < deadline, f"not printed {times} times: {pattern}\n{self.text}"
            time.sleep(0.05)
        return str(found[-1])

    def settings(self) -> dict[str, str]:
        """What a shell gets that does what the last line of the banner says."""
        line = self.wait_for(r"For kip in another terminal: (.*)")
        script = f"set -eu; {line}; env -0"
        environment = {"PATH": os.environ["PATH"]}
        done = subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True, check=True)
        pairs = (pair.partition("=") for pair in done.stdout.split("\0"))
        return {name: value for name, _, value in pairs if name.startswith("KIP_")}

    def one(self, *words: str) -> psutil.Process:
        """The process of this run whose command line has these words; reapers, which name them too, left out."""
        found = {}
        for process in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                line = " ".join(process.cmdline())
                if all(word in line for word in words) and "reaper.py" not in line:
                    found[process.pid] = process
        return found[min(found)]


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    running = Up(tmp_path_factory.mktemp("up"))
    running.wait_for("Ctrl-C stops everything")
    yield running
    if running.process.poll() is None:
        running.process.send_signal(signal.SIGTERM)
        running.process.wait(120)
    wait_until_none(running.run_dir)


@pytest.mark.long
@pytest.mark.timeout(900)
def test_the_banner_names_the_settings_and_the_simulated_clock(up):
    assert "Kịp runs · simulated date 20/03/2023" in up.text
    assert "the machine's own clock" not in up.text
    settings = up.settings()
    assert settings["KIP_RUN_DIR"] == str(up.run_dir)
    assert settings["KIP_CLOCK"] == SIMULATED
    shown = re.search(r"settings +(\S.*?) +│", up.text)
    assert shown is not None
    assert shlex.quote(shown[1]) in up.wait_for(r"For kip in another terminal: (.*)")


@pytest.mark.timeout(900)
def test_a_service_that_is_killed_is_started_again_on_its_port_and_that_is_said(up):
    port = up.settings()["KIP_INTAKE_PORT"]
    process = up.one("services.intake")
    process.kill()
    up.wait_for(r"intake has ended \(exit code 137 \(SIGKILL\)\) and is started again now")
    up.wait_for(r"intake runs again \(1 restart so far\)")
    assert LOCAL.get(f"http://127.0.0.1:{port}/readyz").status_code == 200
    assert up.one("services.intake").pid != process.pid


SERVERS: list[tuple[str, tuple[str, ...]]] = [
    ("postgres", ("pginstall18/bin/postgres", "-D")),
    ("rabbitmq", ("beam.smp",)),
    ("mailbox", ("deploy.local.mailbox",)),
]


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("name", "words"), SERVERS, ids=[name for name, _ in SERVERS])
def test_a_server_of_the_run_that_is_killed_comes_back_and_the_services_use_it(up, name, words):
    settings = up.settings()
    up.one(*words).kill()
    up.wait_for(rf"{name} has ended \(exit code 137 \(SIGKILL\)\) and is started again now")
    up.wait_for(rf"{name} runs again \(1 restart so far\)")
    for service in ("INTAKE", "AGGREGATION", "NOTIFICATIONS"):
        url = f"http://127.0.0.1:{settings[f'KIP_{service}_PORT']}/readyz"
        wait_until(lambda url=url: LOCAL.get(url, timeout=10).status_code == 200, f"{url} is ready")
    assert up.settings() == settings


@pytest.mark.timeout(900)
def test_one_that_ends_again_and_again_is_told_with_its_log(up):
    before = len(re.findall("aggregation has ended", up.text))
    up.one("services.aggregation").kill()
    up.wait_for("aggregation runs again", before + 1)
    up.one("services.aggregation").kill()
    up.wait_for(r"aggregation has ended \(.*\) and is started again in 1 s: end 2 in a row\. The end of .*aggregation")
    up.wait_for("aggregation runs again", before + 2)


@pytest.mark.timeout(900)
def test_ctrl_c_ends_everything(up):
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(120) == 0
    wait_until_none(up.run_dir)


@pytest.mark.parametrize(
    ("name", "value"), [("KIP_INTAKE_PORT", "abc"), ("KIP_CLOCK", "yesterday"), ("KIP_DATABASE_URL_FILE", "nowhere")]
)
def test_a_bad_setting_is_told_before_anything_is_started(tmp_path, name, value):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("KIP_")} | {name: value}
    done = subprocess.run(
        [Path(sys.executable).with_name("kip"), "up", "--run-dir", "run"],
        cwd=tmp_path, env=environment, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 1
    assert name in done.stdout
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "run").exists()


def wait_until(happened: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + 120
    while not happened():
        assert time.monotonic() < deadline, f"still not: {what}"
        time.sleep(0.1)
