import subprocess
import sys

import pytest

from deploy.local.processes import PROJECT
from deploy.local.settings_file import SettingsFile, given_settings

HOLD = (
    "import sys; from pathlib import Path; from deploy.local.settings_file import SettingsFile\n"
    "settings = SettingsFile(Path(sys.argv[1]), {'KIP_RUN_DIR': sys.argv[1]}, Path(sys.argv[2]))\n"
    "print(settings.take_place(), flush=True); sys.stdin.read()\n"
)


@pytest.fixture
def place(tmp_path):
    return tmp_path / ".run" / "environment"


def own(tmp_path, name, place, **settings):
    folder = tmp_path / name
    folder.mkdir(exist_ok=True)
    return SettingsFile(folder, {"KIP_RUN_DIR": str(folder), **settings}, place)


def run_dir_in(place):
    """What a shell gets that reads the one place."""
    script = 'set -eu; set -a; . "$1"; set +a; printf %s "$KIP_RUN_DIR"'
    done = subprocess.run(["sh", "-c", script, "sh", str(place)], capture_output=True, text=True, check=True)
    return done.stdout


def test_a_shell_reads_what_was_written_whatever_is_in_it(tmp_path, place):
    odd = "postgresql://u:p@h/d?a=1&b=$(touch pwned)`id`;x 'y' \"z\""
    settings = own(tmp_path, "a folder's name", place, KIP_DATABASE_URL=odd)
    assert settings.take_place()
    assert settings.path == place
    script = 'set -eu; set -a; . "$1"; set +a; python3 -c "import os; print(os.environ[\'KIP_DATABASE_URL\'])"'
    done = subprocess.run(["sh", "-c", script, "sh", str(place)], capture_output=True, text=True, check=True)
    assert done.stdout == f"{odd}\n"
    assert run_dir_in(place) == str(tmp_path / "a folder's name")
    assert place.stat().st_mode & 0o777 == 0o600
    settings.release()


def test_whoever_started_the_run_its_settings_are_in_the_one_place_until_it_ends(tmp_path, place):
    for name in ("year", "up", "demo"):
        settings = own(tmp_path, name, place)
        assert settings.take_place()
        assert run_dir_in(place) == str(tmp_path / name)
        settings.release()
        assert not place.is_symlink()


def test_a_second_run_leaves_the_place_to_the_first_says_so_and_takes_it_when_that_has_ended(tmp_path, place):
    first, second = own(tmp_path, "first", place), own(tmp_path, "second", place)
    assert first.take_place()
    assert not second.take_place()
    assert second.path == tmp_path / "second" / "settings"
    assert run_dir_in(second.path) == str(tmp_path / "second")
    first.release()
    assert second.take_place()
    assert second.path == place
    assert run_dir_in(place) == str(tmp_path / "second")
    second.release()


def test_what_a_killed_run_left_in_the_place_is_replaced(tmp_path, place):
    (tmp_path / "killed").mkdir()
    argv = [sys.executable, "-c", HOLD, str(tmp_path / "killed"), str(place)]
    with subprocess.Popen(argv, cwd=PROJECT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as run:
        assert run.stdout is not None
        assert run.stdout.readline() == "True\n"
        later = own(tmp_path, "later", place)
        assert not later.take_place(), "the run lives"
        run.kill()
        run.wait(30)
    assert later.take_place()
    assert run_dir_in(place) == str(tmp_path / "later")
    later.release()


def test_a_file_of_an_earlier_version_in_the_place_is_replaced(tmp_path, place):
    place.parent.mkdir()
    place.write_text("KIP_RUN_DIR=/old\n")
    settings = own(tmp_path, "up", place)
    assert settings.take_place()
    assert run_dir_in(place) == str(tmp_path / "up")
    settings.release()


def test_the_settings_that_the_run_was_given_are_its_settings_too_and_nothing_else(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = {"KIP_PARTITIONS": "8", "KIP_ESMS_KEY_FILE": "esms", "KIP_KEY": "kip_secret", "HOME": "/x", "KIP_CLOCK": ""}
    assert given_settings(given) == {"KIP_PARTITIONS": "8", "KIP_ESMS_KEY_FILE": str(tmp_path / "esms")}
