import pytest

from deploy.local.http import LOCAL
from deploy.local.processes import StartError
from deploy.local.services import Service, bring_up
from deploy.local.stack import LocalStack
from tests.local.leftovers import wait_until_none

STUB = (Service("intake", "tests.local.stub_service", "KIP_STUB_PORT", 8080),)


@pytest.fixture
def stack(tmp_path):
    given = {"amqp_url": "amqp://a/", "database_url": "postgresql://b/c", "smtp_url": "smtp://d"}
    with LocalStack(tmp_path, usual_ports=False, **given) as running:
        yield running
    wait_until_none(tmp_path)


def stub(stack: LocalStack, behaviour: str = "ready"):
    return bring_up(stack, settings={"KIP_STUB_BEHAVIOUR": behaviour}, services=STUB, preparation=())


def test_a_service_that_was_killed_comes_back_on_its_port(stack):
    services = stub(stack)
    port, first = services.ports["intake"], services.process("intake")
    services.kill("intake")
    with pytest.raises(StartError, match="intake ended with exit code 137"):
        services.check_alive()
    services.start("intake")
    assert services.process("intake").pid != first.pid
    assert LOCAL.get(f"http://127.0.0.1:{port}/readyz").status_code == 200


def test_starting_what_runs_changes_nothing(stack):
    services = stub(stack)
    before = services.process("intake").pid
    services.start()
    assert services.process("intake").pid == before


def test_stop_ends_the_services(stack):
    services = stub(stack)
    services.stop()
    assert not services.process("intake").running


def test_a_service_that_dies_shows_the_end_of_its_log(stack):
    with pytest.raises(StartError, match=r"(?s)intake ended with exit code 1.*logs/intake\.log.*KIP_PARTITIONS"):
        stub(stack, "dies")


def test_a_service_that_does_not_become_ready_says_what_it_waits_for(stack):
    settings = {"KIP_STUB_BEHAVIOUR": "waits"}
    with pytest.raises(StartError, match="503 the registry is not loaded"):
        bring_up(stack, settings=settings, services=STUB, preparation=(), ready_seconds=2.0)


def test_another_s_answer_on_the_port_is_not_taken_for_its_own(stack, monkeypatch):
    first = stub(stack)
    taken = first.ports["intake"]
    monkeypatch.setattr("deploy.local.services.free_port", lambda preferred: taken)  # both looked while it was free
    with pytest.raises(StartError, match="intake ended with exit code"):
        stub(stack)
    first.check_alive()


def test_a_port_that_the_user_set_is_preferred_and_a_bad_one_named(stack, monkeypatch):
    monkeypatch.setenv("KIP_STUB_PORT", "eighty")
    with pytest.raises(StartError, match="KIP_STUB_PORT is 'eighty'"):
        stub(stack)
    monkeypatch.setenv("KIP_STUB_PORT", "23457")
    assert stub(stack).ports["intake"] == 23457


def test_a_preparation_that_fails_stops_the_start(stack):
    with pytest.raises(StartError, match="kip-no-such-command failed"):
        bring_up(stack, services=STUB, preparation=[("no-such-command",)])
