"""Kịp's services as tests run them: real processes on the session's broker and a database of the test's own."""

import json
import re
import time
import uuid
from collections.abc import Callable, Iterable, Mapping
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import aio_pika
import asyncpg
import httpx

from deploy.local.http import LOCAL
from deploy.local.own_loop import in_own_loop
from deploy.local.passwords import role_settings
from deploy.local.services import SERVICES, Services
from deploy.local.stack import LocalStack
from shared.access.keys import hash_key, new_key
from shared.broker import topology
from shared.registry import source_store, store
from shared.runtime.clock import SystemClock
from tests.forks import run_kip

ROOT = Path(__file__).resolve().parents[1]
BATCH = "application/cloudevents-batch+json"
SIMULATED = "2023-03-20T08:00:00+07:00"


def migrate(database_url: str) -> None:
    """`kip migrate` of a private database, with the role of each service."""
    roles = role_settings(database_url)
    environment = {"KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": database_url, **roles}
    kip("migrate", "--only", "database", environment=environment)


def kip(*words: str, environment: Mapping[str, str], given: str | bytes = "") -> str:
    """Run the console command as a user does, with this standard input; what it prints. Fails with its error output."""
    done = run_kip(*words, environment=environment, given=given)
    assert done.returncode == 0, f"kip {' '.join(words)} exited {done.returncode}:\n{done.stdout}{done.stderr}"
    return done.stdout


async def add_own_sources(database_url: str) -> tuple[str, str]:
    """A sender and a reader; their keys. Nearly every test needs them: `kip source add` would be a process for each."""
    keys = {"app": new_key(), "reader": new_key()}
    connection = await asyncpg.connect(database_url, timeout=30)
    try:
        nation = await store.unit_or_root(connection, None)
        assert nation is not None, "no units are loaded"
        for name, key in keys.items():
            made = source_store.Source(name, nation, None, None, name == "reader", None, loses_429=False)
            assert await source_store.add_source(connection, made, SystemClock().now())
            await source_store.add_key(connection, name, hash_key(key), SystemClock().now())
    finally:
        await connection.close(timeout=5)
    return keys["app"], keys["reader"]


class System:
    """The chosen services, each with its own role and user, with the keys of a sender and a reader.

    `environment` is the operator's; `database_url` and `amqp_url` are the owner's.
    """

    def __init__(
        self,
        stack: LocalStack,
        amqp_url: str,
        database_url: str,
        names: Iterable[str] = ("intake", "aggregation"),
        settings: Mapping[str, str] | None = None,
        sources: bool = True,
    ) -> None:
        own = {"KIP_AMQP_URL": amqp_url, "KIP_DATABASE_URL": database_url, "KIP_CLOCK": SIMULATED, **(settings or {})}
        wanted = [service for service in SERVICES if service.name in set(names)]
        self.services = Services(stack, wanted, own)
        partitions = int(self.services.environment.get("KIP_PARTITIONS", "4"))
        in_own_loop(lambda: topology.declare(amqp_url, partitions))
        self.environment = self.services.environment
        self.database_url, self.amqp_url = database_url, amqp_url
        if "board" in self.services.ports:
            kip("board", "key", environment=self.environment)
        self.key, self.reader_key = in_own_loop(lambda: add_own_sources(database_url)) if sources else ("", "")
        self.services.start()

    def add_source(self, name: str, *options: str) -> str:
        """Add a sender; its key."""
        return str(json.loads(kip("source", "add", name, "--json", *options, environment=self.environment))["key"])

    def post(
        self,
        events: list[dict[str, Any]],
        *,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        **query: str,
    ) -> httpx.Response:
        """Post a batch."""
        return LOCAL.post(
            f"{self.services.url('intake')}/v1/events",
            content=json.dumps(events),
            params=query,
            headers={"Authorization": f"Bearer {key or self.key}", "Content-Type": BATCH, **(headers or {})},
            timeout=30,
        )

    def all_taken(self, events: int) -> dict[str, Any]:
        """The answer of 202 to this many events of which none was refused or superseded."""
        served = "aggregation" in self.services.ports
        address = {"status_url": f"{self.services.url('aggregation')}/v1/events/{{source}}/{{id}}"} if served else {}
        return {"accepted": events, "rejected": [], **address}

    def rollups(self, *, key: str | None = None, **query: str) -> list[dict[str, Any]]:
        """The rows of GET /v1/rollups."""
        answer = self.read("/v1/rollups", key=key, **query)
        assert answer.status_code == 200, answer.text
        return list(answer.json()["rows"])

    def read(self, path: str, *, key: str | None = None, **query: str) -> httpx.Response:
        """Ask the read API."""
        return LOCAL.get(
            f"{self.services.url('aggregation')}{path}",
            params=query,
            headers={"Authorization": f"Bearer {key or self.reader_key}"},
            timeout=30,
        )

    def metric(self, service: str, name: str, **labels: str) -> float:
        """The sum of a metric's samples that have these labels."""
        text = LOCAL.get(f"{self.services.url(service)}/metrics").text
        samples = re.findall(rf"^{name}(?:\{{(.*)\}})? (\S+)$", text, flags=re.MULTILINE)
        wanted = [f'{label}="{value}"' for label, value in labels.items()]
        return sum(float(value) for found, value in samples if all(label in found for label in wanted))

    def events_go_to(self) -> str:
        """`broker` or `spool`, for what intake takes now."""
        return events_go_to(self.services.url("intake"))

    def use_broker(self) -> None:
        """Wait until intake does: it is ready as soon as its spool is, and a test that breaks things begins after."""
        self.wait_until(lambda: self.events_go_to() == "broker", "the broker is used")

    def wait_until(self, happened: Callable[[], bool], what: str, seconds: float = 60) -> None:
        """Wait, bounded, for something that takes its time."""
        wait_until(happened, what, seconds)


