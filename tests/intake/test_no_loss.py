"""202 is never a lie: broker, database or both go away under load, and every event ends up counted exactly once."""

import json
import signal
import socket
import time
from collections.abc import Iterator

import httpx
import pytest

from deploy.local.postgres import Postgres
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.stack import LocalStack
from tests.intake.load import Load
from tests.system import BATCH, System, counselling


@pytest.fixture
def own_system(
    stack: LocalStack, rabbitmq: RabbitMQ, postgres: Postgres, amqp_url: str, loaded_database: str
) -> Iterator[System]:
    system = System(stack, amqp_url, loaded_database)
    yield system
    rabbitmq.start()
    rabbitmq.set_memory_alarm(False)
    postgres.start()
    system.services.stop()


def place(system: System) -> str:
    answer = httpx.get(f"{system.services.url('intake')}/readyz", trust_env=False)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["events_go_to"])


def spooled(system: System) -> float:
    return system.metric("intake", "kip_spool_events")


def test_while_the_broker_is_killed_events_go_to_the_spool_and_are_published_after(
    own_system: System, rabbitmq: RabbitMQ
) -> None:
    with Load(own_system) as load:
        load.during(1, 202)
        rabbitmq.kill()
        load.during(4, 202, at_least=20)
        assert place(own_system) == "spool"
        own_system.wait_until(lambda: spooled(own_system) > 0, "the metric shows what waits")
        rabbitmq.start()
        own_system.wait_until(lambda: place(own_system) == "broker", "the broker is used again")
        load.during(1, 202)
    load.settle()
    own_system.wait_until(lambda: spooled(own_system) == 0, "the spool is empty")
    assert load.answers[503] == 0


def test_while_an_alarm_blocks_the_broker_events_go_to_the_spool(own_system: System, rabbitmq: RabbitMQ) -> None:
    with Load(own_system) as load:
        load.during(1, 202)
        rabbitmq.set_memory_alarm(True)
        own_system.wait_until(lambda: place(own_system) == "spool", "the alarm is noticed")
        load.during(2, 202, at_least=20)
        rabbitmq.set_memory_alarm(False)
        own_system.wait_until(lambda: place(own_system) == "broker", "the broker is used again")
        load.during(1, 202)
    load.settle()
    assert load.answers[503] == 0


def test_while_the_database_is_away_known_keys_and_the_registry_in_memory_go_on(
    own_system: System, postgres: Postgres
) -> None:
    with Load(own_system) as load:
        load.during(1, 202)
        postgres.kill()
        load.during(3, 202, at_least=50)
        assert place(own_system) == "broker"
        postgres.start()
        load.during(1, 202)
    load.settle()
    assert load.answers[503] == 0


def test_while_both_are_away_the_answer_is_503_within_two_seconds(
    own_system: System, rabbitmq: RabbitMQ, postgres: Postgres
) -> None:
    with Load(own_system) as load:
        load.during(1, 202)
        postgres.kill()
        rabbitmq.kill()
        load.during(3, 503)
        answer = own_system.post([counselling(record="both away")])
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert httpx.get(f"{own_system.services.url('intake')}/readyz", trust_env=False).status_code == 503
        postgres.start()
        load.during(1, 202)
        rabbitmq.start()
        load.during(1, 202)
    load.settle()


def test_a_service_killed_in_the_middle_of_its_work_has_lied_to_nobody(own_system: System, rabbitmq: RabbitMQ) -> None:
    with Load(own_system) as load:
        load.during(1, 202)
        rabbitmq.kill()
        load.during(3, 202)
        own_system.services.kill("intake")
        load.during(0.5, 0)
        own_system.services.start("intake")
        load.during(1, 202)
        rabbitmq.start()
        own_system.wait_until(lambda: spooled(own_system) > 0 or place(own_system) == "broker", "it drains")
        own_system.services.kill("intake")
        own_system.services.start("intake")
        load.during(1, 202)
    load.settle()


def test_past_the_grace_time_without_the_database_keys_are_not_trusted(
    stack: LocalStack, postgres: Postgres, amqp_url: str, loaded_database: str
) -> None:
    system = System(stack, amqp_url, loaded_database, ["intake"], {"KIP_KEY_GRACE": "2"})
    try:
        postgres.kill()
        assert system.post([counselling(record="within the grace")]).status_code == 202
        system.wait_until(lambda: system.post([]).status_code == 503, "the grace is over")
        postgres.start()
        system.wait_until(lambda: system.post([]).status_code == 202, "the database has been asked again")
    finally:
        postgres.start()
        system.services.stop()


def test_sigterm_finishes_a_request_that_had_begun(stack: LocalStack, amqp_url: str, loaded_database: str) -> None:
    system = System(stack, amqp_url, loaded_database)
    body = json.dumps([counselling(record="begun")]).encode()
    head = (
        f"POST /v1/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {system.key}\r\n"
        f"Content-Type: {BATCH}\r\nContent-Length: {len(body)}\r\n\r\n"
    ).encode()
    try:
        with socket.create_connection(("127.0.0.1", system.services.ports["intake"]), timeout=20) as client:
            client.sendall(head + body[:50])
            time.sleep(0.3)
            system.services.process("intake").signal(signal.SIGTERM)
            time.sleep(0.5)
            client.sendall(body[50:])
            assert client.recv(4096).startswith(b"HTTP/1.1 202 ")
        system.wait_until(
            lambda: system.rollups(activity="parent-counselling", within="VN", period="2023-03")[0]["records"] == 1,
            "it is counted",
        )
    finally:
        system.services.stop()
