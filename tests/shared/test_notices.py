"""Who watches hears what has changed and may be seen: put together, bounded, and never later than its key's end."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace

import aio_pika
import aiormq
import pytest
from aiormq.exceptions import ChannelAccessRefused

from deploy.local.passwords import service_urls
from shared.access.rights import Reach
from shared.broker import notices, topology
from shared.broker.notices import MOST_CHANGED, Changed, Notice, Notices, Pending
from shared.http import changes
from shared.http.changes import ALIVE, HELLO, Watchers, stream
from shared.http.read_api import UnauthorizedError
from shared.http.read_words import ReadWords
from tests.shipped import shipped_units

OURS, OTHERS = Changed("ecd-1437", "06412@1"), Changed("ecd-1437", "00001@1")
EVERYTHING = b'event: changed\ndata: {"everything":true}\n\n'


def watch(watchers: Watchers, uid: str, programmes: frozenset[str] | None = None) -> AsyncIterator[bytes]:
    async def reach() -> Reach:
        return Reach("reader", (uid,), programmes)

    return stream(watchers, "reader", reach, shipped_units)


async def collected(stream: AsyncIterator[bytes], number: int) -> list[bytes]:
    return [await asyncio.wait_for(anext(stream), 10) for _ in range(number)]


def test_what_comes_before_it_is_taken_is_put_together_and_too_much_is_everything() -> None:
    pending = Pending()
    assert not pending.there.is_set()
    pending.add([])
    assert not pending.there.is_set()
    pending.add([OURS])
    pending.add([OURS, OTHERS])
    assert pending.take() == {OURS, OTHERS}
    assert not pending.there.is_set()
    pending.add(Changed("ecd-1437", f"{number}@1") for number in range(MOST_CHANGED + 1))
    pending.add([OURS])
    assert pending.take() is None
    pending.add([OURS])
    assert pending.take() == {OURS}
    pending.add(None)
    assert pending.there.is_set()
    assert pending.take() is None


async def test_a_reader_hears_of_what_its_key_sees_and_no_more() -> None:
    watchers = Watchers(lambda: True)
    district, nation, other = (
        watch(watchers, "186@1"), watch(watchers, "VN"), watch(watchers, "VN", frozenset({"nap-23"})),
    )  # fmt: skip
    assert [await collected(it, 1) for it in (district, nation, other)] == [[HELLO]] * 3
    watchers.tell(frozenset((OURS, OTHERS)))
    one = b'{"programme":"ecd-1437","unit":"%s"}'
    ours = one % OURS.unit.encode()
    assert await collected(district, 1) == [b'event: changed\ndata: {"changed":[' + ours + b"]}\n\n"]
    both = one % OTHERS.unit.encode() + b"," + ours
    assert await collected(nation, 1) == [b'event: changed\ndata: {"changed":[' + both + b"]}\n\n"]
    assert await collected(other, 1) == [ALIVE]
    watchers.tell(None)
    assert [await collected(it, 1) for it in (district, nation, other)] == [[EVERYTHING]] * 3


async def test_a_stream_shows_that_it_lives_and_ends_with_its_key_or_where_nothing_is_heard(monkeypatch) -> None:
    monkeypatch.setattr(changes, "STILL_SECONDS", 0.01)
    hears = known = True
    watchers = Watchers(lambda: hears)

    async def reach() -> Reach:
        if not known:
            raise UnauthorizedError(ReadWords.NO_VALID_KEY.value)
        return Reach("reader", ("VN",))

    watched, deaf = (stream(watchers, "reader", reach, shipped_units) for _ in range(2))
    assert await collected(watched, 3) == [HELLO, ALIVE, ALIVE]
    assert await collected(deaf, 1) == [HELLO]
    known = False
    with pytest.raises(StopAsyncIteration):
        await collected(watched, 1)
    known, hears = True, False
    with pytest.raises(StopAsyncIteration):
        await collected(deaf, 1)


async def test_one_sender_leaves_others_their_place() -> None:
    watchers = Watchers(lambda: True)
    with contextlib.ExitStack() as watching:
        for _ in range(changes.MOST_OF_SENDER):
            watching.enter_context(watchers.watching("greedy"))
        assert watchers.full("greedy")
        assert not watchers.full("board")
    assert not watchers.full("greedy")


async def test_another_register_or_programme_may_have_changed_anything() -> None:
    watchers = Watchers(lambda: True)
    with watchers.watching("board") as pending:
        await watchers.heed(frozenset({"source"}))
        assert not pending.there.is_set()
        await watchers.heed(frozenset({"unit"}))
        assert pending.take() is None


async def test_every_replica_hears_each_other_and_all_that_it_may_have_missed(amqp_url: str) -> None:
    await topology.declare(amqp_url, 1)
    urls = service_urls(amqp_url)
    heard: dict[str, list[Notice]] = {"one": [], "other": [], "alien": []}
    replicas = {
        "one": Notices(urls["aggregation"], "aggregation", heard["one"].append),
        "other": Notices(urls["aggregation"], "aggregation", heard["other"].append),
        "alien": Notices(urls["notifications"], "notifications", heard["alien"].append),
    }
    for replica in replicas.values():
        replica.start()
    try:
        await until(lambda: all(replica.listening for replica in replicas.values()))
        await until(lambda: all(heard.values()))
        await asyncio.sleep(1.5)  # each has told the others that anything may have changed
        assert {notice for notices in heard.values() for notice in notices} == {None}
        replicas["one"].note({OURS})
        await until(lambda: {OURS} in heard["one"] and {OURS} in heard["other"])
        heard["other"].clear()
        async with await aio_pika.connect(amqp_url) as connection:
            exchange = await (await connection.channel()).get_exchange("kip.changes")
            for body in (b"", b"[]", b'{"service":"aggregation","changed":[["x"]]}', b'{"service":"other"}', b"\xff"):
                await exchange.publish(aio_pika.Message(body), routing_key="")
        await until(lambda: len(heard["other"]) == 4)
        assert heard["other"] == [None] * 4  # what can't be read may be anything; what is another's is nothing
        replicas["other"].note({OTHERS})
        await replicas["other"].stop()  # it tells what it has before it goes
        await until(lambda: {OTHERS} in heard["one"])
        assert {*heard["alien"]} == {None}
    finally:
        for replica in replicas.values():
            await replica.stop()


async def test_a_replica_whose_queue_is_gone_listens_anew_and_all_hear_that(amqp_url: str, monkeypatch) -> None:
    monkeypatch.setattr(notices, "LOOK_SECONDS", 0.2)
    monkeypatch.setattr(notices, "AWAY_SECONDS", 0.1)
    monkeypatch.setattr(notices, "uuid4", lambda: SimpleNamespace(hex="ab12"))
    await topology.declare(amqp_url, 1)
    heard: list[Notice] = []
    replica = Notices(service_urls(amqp_url)["aggregation"], "aggregation", heard.append)
    replica.start()
    try:
        await until(lambda: heard == [None])
        async with await aio_pika.connect(amqp_url) as connection:
            exchange = await (await connection.channel()).get_exchange("kip.changes")
            own = topology.notices_queue("aggregation", "ab12")
            with pytest.raises(aiormq.exceptions.ChannelLockedResource):  # exclusive: nobody else may delete it
                await (await connection.channel()).queue_delete(own)
            channel = await connection.channel()
            await channel.exchange_delete(exchange.name)
        replica.note({OURS})
        await until(lambda: not replica.listening)
        await topology.declare(amqp_url, 1)
        await until(lambda: heard[1:] == [None])
        replica.note({OURS})
        await until(lambda: heard[-1] == {OURS})
    finally:
        await replica.stop()


async def test_no_replica_may_read_or_delete_another_service_s_notices(amqp_url: str) -> None:
    await topology.declare(amqp_url, 1)
    for role, other in (("aggregation", "notifications"), ("notifications", "aggregation"), ("intake", "intake")):
        async with await aio_pika.connect(service_urls(amqp_url)[role]) as connection:
            channel = await connection.channel()
            with pytest.raises(ChannelAccessRefused):
                await channel.declare_queue(topology.notices_queue(other, "ab12"), exclusive=True)


async def until(done: Callable[[], bool]) -> None:
    async with asyncio.timeout(30):
        while not done():
            await asyncio.sleep(0.02)
