"""How posts become broker messages: small ones that come together share one, a large one is split by partition."""

import contextlib
import json
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import aio_pika
import pytest

from deploy.local.own_loop import in_own_loop
from deploy.local.stack import LocalStack
from tests.intake.one_piece import OnePiece
from tests.system import System, counselling

PARTITIONS = 4
PLACES = ("06412", "00100", "08230", "27700", "30340", "13300", "16000", "25750", "10600", "19000")


@pytest.fixture
def door(stack: LocalStack, amqp_url: str, loaded_database: str) -> Iterator[System]:
    """Intake alone, so that its messages stay in their queues."""
    system = System(stack, amqp_url, loaded_database, ["intake"], {"KIP_PARTITIONS": str(PARTITIONS)})
    system.use_broker()
    yield system
    system.services.stop()


def messages(amqp_url: str) -> list[list[dict[str, Any]]]:
    """The events in each message of the partitions' queues; the messages are taken out."""

    async def take() -> list[list[dict[str, Any]]]:
        found = []
        async with await aio_pika.connect(amqp_url) as connection:
            channel = await connection.channel()
            for partition in range(PARTITIONS):
                queue = await channel.get_queue(f"kip.aggregation.{partition}")
                with contextlib.suppress(TimeoutError):  # nothing more in it
                    async for message in queue.iterator(timeout=1):
                        await message.ack()
                        found.append(json.loads(message.body))
        return found

    return in_own_loop(take)


def ids_in(made: list[list[dict[str, Any]]]) -> list[str]:
    return sorted(event["id"] for message in made for event in message)


def test_posts_that_come_together_share_messages(door: System, amqp_url: str) -> None:
    events = [counselling("06412", f"small-{number}") for number in range(400)]
    with ThreadPoolExecutor(32) as clients:
        statuses = list(clients.map(lambda event: door.post([event]).status_code, events))
    assert statuses == [202] * 400
    made = messages(amqp_url)
    assert ids_in(made) == sorted(event["id"] for event in events)
    assert len(made) < 400


def test_posts_that_arrive_at_one_instant_share_messages(door: System, amqp_url: str) -> None:
    headers = {"Authorization": f"Bearer {door.key}", "Content-Type": "application/cloudevents+json"}
    bodies = [json.dumps(counselling("06412", f"together-{number}")).encode() for number in range(20)]
    clients = [OnePiece(door.services.ports["intake"]) for _ in bodies]
    for client in clients:
        assert client.post(json.dumps(counselling("06412")).encode(), headers).status == 202
    messages(amqp_url)
    intake = door.services.process("intake").pid
    os.kill(intake, signal.SIGSTOP)  # so that all are there when it looks
    try:
        for client, body in zip(clients, bodies, strict=True):
            client.send(body, headers)
    finally:
        os.kill(intake, signal.SIGCONT)
    assert [client.answer().status for client in clients] == [202] * len(bodies)
    made = messages(amqp_url)
    assert ids_in(made) == sorted(json.loads(body)["id"] for body in bodies)
    assert len(made) < len(bodies) / 2
    for client in clients:
        client.close()


def test_a_large_post_is_split_by_partition_and_size(door: System, amqp_url: str) -> None:
    known = [place for place in PLACES if door.post([counselling(place)], dry_run="true").json()["accepted"]]
    events = [counselling(known[number % len(known)], f"large-{number}") for number in range(4000)]
    assert door.post(events).status_code == 202
    made = messages(amqp_url)
    assert ids_in(made) == sorted(event["id"] for event in events)
    assert 1 < len(made) < 40  # 2 MB in messages of a quarter each, more where a partition's rest is small
