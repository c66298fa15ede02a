"""Worker, broker and database are killed again and again in the middle of a load: each ends exactly once."""

import random
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from deploy.local.postgres import Postgres
from deploy.local.rabbitmq import RabbitMQ
from deploy.local.stack import LocalStack
from tests.system import System, counselling, kip

COMMUNES = ("06385", "06388", "06391", "06400", "06412", "06415", "06427", "06436")
ROUNDS, BATCHES, SIZE = 3, 24, 50


@pytest.mark.parametrize("victim", ["aggregation", "rabbitmq", "postgres"])
def test_whatever_is_killed_every_accepted_event_counts_exactly_once(
    victim: str,
    stack: LocalStack,
    rabbitmq: RabbitMQ,
    postgres: Postgres,
    amqp_url: str,
    district_database: str,
) -> None:
    system = System(stack, amqp_url, district_database, settings={"KIP_BATCH_EVENTS": "100"})
    kill: dict[str, Callable[[], Any]] = {
        "aggregation": lambda: system.services.kill("aggregation"),
        "rabbitmq": rabbitmq.kill,
        "postgres": postgres.kill,
    }
    start: dict[str, Callable[[], Any]] = {
        "aggregation": lambda: system.services.start("aggregation"),
        "rabbitmq": rabbitmq.start,
        "postgres": postgres.start,
    }
    chance = random.Random(11)
    people = 0
    try:
        for number in range(ROUNDS):
            bodies = [_body(chance, f"{number}-{batch}") for batch in range(BATCHES)]
            people += sum(item["data"]["participants"]["parent"] for body in bodies for item in body)
            with ThreadPoolExecutor(4) as clients:
                answers = [clients.submit(_post_until_taken, system, body) for body in bodies]
                answers[number * 3].result()
                kill[victim]()
                start[victim]()
                for answer in answers:
                    answer.result()
        expected = (ROUNDS * BATCHES * SIZE, people)
        system.services.wait_ready()

        def figure() -> tuple[int, int]:
            row = system.rollups(activity="parent-counselling", within="VN", period="2023-03")[0]
            return row["records"], row["participants"]

        system.wait_until(lambda: figure()[0] >= expected[0], "every accepted event is counted", seconds=90)
        assert figure() == expected
        assert "0 cells differ" in kip("verify", environment=system.environment)
        assert system.metric("aggregation", "kip_dead_events") == 0
    finally:
        system.services.stop()


def _body(chance: random.Random, name: str) -> list[dict[str, Any]]:
    names = [f"r{name}-{number}" for number in range(SIZE)]
    return [counselling(chance.choice(COMMUNES), record, parents=chance.randint(1, 40)) for record in names]


def _post_until_taken(system: System, body: list[dict[str, Any]]) -> None:
    """As a sender does: 503 and a lost connection mean the same post again, with the same ids."""

    def taken() -> bool:
        answer = system.post(body)
        assert answer.status_code in {202, 503}, answer.text
        return answer.status_code == 202

    system.wait_until(taken, "the post is taken", seconds=90)
