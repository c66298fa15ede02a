"""What a person is told of an error that they can cure."""

import subprocess
import sys

import pytest

from cli import failures
from cli.failures import explain
from shared.runtime.config import SettingsError, load_settings
from tests.forks import run_kip
from tests.system import ROOT

LOADED = "the settings of the run here: set -a; . {}; set +a"


@pytest.fixture
def nothing_set(monkeypatch, tmp_path):
    """In a folder of its own, with no setting given and a checkout without a run; the checkout."""
    for name in ("KIP_AMQP_URL", "KIP_DATABASE_URL", "KIP_AMQP_URL_FILE", "KIP_DATABASE_URL_FILE", "KIP_INTAKE_PORT"):
        monkeypatch.delenv(name, raising=False)
    checkout = tmp_path / "check out"
    (checkout / ".run").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(failures, "CHECKOUT", checkout)
    return checkout


def told():
    with pytest.raises(SettingsError) as error:
        load_settings()
    return explain(error.value).splitlines()


def test_a_missing_setting_says_how_to_load_those_of_the_run(nothing_set, tmp_path):
    missing = ["KIP_AMQP_URL: is not set", "KIP_DATABASE_URL: is not set"]
    assert told() == missing
    (nothing_set / ".run/environment").touch()
    assert told() == [*missing, LOADED.format(f"'{nothing_set}/.run/environment'")]
    (tmp_path / ".run").mkdir()
    (tmp_path / ".run/environment").touch()
    assert told() == [*missing, LOADED.format(".run/environment")]


def test_a_setting_that_is_bad_is_not_cured_by_another_file(nothing_set, monkeypatch):
    (nothing_set / ".run/environment").touch()
    monkeypatch.setenv("KIP_AMQP_URL", "amqp://a")
    monkeypatch.setenv("KIP_DATABASE_URL", "postgresql://a")
    monkeypatch.setenv("KIP_INTAKE_PORT", "abc")
    assert "set -a" not in "".join(told())


def test_the_command_tells_it(nothing_set, tmp_path):
    (tmp_path / ".run").mkdir()
    (tmp_path / ".run/environment").touch()
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "source", "list"],
        cwd=tmp_path, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert done.returncode == 1
    assert LOADED.format(".run/environment") in done.stderr


@pytest.mark.parametrize("clock", ["9999-01-01T00:00:00+07:00", "0001-01-01T00:00:00+00:00"])
def test_a_clock_of_a_wild_year_is_refused_wherever_it_is_set(nothing_set, monkeypatch, clock):
    monkeypatch.setenv("KIP_AMQP_URL", "amqp://a")
    monkeypatch.setenv("KIP_DATABASE_URL", "postgresql://a")
    monkeypatch.setenv("KIP_CLOCK", clock)
    assert "expected a time of the years 2000 to 2100" in "".join(told())
    done = run_kip("tick", "--now", clock, environment={})
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"kip: --now: expected a time of the years 2000 to 2100, got '{clock}'\n"
