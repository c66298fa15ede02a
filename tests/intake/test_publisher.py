"""The publisher's messages: by routing key and size, of several posts, each of which has its own outcome."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import cast

import pytest
from faststream.rabbit import RabbitBroker

from services.intake.outbox import publisher as publishing
from services.intake.outbox.circuit import BrokerCircuit
from services.intake.outbox.publisher import MESSAGE_BYTES, Publisher
from services.intake.outbox.spool import Spool
from shared.broker.client import UnroutableError
from shared.broker.message import Message
from shared.runtime.clock import SystemClock

Event = tuple[str, int, bytes]


class Broker:
    """Confirms each message but those of the routing keys that no queue wants, which fail; or takes none at all."""

    def __init__(self, *unwanted: str, away: bool = False) -> None:
        self.messages: list[tuple[str, list[str]]] = []
        self._unwanted = unwanted
        self._away = away

    async def publish(self, _: RabbitBroker, message: Message, sent_at: datetime, deadline: float) -> None:
        await asyncio.sleep(0)
        if self._away:
            raise TimeoutError(deadline)
        if message.key in self._unwanted:
            raise UnroutableError(message.key)
        self.messages.append((message.key, [event["id"] for event in json.loads(message.body)]))


class KeptSpool:
    """Keeps what is put."""

    def __init__(self) -> None:
        self.kept: list[tuple[str, int, bytes]] = []

    async def put(self, message: Message, events: int, _: float) -> None:
        self.kept.append((message.key, events, message.body))


def event(id_: str, partition: int = 0, size: int = 0) -> Event:
    return "problem.raised", partition, json.dumps({"id": id_, "text": "x" * size}).encode()


@asynccontextmanager
async def publisher(
    monkeypatch: pytest.MonkeyPatch, broker: Broker, spool: KeptSpool | None = None
) -> AsyncIterator[Publisher]:
    monkeypatch.setattr(publishing, "publish_events", broker.publish)
    circuit = BrokerCircuit()
    circuit.close()
    made = Publisher(
        cast("RabbitBroker", None), cast("Spool", spool), circuit, linger=0.05, deadline=1.0, now=SystemClock().now
    )
    made.start()
    yield made
    await made.stop()


async def test_posts_that_come_together_share_a_message_for_each_routing_key(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker()
    async with publisher(monkeypatch, broker) as made:
        posts = [[event("a")], [event("b", 1), event("c")], [event("d", 1)]]
        await asyncio.gather(*map(made.publish, posts))
    assert sorted(broker.messages) == [("problem.raised.0", ["a", "c"]), ("problem.raised.1", ["b", "d"])]


async def test_a_post_fails_with_its_own_message_and_the_others_of_its_turn_do_not(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = Broker("problem.raised.1")
    async with publisher(monkeypatch, broker) as made:
        posts = [[event("same")], [event("b", 1)], [event("same", 1), event("c")]]
        ended = await asyncio.gather(*map(made.publish, posts), return_exceptions=True)
    assert [type(outcome) for outcome in ended] == [type(None), UnroutableError, UnroutableError]
    assert broker.messages == [("problem.raised.0", ["same", "c"])], "what could go has gone"


async def test_a_large_post_becomes_messages_of_a_quarter_megabyte_in_its_order(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    broker = Broker()
    size = MESSAGE_BYTES // 4
    events = [event(str(number), size=size) for number in range(10)] + [event("huge", size=2 * MESSAGE_BYTES)]
    async with publisher(monkeypatch, broker) as made:
        await made.publish(events)
    assert [ids for _, ids in broker.messages] == [["0", "1", "2"], ["3", "4", "5"], ["6", "7", "8"], ["9"], ["huge"]]


async def test_no_events_are_taken_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    broker = Broker()
    async with publisher(monkeypatch, broker) as made:
        await made.publish([])
    assert broker.messages == []


async def test_what_the_broker_does_not_confirm_is_spooled_with_its_number_of_events(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spool = KeptSpool()
    async with publisher(monkeypatch, Broker(away=True), spool) as made:
        await asyncio.gather(made.publish([event("a"), event("b")]), made.publish([event("c")]))
    [(key, events, body)] = spool.kept
    assert (key, events, [found["id"] for found in json.loads(body)]) == ("problem.raised.0", 3, ["a", "b", "c"])
