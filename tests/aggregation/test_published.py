"""What an earlier version published is known again by this and every later one: as it lies in a queue, in the journal
or in the ledger, and when its sender posts it once more.

`published_2026_11_22.json` is what the intake of that day (its commit is named) published of one post in each wire
format and of each kind, byte for byte, with the fingerprint under which its aggregation kept each event. Of posts whose
ids are the sender's it has the request too. It is never made anew: a later version adds a file of its own.
"""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import nullcontext
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aio_pika
import asyncpg
import pytest
from pydantic_core import from_json

from deploy.local.http import LOCAL
from deploy.local.stack import LocalStack
from services.aggregation.apply import apply_batch
from services.aggregation.contribution import Contributor
from services.aggregation.ledger import to_entry
from shared.domain.canonical import decode, encode, encode_batch
from shared.domain.events import KIND_OF_TYPE, Kind
from tests.aggregation.registry import REGISTRY
from tests.conftest import NewDatabase
from tests.system import System

NOW = datetime(2023, 3, 20, tzinfo=UTC)
POSTS = [
    post
    for file in sorted(Path(__file__).parent.glob("published_*.json"))
    for post in json.loads(file.read_text(encoding="utf-8"))["posts"]
]
PUBLISHED = [(event["canonical"], event["fingerprint"]) for post in POSTS for event in post["published"]]
EVENTS = [from_json(canonical) for canonical, _ in PUBLISHED]
AGAIN = [post for post in POSTS if "body" in post]


def test_every_kind_and_every_wire_format_is_there() -> None:
    assert {KIND_OF_TYPE[event["type"]] for event in EVENTS} == set(Kind)
    assert {post["wire"] for post in POSTS} == {"structured", "batch", "lines", "binary", "sheet", "dhis2", "kobo"}


@pytest.mark.parametrize(("canonical", "fingerprint"), PUBLISHED)
def test_the_fingerprint_is_the_same_as_it_travelled_and_out_of_the_ledger(canonical: str, fingerprint: str) -> None:
    event = decode(from_json(canonical))
    entry = to_entry(event)
    assert entry.fingerprint.hex() == fingerprint
    kept = event._replace(data=from_json(entry.data_json))
    assert (encode(kept).decode(), to_entry(kept)) == (canonical, entry)


@pytest.mark.parametrize("canonical", [canonical for canonical, _ in PUBLISHED])
def test_it_is_read_as_the_same_event_and_written_again_byte_for_byte(canonical: str) -> None:
    event, travelled = decode(from_json(canonical)), json.loads(canonical)
    assert event.body() == (
        travelled["province"], travelled["sender"], travelled["type"].removeprefix("vn.kip.").removesuffix(".v1"),
        travelled["subject"], datetime.fromisoformat(travelled["time"]), travelled["data"],
    )  # fmt: skip
    assert event.identity == tuple(travelled[name] for name in ("id", "source", "sender", "province"))
    assert event.accepted_at == datetime.fromisoformat(travelled["acceptedat"])
    assert encode(event) == canonical.encode()
    assert encode_batch([event]) == f"[{canonical}]".encode()


@pytest.mark.parametrize(("canonical", "fingerprint"), PUBLISHED)
def test_in_whose_name_it_is_posted_is_no_part_of_what_it_says(canonical: str, fingerprint: str) -> None:
    event = decode({**from_json(canonical), "officer": "12.0", "device": "3f9c21ab"})
    entry = to_entry(event)
    assert (entry.fingerprint.hex(), entry.marks) == (fingerprint, ("12.0", "3f9c21ab"))
    assert to_entry(decode(from_json(canonical))).marks == (None, None)


def test_what_an_edit_replaces_belongs_to_what_it_says() -> None:
    """An edit without a revision that names another predecessor, under the same id, is a conflict and no duplicate."""
    event = next(event for event in EVENTS if "revision" in event["data"])
    current = {name: value for name, value in event["data"].items() if name != "revision"}
    prints = [
        to_entry(decode({**event, "data": data})).fingerprint
        for data in (
            event["data"] | {"revision": 0},
            current,
            current | {"deprecates": "a"},
            current | {"deprecates": "b"},
        )
    ]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3


@pytest.fixture
async def connection(loaded_database: str) -> AsyncIterator[asyncpg.Connection]:
    opened = await asyncpg.connect(loaded_database)
    yield opened
    await opened.close()


async def test_what_is_delivered_or_replayed_again_is_a_duplicate(connection: Any) -> None:
    outcomes = []
    for _ in range(2):
        applied = await apply_batch(lambda: nullcontext(connection), 0, EVENTS, Contributor(REGISTRY), NOW)
        outcomes.append(Counter(outcome for (_, outcome), number in applied.outcomes.items() for _ in range(number)))
    assert outcomes[0].keys() <= {"applied", "superseded"}
    assert outcomes[0].total() == len(EVENTS)
    assert outcomes[1] == {"duplicate": len(EVENTS)}


@pytest.fixture(scope="module")
def upgraded(stack: LocalStack, rabbitmq: Any, session_database: NewDatabase, loaded_template: str) -> Iterator[System]:
    """A system into whose queues the earlier version has published."""
    running = System(stack, rabbitmq.add_vhost("upgraded"), session_database(loaded_template))
    asyncio.run(_publish(running))
    running.wait_until(lambda: applied(running) == len(EVENTS), "what was published is applied")
    yield running
    running.services.stop()


def test_what_is_posted_again_in_any_format_is_a_duplicate(upgraded: System) -> None:
    for post in AGAIN:
        answer = LOCAL.post(
            f"{upgraded.services.url('intake')}{post['path']}",
            content=post["body"],
            headers={**post["headers"], "Authorization": f"Bearer {upgraded.key}"},
        )
        assert answer.status_code == 202, (post["body"], answer.text)
    again = sum(len(post["published"]) for post in AGAIN)
    upgraded.wait_until(lambda: applied(upgraded) == len(EVENTS) + again, "what was posted is applied")
    assert (applied(upgraded, "duplicate"), applied(upgraded, "conflict")) == (again, 0)


def applied(system: System, outcome: str | None = None) -> float:
    labels = {"outcome": outcome} if outcome else {}
    return system.metric("aggregation", "kip_events_applied_total", **labels)


async def _publish(system: System) -> None:
    database = await asyncpg.connect(system.database_url)
    partitions = dict(await database.fetch("SELECT province, partition FROM registry.partition"))
    await database.close()
    async with await aio_pika.connect(system.amqp_url) as connection:
        exchange = await (await connection.channel()).get_exchange("kip.events")
        for (canonical, _), event in zip(PUBLISHED, EVENTS, strict=True):
            key = f"{KIND_OF_TYPE[event['type']]}.{partitions[event['province']]}"
            await exchange.publish(aio_pika.Message(f"[{canonical}]".encode()), routing_key=key)
