"""`kip up` as a person runs it: who dies is started again, on the same port, and Ctrl-C ends everything."""

import os
import re
import shlex
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.local.http import LOCAL
from tests.local.kip_up import Up
from tests.local.leftovers import wait_until_none
from tests.system import wait_until

SIMULATED = "2023-03-20T08:00:00+07:00"


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    running = Up(tmp_path_factory.mktemp("up"), SIMULATED)
    running.wait_for("Ctrl-C stops everything")
    yield running
    running.stop()


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
    for service in ("INTAKE", "AGGREGATION", "NOTIFICATIONS", "BOARD"):
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