def wait_until(happened: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Wait, bounded, for something that takes its time."""
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"after {seconds:.0f} s still not: {what}"
        time.sleep(0.05)


def mails_since_now(folder: Path) -> Callable[[], list[EmailMessage]]:
    """Read, at each call, the mails that have come into the folder since now, in the order in which they came."""
    before = set(folder.glob("*.eml"))
    return lambda: [
        message_from_bytes(path.read_bytes(), policy=policy.default)
        for path in sorted(set(folder.glob("*.eml")) - before, key=lambda path: path.stat().st_mtime_ns)
    ]


def events_go_to(url: str) -> str:
    """`broker` or `spool`, for what the intake of this address takes now."""
    answer = LOCAL.get(f"{url}/readyz")
    assert answer.status_code == 200, answer.text
    return str(answer.json()["events_go_to"])


def event(kind: str, subject: str, data: Mapping[str, Any], **attributes: Any) -> dict[str, Any]:
    """A CloudEvent as a sender writes it."""
    return {
        "specversion": "1.0",
        "id": uuid.uuid4().hex,
        "source": "/tests",
        "type": f"vn.kip.{kind}.v1",
        "subject": subject,
        "time": "2023-03-15T08:00:00+07:00",
        "data": {"programme": "ecd-1437", **data},
        **attributes,
    }


def access(subject: str = "06412", numerator: int = 412, revision: int = 0, **attributes: Any) -> dict[str, Any]:
    """Indicator A of a commune for 2023-Q1, out of 530 children."""
    data = {
        "indicator": "child-service-access", "agency": "ubnd-xa", "period": "2023-Q1", "revision": revision,
        "numerator": numerator, "denominator": 530,
        "breakdown": [{"by": {"domain": "health"}, "numerator": numerator, "denominator": 530}],
    }  # fmt: skip
    return event("indicator.reported", subject, data, **attributes)


def counselling(
    subject: str = "06412", record: str = "r1", revision: int = 0, parents: int = 24, **attributes: Any
) -> dict[str, Any]:
    """A counselling of parents in March 2023, with money."""
    data = {
        "activity": "parent-counselling", "record": record, "revision": revision, "held_on": "2023-03-09",
        "agency": "ubnd-xa", "domain": "nutrition", "participants": {"parent": parents}, "female": parents // 2,
        "money": [{"line": "f1-state-budget", "amount": 1_500_000}],
    }  # fmt: skip
    return event("activity.recorded", subject, data, **attributes)


def dead_letters(amqp_url: str) -> int:
    """How many messages lie in kip.dead."""

    async def count() -> int:
        async with await aio_pika.connect(amqp_url) as connection:
            channel = await connection.channel()
            found = await channel.declare_queue(topology.DEAD, passive=True)
            return int(found.declaration_result.message_count or 0)

    return in_own_loop(count)
