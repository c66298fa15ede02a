"""202 is never a lie: broker, database or both go away under load, and every event ends up counted exactly once."""

import contextlib
import json
import signal
import socket
import time
from collections.abc import Iterator

import aio_pika
import pytest

from deploy.local.http import LOCAL
from deploy.local.own_loop import in_own_loop
from deploy.local.postgres import Postgres
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.stack import LocalStack
from shared.broker import topology
from tests.intake.load import Load
from tests.system import BATCH, System, counselling


@pytest.fixture
def own_system(
    stack: LocalStack, rabbitmq: RabbitMQ, postgres: Postgres, amqp_url: str, district_database: str
) -> Iterator[System]:
    system = System(stack, amqp_url, district_database)
    system.use_broker()
    yield system
    rabbitmq.start()
    rabbitmq.set_memory_alarm(False)
    postgres.start()
    system.services.stop()


def spooled(system: System) -> float:
    return system.metric("intake", "kip_spool_events")


def test_while_the_broker_is_killed_events_go_to_the_spool_and_are_published_after(
    own_system: System, rabbitmq: RabbitMQ
) -> None:
    with Load(own_system) as load:
        load.during(1, 202)
        rabbitmq.kill()
        load.during(4, 202, at_least=20)
        assert own_system.events_go_to() == "spool"
        own_system.wait_until(lambda: spooled(own_system) > 0, "the metric shows what waits")
        rabbitmq.start()
        own_system.wait_until(lambda: own_system.events_go_to() == "broker", "the broker is used again")
        load.during(1, 202)
    load.settle()
    own_system.wait_until(lambda: spooled(own_system) == 0, "the spool is empty")
    assert load.answers[503] == 0


def test_while_an_alarm_blocks_the_broker_events_go_to_the_spool(own_system: System, rabbitmq: RabbitMQ) -> None:
    with Load(own_system) as load:
        load.during(1, 202)
        rabbitmq.set_memory_alarm(True)
        own_system.wait_until(lambda: own_system.events_go_to() == "spool", "the alarm is noticed")
        load.during(2, 202, at_least=20)
        rabbitmq.set_memory_alarm(False)
        own_system.wait_until(lambda: own_system.events_go_to() == "broker", "the broker is used again")
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
        assert own_system.events_go_to() == "broker"
        postgres.start()
        load.during(1, 202)
    load.settle()
    assert load.answers[503] == 0


@pytest.mark.parametrize("blocked", [False, True], ids=["broker killed", "broker blocked by an alarm"])
def test_while_both_are_away_the_answer_is_503_within_two_seconds(
    own_system: System, rabbitmq: RabbitMQ, postgres: Postgres, blocked: bool
) -> None:
    with Load(own_system) as load:
        load.during(1, 202)
        postgres.kill()
        if blocked:
            rabbitmq.set_memory_alarm(True)
        else:
            rabbitmq.kill()
        load.during(3, 503)
        answer = own_system.post([counselling(record="both-away")])
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert LOCAL.get(f"{own_system.services.url('intake')}/readyz").status_code == 503
        postgres.start()
        load.during(1, 202)
        rabbitmq.start()
        rabbitmq.set_memory_alarm(False)
        load.during(1, 202)
    load.settle()


def test_a_spool_that_may_not_write_is_told_by_503_and_takes_again_by_itself(
    own_system: System, rabbitmq: RabbitMQ, postgres: Postgres
) -> None:
    database = own_system.environment["KIP_DATABASE_URL"].rpartition("/")[2]
    sessions = f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{database}'"  # noqa: S608
    with Load(own_system) as load:
        load.during(1, 202)
        postgres.execute(f'ALTER DATABASE "{database}" SET default_transaction_read_only = on')
        postgres.execute(sessions)
        rabbitmq.kill()
        load.during(3, 503)
        own_system.wait_until(
            lambda: LOCAL.get(f"{own_system.services.url('intake')}/readyz").status_code == 503, "it is not ready"
        )
        postgres.execute(f'ALTER DATABASE "{database}" RESET default_transaction_read_only')
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
        own_system.wait_until(lambda: spooled(own_system) > 0 or own_system.events_go_to() == "broker", "it drains")
        own_system.services.kill("intake")
        own_system.services.start("intake")
        load.during(1, 202)
    load.settle()


