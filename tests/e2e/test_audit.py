"""What reached the broker and got lost before it was applied is found by the journal, and counts exactly once."""

from collections.abc import Iterator

import aio_pika
import pytest

from deploy.local.own_loop import in_own_loop
from deploy.local.stack import LocalStack
from shared.broker import topology
from tests.system import System, counselling

COMMUNES = ("06385", "06388", "06391", "06400")
QUEUES = [topology.aggregation_queue(number).name for number in range(4)]


@pytest.fixture
def system(stack: LocalStack, amqp_url: str, loaded_database: str) -> Iterator[System]:
    """Intake and aggregation that soon judges."""
    running = System(stack, amqp_url, loaded_database, settings={"KIP_AUDIT_PATIENCE": "3"})
    running.use_broker()
    yield running
    running.services.stop()


def post(system: System, name: str, posts: int = 10, size: int = 20) -> int:
    """Post batches of activities; how many those are."""
    for number in range(posts):
        answer = system.post([counselling(COMMUNES[each % 4], f"{name}-{number}-{each}") for each in range(size)])
        assert answer.status_code == 202, answer.text
    return posts * size


def counted(system: System) -> int:
    rows = system.rollups(activity="parent-counselling", within="VN", period="2023-03")
    return rows[0]["records"] if rows else 0


def unaccounted(system: System, outcome: str) -> float:
    return system.metric("aggregation", "kip_unaccounted_messages_total", outcome=outcome)


def on_queues(system: System, act: str) -> None:
    """Purge or delete every queue of aggregation."""

    async def do() -> None:
        async with await aio_pika.connect(system.amqp_url) as connection:
            channel = await connection.channel()
            for name in QUEUES:
                queue = await channel.get_queue(name)
                await (queue.purge() if act == "purge" else queue.delete(if_unused=False, if_empty=False))

    in_own_loop(do)


def test_what_was_purged_from_a_queue_counts_all_the_same(system: System) -> None:
    before = post(system, "before")
    system.wait_until(lambda: counted(system) == before, "what came first is counted")
    system.services.stop("aggregation")
    lost = post(system, "lost")
    on_queues(system, "purge")
    system.services.start("aggregation")
    after = post(system, "after")
    system.wait_until(lambda: counted(system) == before + lost + after, "all is counted", seconds=120)
    assert unaccounted(system, "republished") == 10
    again = post(system, "later")
    system.wait_until(lambda: counted(system) == before + lost + after + again, "all is counted")
    assert unaccounted(system, "republished") == 10
    assert system.metric("aggregation", "kip_events_applied_total", outcome="conflict") == 0
