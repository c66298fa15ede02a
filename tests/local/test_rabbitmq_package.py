import stat

import pytest

from deploy.local import apt
from deploy.local.apt import no_service_starts
from deploy.local.processes import StartError
from deploy.local.rabbitmq_package import find_server_script, install


def test_the_start_script_is_the_one_behind_the_wrapper_that_switches_user():
    script = find_server_script()
    assert script is not None
    assert "/usr/sbin/" not in str(script)


def test_another_broker_can_be_named(monkeypatch, tmp_path):
    script = tmp_path / "sbin" / "rabbitmq-server"
    monkeypatch.setenv("KIP_RABBITMQ_SERVER", str(script))
    with pytest.raises(StartError, match="KIP_RABBITMQ_SERVER: expected the path of a program"):
        find_server_script()
    script.parent.mkdir()
    script.touch(mode=0o755)
    assert find_server_script() == script


def test_without_apt_the_message_says_what_to_do(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StartError, match="KIP_AMQP_URL"):
        install(lambda _: None)


def test_without_root_the_message_says_what_to_do(monkeypatch, tmp_path):
    (tmp_path / "apt-get").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(apt.os, "geteuid", lambda: 1000)
    with pytest.raises(StartError, match="needs root"):
        install(lambda _: None)


def test_service_starts_are_forbidden_only_while_the_package_is_installed(tmp_path):
    policy = tmp_path / "policy-rc.d"
    with no_service_starts([], policy, ""):
        assert policy.read_text().endswith("exit 101\n")
        assert stat.S_IMODE(policy.stat().st_mode) == 0o755
    assert not policy.exists()


def test_a_policy_of_the_machine_is_left_as_it_is(tmp_path):
    policy = tmp_path / "policy-rc.d"
    policy.write_text("theirs\n")
    with no_service_starts([], policy, ""):
        assert policy.read_text() == "theirs\n"
    assert policy.read_text() == "theirs\n"


def test_the_package_is_installed_by_apt_with_service_starts_forbidden(monkeypatch, tmp_path):
    policy, calls = tmp_path / "policy-rc.d", tmp_path / "calls"
    fake = tmp_path / "apt-get"
    fake.write_text(f'#!/bin/sh\necho "$DEBIAN_FRONTEND $(cat {policy} 2>/dev/null | tail -1) $*" >> {calls}\n')
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setattr(apt, "POLICY", policy)
    monkeypatch.setattr(apt.os, "geteuid", lambda: 0)
    install(lambda _: None)
    update, installation = calls.read_text().splitlines()
    assert update.startswith("noninteractive  -o")
    assert update.endswith("update -q")
    assert installation.startswith("noninteractive exit 101 ")
    assert installation.endswith("--no-install-recommends rabbitmq-server")
    assert not policy.exists()