def test_past_the_grace_time_without_the_database_keys_are_not_trusted(
    stack: LocalStack, postgres: Postgres, amqp_url: str, district_database: str
) -> None:
    system = System(stack, amqp_url, district_database, ["intake"], {"KIP_KEY_GRACE": "8"})
    try:
        system.use_broker()
        postgres.kill()
        assert system.post([counselling(record="within-the-grace")]).status_code == 202
        system.wait_until(lambda: system.post([]).status_code == 503, "the grace is over")
        postgres.start()
        system.wait_until(lambda: system.post([]).status_code == 202, "the database has been asked again")
    finally:
        postgres.start()
        system.services.stop()


PLACES = ("06412", "00100", "08230", "27700", "30340", "13300", "16000", "25750", "10600", "19000")


def test_a_request_of_which_a_part_was_published_is_answered_503_and_its_repetition_counts_once(
    stack: LocalStack, amqp_url: str, loaded_database: str
) -> None:
    door = System(stack, amqp_url, loaded_database, ["intake"])
    batch = [counselling(place, f"part-{number}") for number, place in enumerate(PLACES)]
    batch = [one for one in batch if door.post([one], dry_run="true").json()["accepted"]]
    try:
        door.use_broker()
        assert delete_queue(amqp_url, "kip.aggregation.0") == 0  # it held nothing: only the routing is lost
        delete_queue(amqp_url, topology.JOURNAL)  # which takes what has no queue
        answer = door.post(batch)
        assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
        assert "no queue takes activity.recorded.0" in answer.json()["message"]
        part = waiting_messages(amqp_url, 1, 2, 3)
        assert part > 0, "a part was published"
        assert door.post(batch).status_code == 202  # to the spool, until the queue is there again
        in_own_loop(lambda: topology.declare(amqp_url, 4))  # as `kip migrate` does: no service may
        door.wait_until(lambda: door.events_go_to() == "broker" and spooled(door) == 0, "the spool is published")
        assert waiting_messages(amqp_url, 0) > 0
        counting = System(stack, amqp_url, loaded_database, ["aggregation"], sources=False)
        try:
            rollup = {"key": door.reader_key, "activity": "parent-counselling", "within": "VN", "period": "2023-03"}
            counting.wait_until(lambda: counting.rollups(**rollup)[0]["records"] >= len(batch), "all is counted")
            counting.wait_until(
                lambda: counting.metric("aggregation", "kip_events_applied_total", outcome="duplicate") > 0,
                "the published part came twice",
            )
            assert counting.rollups(**rollup)[0]["records"] == len(batch)
        finally:
            counting.services.stop()
    finally:
        door.services.stop()


def delete_queue(amqp_url: str, name: str) -> int:
    """Delete a queue; how many messages it held."""

    async def delete() -> int:
        async with await aio_pika.connect(amqp_url) as connection:
            channel = await connection.channel()
            return int((await channel.queue_delete(name)).message_count or 0)

    return in_own_loop(delete)


def waiting_messages(amqp_url: str, *partitions: int) -> int:
    """How many messages these partitions' queues hold."""

    async def count() -> int:
        async with await aio_pika.connect(amqp_url) as connection:
            channel = await connection.channel()
            queues = [await channel.get_queue(f"kip.aggregation.{number}", ensure=True) for number in partitions]
            return sum(int(queue.declaration_result.message_count or 0) for queue in queues)

    return in_own_loop(count)


SHEET = "unit,agency,record,activity,held_on,domain\n06412,ubnd-xa,begun,parent-counselling,2023-03-09,nutrition\n"


def test_sigterm_finishes_the_requests_that_had_begun(stack: LocalStack, amqp_url: str, district_database: str) -> None:
    system = System(stack, amqp_url, district_database)
    bodies = {
        ("/v1/events", BATCH): json.dumps([counselling(record="batch")]),
        ("/v1/events", "application/x-ndjson"): json.dumps(counselling(record="line")) + "\n",
        ("/v1/import", "text/csv"): SHEET,
    }
    try:
        with contextlib.ExitStack() as open_clients:
            clients = []
            for (path, kind), body in bodies.items():
                client = socket.create_connection(("127.0.0.1", system.services.ports["intake"]), timeout=20)
                clients.append(open_clients.enter_context(client))
                client.sendall(
                    f"POST {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {system.key}\r\n"
                    f"Content-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n{body[:50]}".encode()
                )
            time.sleep(0.3)
            system.services.process("intake").signal(signal.SIGTERM)
            time.sleep(0.5)
            for client, body in zip(clients, bodies.values(), strict=True):
                client.sendall(body[50:].encode())
            for client in clients:
                assert client.recv(4096).startswith(b"HTTP/1.1 202 ")
        system.wait_until(
            lambda: system.rollups(activity="parent-counselling", within="VN", period="2023-03")[0]["records"] == 3,
            "they are counted",
        )
    finally:
        system.services.stop()
