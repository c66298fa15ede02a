"""Two replicas own the partitions between them: each event is applied once, by its partition's owner."""

import asyncio
import os
import sys

import aio_pika
import asyncpg
import httpx
import pytest

from deploy.local.http import LOCAL
from deploy.local.ports import free_port
from deploy.local.processes import Command
from deploy.local.stack import LocalStack
from services.aggregation.ownership import OwnershipError, ordinal, owned
from tests.system import System, counselling, kip


def test_each_partition_has_exactly_one_owner() -> None:
    for replicas in (1, 2, 3, 5):
        shares = [owned(4, number, replicas) for number in range(replicas)]
        assert sorted(partition for share in shares for partition in share) == [0, 1, 2, 3]
    assert ordinal(None, 2, "kip-aggregation-1") == 1
    assert ordinal(None, 1, "anything") == 0
    assert ordinal(1, 2, "kip-aggregation-0") == 1
    with pytest.raises(OwnershipError, match="KIP_REPLICA"):
        ordinal(None, 2, "laptop")
    with pytest.raises(OwnershipError, match="less than KIP_REPLICAS"):
        ordinal(2, 2, "laptop")


def test_two_replicas_share_the_partitions(stack: LocalStack, amqp_url: str, loaded_database: str) -> None:
    settings = {"KIP_REPLICAS": "2", "KIP_REPLICA": "0"}
    system = System(stack, amqp_url, loaded_database, settings=settings)
    port = free_port(0)
    argv = [sys.executable, "-m", "services.aggregation"]
    own = {
        **system.services.environment_of("aggregation"),
        "KIP_REPLICA": "1",
        "KIP_AGGREGATION_PORT": str(port),
        "PYTHONUNBUFFERED": "1",
    }
    environment = {name: value for name, value in own.items() if os.environ.get(name) != value}
    second = stack.supervisor.start(Command("aggregation-1", argv, environment=environment, grace=30.0))
    url = f"http://127.0.0.1:{port}"
    try:
        system.wait_until(lambda: _ready(url), "the second replica is ready")
        communes = ("06412", "00100", "08230", "27700", "30340", "13300", "16000", "25750", "10600", "19000")
        posted = [system.post([counselling(code, f"r{code}-{number}") for number in range(10)]) for code in communes]
        sent = 10 * sum(answer.status_code == 202 for answer in posted)
        assert sent >= 50
        system.wait_until(
            lambda: system.rollups(activity="parent-counselling", within="VN", period="2023-03")[0]["records"] == sent,
            "all is counted",
        )
        shares = [system.metric("aggregation", "kip_events_applied_total"), _applied(url)]
        assert sum(shares) == sent
        assert min(shares) > 0
        assert asyncio.run(_consumers(amqp_url)) == [1, 1, 1, 1]
        assert asyncio.run(_partitions(loaded_database)) > 1
        assert "0 cells differ" in kip("verify", environment=system.environment)
    finally:
        second.stop()
        system.services.stop()


def _ready(url: str) -> bool:
    try:
        return LOCAL.get(f"{url}/readyz").status_code == 200
    except httpx.HTTPError:
        return False


def _applied(url: str) -> float:
    lines = LOCAL.get(f"{url}/metrics").text.splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("kip_events_applied_total{"))


async def _consumers(amqp_url: str) -> list[int]:
    """How many consumers each partition's queue has."""
    connection = await aio_pika.connect(amqp_url)
    async with connection:
        channel = await connection.channel()
        queues = [await channel.get_queue(f"kip.aggregation.{number}", ensure=True) for number in range(4)]
        return [queue.declaration_result.consumer_count or 0 for queue in queues]


async def _partitions(url: str) -> int:
    """How many partitions have applied something."""
    connection = await asyncpg.connect(url)
    count = await connection.fetchval("SELECT count(*) FROM aggregation.progress")
    await connection.close()
    return int(count)
