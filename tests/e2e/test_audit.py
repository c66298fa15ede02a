"""What reached the broker and got lost before it was applied is found by the journal, and counts exactly once."""

import asyncio
import shutil
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest

from deploy.local.own_loop import in_own_loop
from deploy.local.stack import LocalStack
from services.aggregation import store
from shared.broker import topology
from tests.conftest import NewDatabase
from tests.lost import acknowledge, delete, purge
from tests.system import System, counselling, kip

PATIENCE = 3  # seconds

COMMUNES = ("06385", "06388", "06391", "06400")
QUEUES = [topology.aggregation_queue(number).name for number in range(4)]


@pytest.fixture
def system(stack: LocalStack, amqp_url: str, loaded_database: str) -> Iterator[System]:
    """Intake and aggregation that soon judges."""
    running = System(stack, amqp_url, loaded_database, settings={"KIP_AUDIT_PATIENCE": str(PATIENCE)})
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


def settle(system: System, posted: int) -> None:
    """Wait until all is counted, and the same is true of what is posted then; nothing came twice."""
    system.wait_until(lambda: counted(system) == posted, "all is counted", seconds=150)
    assert system.metric("aggregation", "kip_events_applied_total", outcome="conflict") == 0


def test_what_was_purged_from_a_queue_counts_all_the_same(system: System) -> None:
    posted = post(system, "before")
    settle(system, posted)
    system.services.stop("aggregation")
    posted += post(system, "lost")
    purge(system.amqp_url, *QUEUES)
    system.services.start("aggregation")
    posted += post(system, "after")
    settle(system, posted)
    system.wait_until(lambda: unaccounted(system, "republished") == 10, "the lost messages are told")
    settle(system, posted + post(system, "later"))
    assert unaccounted(system, "republished") == 10


def test_what_was_acknowledged_without_a_commit_counts_all_the_same(system: System) -> None:
    system.services.stop("aggregation")
    posted = post(system, "all", posts=6)
    acknowledge(system.amqp_url, QUEUES[2], 3)
    system.services.start("aggregation")
    settle(system, posted)
    system.wait_until(lambda: unaccounted(system, "republished") == 3, "the lost messages are told")


def test_a_queue_that_was_deleted_costs_nothing_once_it_is_there_again(system: System) -> None:
    posted = post(system, "before")
    settle(system, posted)
    delete(system.amqp_url, *QUEUES)
    posted += post(system, "meanwhile")  # only the journal takes them
    in_own_loop(lambda: topology.declare(system.amqp_url, 4))
    posted += post(system, "after")
    settle(system, posted)


def test_a_backlog_is_left_alone_however_long_it_takes(system: System) -> None:
    """Longer than the auditor's patience: markers wait in it as well."""
    posted = post(system, "before")
    settle(system, posted)

    async def while_nothing_can_be_applied() -> int:
        connection = await asyncpg.connect(system.database_url, timeout=30)
        try:
            async with connection.transaction():
                for partition in range(4):
                    await connection.execute(store.GUARD_PARTITION, str(partition))
                waiting = await asyncio.to_thread(post, system, "waiting")
                await asyncio.sleep(4 * PATIENCE)
                return waiting
        finally:
            await connection.close(timeout=5)

    posted += in_own_loop(while_nothing_can_be_applied)
    assert counted(system) < posted
    settle(system, posted)
    settle(system, posted + post(system, "later"))
    assert unaccounted(system, "republished") == 0
    assert system.metric("aggregation", "kip_events_applied_total", outcome="duplicate") == 0


def test_what_got_lost_before_there_were_other_partitions_goes_to_those_of_today(
    system: System, stack: LocalStack
) -> None:
    posted = post(system, "before")
    settle(system, posted)
    system.services.stop("aggregation")
    posted += post(system, "lost")
    purge(system.amqp_url, *QUEUES)
    system.services.stop()
    settings = {"KIP_AUDIT_PATIENCE": str(PATIENCE), "KIP_PARTITIONS": "6"}
    kip("load", "programmes/ecd-1437", environment={**system.environment, **settings})
    anew = System(stack, system.amqp_url, system.database_url, settings=settings, sources=False)
    anew.key, anew.reader_key = system.key, system.reader_key
    try:
        anew.use_broker()
        posted += post(anew, "after")
        settle(anew, posted)
        anew.wait_until(lambda: unaccounted(anew, "republished") == 10, "the lost messages are told")
    finally:
        anew.services.stop()


def test_a_journal_that_was_lost_is_said_and_stops_nothing(system: System) -> None:
    posted = post(system, "before")
    settle(system, posted)
    seen = lambda: system.metric("aggregation", "kip_journal_oldest_timestamp_seconds")  # noqa: E731
    system.wait_until(lambda: seen() > 0, "how far the audit is has been written down")
    delete(system.amqp_url, topology.JOURNAL)
    posted += post(system, "without")
    settle(system, posted)
    position = lambda: system.metric("aggregation", "kip_audit_position_seconds")  # noqa: E731
    system.wait_until(lambda: position() > PATIENCE, "it is noticed")
    in_own_loop(lambda: topology.declare(system.amqp_url, 4))
    gap = lambda: system.metric("aggregation", "kip_journal_gaps_total", gap="replaced")  # noqa: E731
    system.wait_until(lambda: gap() == 1, "the gap is counted")
    settle(system, posted + post(system, "after"))
    assert unaccounted(system, "republished") == 0


def test_a_broker_that_lost_its_data_begins_anew_beside_a_ledger_that_stands(
    tmp_path: Path, new_database: NewDatabase, loaded_template: str
) -> None:
    """What it had and nobody had applied is lost: that is what the broker's only disk means. All else counts once."""
    database_url = new_database(loaded_template)
    with LocalStack(tmp_path, usual_ports=False, database_url=database_url) as own:
        assert own.rabbitmq is not None
        running = System(own, own.rabbitmq.url, database_url, settings={"KIP_AUDIT_PATIENCE": str(PATIENCE)})
        running.use_broker()
        posted = post(running, "before")
        settle(running, posted)
        own.rabbitmq.stop()
        posted += post(running, "spooled")
        shutil.rmtree(own.rabbitmq.folder / "mnesia")
        own.rabbitmq.start()
        in_own_loop(lambda: topology.declare(running.amqp_url, 4))
        posted += post(running, "after")
        settle(running, posted)
        assert running.metric("aggregation", "kip_events_applied_total", outcome="duplicate") == 0
        running.wait_until(lambda: unaccounted(running, "republished") == 0, "nothing is accused")
        running.services.stop()
