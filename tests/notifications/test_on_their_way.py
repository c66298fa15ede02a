"""What keeps back an accusation: events in the queue or in the spool for a while, a broker as long as it is away."""

import asyncio

import aio_pika
import asyncpg
import pytest

from deploy.local.http import LOCAL
from services.notifications.alerts import backlog
from services.notifications.alerts.backlog import Queues
from shared.broker import topology
from tests.system import System

INTAKE_SILENT = "intake does not say whether its spool is empty"
TO_NO_QUEUE = "INSERT INTO intake.spool (routing_key, events, body) VALUES ('report.submitted.99', 3, '[]')"


@pytest.fixture
def intake(stack, amqp_url, loaded_database):
    running = System(stack, amqp_url, loaded_database, ["intake"], sources=False)
    running.use_broker()
    yield running
    running.services.stop()


@pytest.fixture
async def queues(intake, amqp_url, rabbitmq):
    notifications = intake.services.environment_of("notifications")
    asked = Queues(notifications["KIP_AMQP_URL"], intake.services.url("intake"), in_hand=lambda: 0)
    yield asked
    await asyncio.to_thread(rabbitmq.start)
    await asked.close()


async def test_a_broker_that_is_away_holds_without_end_and_is_asked_again_when_it_is_back(
    queues, rabbitmq, monkeypatch
):
    assert await queues.hold() is None
    monkeypatch.setattr(backlog, "LONGEST_HOLD_SECONDS", 0.0)
    await asyncio.to_thread(rabbitmq.kill)
    for _ in range(3):
        assert await queues.hold() == "the broker does not answer"
    await asyncio.to_thread(rabbitmq.start)
    assert await queues.hold() is None
    assert await queues.alerts_empty()


async def test_a_queue_that_never_runs_dry_holds_for_a_time(queues, amqp_url, monkeypatch):
    async with await aio_pika.connect(amqp_url) as connection:
        channel = await connection.channel()
        exchange = await channel.get_exchange(topology.EVENTS.name)
        await exchange.publish(aio_pika.Message(b"[]"), routing_key="report.submitted.0")
    assert await queues.hold() == "1 messages of events are not taken yet"
    monkeypatch.setattr(backlog, "LONGEST_HOLD_SECONDS", 0.0)
    assert await queues.hold() is None


async def test_what_intake_keeps_in_its_spool_holds_for_a_time(queues, intake, monkeypatch):
    connection = await asyncpg.connect(intake.database_url)
    await connection.execute(TO_NO_QUEUE)  # no queue wants it, so it stays
    await connection.close()
    assert LOCAL.get(f"{intake.services.url('intake')}/spool").json() == {"events": 3}
    assert await queues.hold() == "intake's spool holds events that the broker has not taken"
    monkeypatch.setattr(backlog, "LONGEST_HOLD_SECONDS", 0.0)
    assert await queues.hold() is None


async def test_an_intake_that_can_t_be_asked_holds_for_a_time_and_is_asked_again(queues, intake, monkeypatch):
    await asyncio.to_thread(intake.services.stop)
    assert await queues.hold() == INTAKE_SILENT
    assert await queues.hold() == INTAKE_SILENT
    await asyncio.to_thread(intake.services.start)
    assert await queues.hold() is None
    await asyncio.to_thread(intake.services.stop)
    monkeypatch.setattr(backlog, "LONGEST_HOLD_SECONDS", 0.0)
    assert await queues.hold() is None


async def test_an_intake_that_can_t_ask_its_database_says_so_and_holds(queues, intake, postgres):
    postgres.kill()
    try:
        answer = LOCAL.get(f"{intake.services.url('intake')}/spool", timeout=10)
        assert (answer.status_code, answer.json()["error"]) == (503, "unavailable")
        assert await queues.hold() == INTAKE_SILENT
    finally:
        postgres.start()
