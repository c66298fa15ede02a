import pytest

from deploy.local.chromium_package import find_program, program
from deploy.local.processes import StartError


def test_another_browser_can_be_named(monkeypatch, tmp_path):
    chosen = tmp_path / "chrome"
    monkeypatch.setenv("KIP_CHROMIUM", str(chosen))
    with pytest.raises(StartError, match="KIP_CHROMIUM: expected the path of a program"):
        find_program()
    chosen.touch(mode=0o755)
    assert find_program() == chosen


def test_the_small_one_is_taken_before_the_others(monkeypatch, tmp_path):
    monkeypatch.delenv("KIP_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    assert find_program() is None
    for name in ("google-chrome", "chromium", "chromium-headless-shell"):
        (tmp_path / name).touch(mode=0o755)
        assert find_program() == tmp_path / name


def test_without_apt_the_message_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.delenv("KIP_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StartError, match="apt-get install chromium-headless-shell"):
        program(lambda _: None)
