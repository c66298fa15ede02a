"""Messages that get lost behind the confirm, under load and with the usual patience: when all is counted."""

import os
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event

import pytest

from deploy.local.own_loop import in_own_loop
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.stack import LocalStack
from shared.broker import topology
from tests.conftest import NewDatabase
from tests.lost import acknowledge, delete, purge
from tests.system import System, counselling

PLACES = ("06412", "00100", "08230", "27700", "30340", "13300", "16000", "25750", "10600", "19000")
POSTS = 120
PAUSE_SECONDS = 0.1
GIVEN_UP_SECONDS = 900.0  # three times the five minutes that are promised
pytestmark = pytest.mark.prove


@pytest.fixture
def system(
    stack: LocalStack, rabbitmq: RabbitMQ, session_database: NewDatabase, loaded_template: str
) -> Iterator[System]:
    running = System(stack, rabbitmq.add_vhost("lost"), session_database(loaded_template))
    running.use_broker()
    yield running
    running.services.stop()


@contextmanager
def correcting(system: System, place: str) -> Iterator[None]:
    """Post without an end, all of one record: the auditor never finds the journal at rest."""
    ended = Event()

    def post() -> None:
        revision = 0
        while not ended.wait(PAUSE_SECONDS):
            assert system.post([counselling(place, "corrected", revision=revision)]).status_code == 202
            revision += 1

    with ThreadPoolExecutor(1) as sender:
        posting = sender.submit(post)
        try:
            yield
        finally:
            ended.set()
    posting.result()


@pytest.mark.timeout(1200)
def test_what_got_lost_behind_the_confirm_is_counted_within_minutes(
    system: System, record_property: Callable[[str, object], None]
) -> None:
    """While aggregation is down under load one queue is purged, one deleted, one emptied by who acknowledges alone;
    which, and when, is the seed's. A fourth one just waits. One record is corrected all the time.
    """
    chance = random.Random(f"{os.environ.get('KIP_PROVE_SEED', '')} lost")
    places = [place for place in PLACES if system.post([counselling(place, "x")], dry_run="true").json()["accepted"]]
    purged, deleted, emptied, _ = chance.sample([topology.aggregation_queue(number).name for number in range(4)], 4)

    def post(number: int) -> int:
        time.sleep(chance.uniform(0, 0.2))
        batch = [counselling(place, f"{number}-{place}", parents=chance.randint(1, 40)) for place in places]
        assert system.post(batch).status_code == 202
        return len(batch)

    def counted() -> int:
        rows = system.rollups(activity="parent-counselling", within="VN", period="2023-03")
        return rows[0]["records"] if rows else 0

    with correcting(system, places[0]):
        with ThreadPoolExecutor(4) as senders:
            answers = [senders.submit(post, number) for number in range(POSTS)]
            time.sleep(chance.uniform(0.5, 2))
            system.services.stop("aggregation")
            time.sleep(chance.uniform(1, 3))
            acknowledge(system.amqp_url, emptied, 1)
            purge(system.amqp_url, purged)
            delete(system.amqp_url, deleted)
            time.sleep(1)
            in_own_loop(lambda: topology.declare(system.amqp_url, 4))
            system.services.start("aggregation")
            ended = time.monotonic()
            posted = sum(answer.result() for answer in answers)
        system.wait_until(lambda: counted() >= posted + 1, "all is counted", seconds=GIVEN_UP_SECONDS)
        record_property("seconds_until_counted", round(time.monotonic() - ended, 1))
    assert counted() == posted + 1
    republished = system.metric("aggregation", "kip_unaccounted_messages_total", outcome="republished")
    record_property("counted messages republished", int(republished))
    assert republished > 0
