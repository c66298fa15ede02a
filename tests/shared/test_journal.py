"""The journal as it is read, from a real broker, and the auditor that reads it."""

import asyncio
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

import aio_pika
import asyncpg
import pytest
from aio_pika.abc import AbstractChannel
from pamqp import decode
from pamqp.common import FieldTable
from pamqp.header import ContentHeader

from services.notifications.audited import audited
from shared.broker import topology
from shared.broker.client import make_broker
from shared.broker.message import Marker, Note, new_id
from shared.database.connections import Pool, close_pool, open_pool
from shared.journal.audited import OwnWay
from shared.journal.auditor import Auditor, Pace
from shared.journal.reading import Journal, TrimmedError, end_by, read_from
from shared.runtime.clock import SystemClock

SEGMENT = 50_000
KEY = "report.submitted.0"
MakeAuditor: TypeAlias = "Callable[[Callable[[], datetime], float], Auditor]"


@asynccontextmanager
async def channel_of(amqp_url: str) -> AsyncIterator[AbstractChannel]:
    async with await aio_pika.connect(amqp_url) as connection:
        yield await connection.channel()


async def test_what_is_trimmed_while_it_is_read_is_not_passed_over(amqp_url: str) -> None:
    async with channel_of(amqp_url) as channel:
        stream: FieldTable = {
            "x-queue-type": "stream",
            "x-stream-max-segment-size-bytes": SEGMENT,
            "x-max-length-bytes": 2 * SEGMENT,
        }
        await channel.declare_queue(topology.JOURNAL, durable=True, arguments=stream)

        async def journal_some() -> None:
            for _ in range(100):
                await channel.default_exchange.publish(aio_pika.Message(b" " * (SEGMENT // 10)), topology.JOURNAL)

        await journal_some()
        async with read_from(amqp_url, "first") as journal:
            entry = await journal.next(10)
            assert entry is not None
            await journal_some()
            with pytest.raises(TrimmedError, match="to after its entry"):
                await read_on(journal, entry.offset)


async def read_on(journal: Journal, offset: int) -> None:
    """Read to the end, one entry after the other from after this offset on."""
    while (entry := await journal.next(10)) is not None:
        assert entry.offset == offset + 1
        offset = entry.offset


NOON = datetime(2026, 11, 30, 12, tzinfo=UTC)
SECONDS, MICROSECONDS = (struct.pack(">Q", int(NOON.timestamp()) * times) for times in (1, 1_000_000))


def within_each_other(tables: int) -> bytes:
    """Write a value of headers: as many tables, each but the outermost in 7 bytes more."""
    value = b""
    for _ in range(tables):
        value = b"\x01nF" + struct.pack(">I", len(value)) + value
    return b"F" + struct.pack(">I", len(value)) + value


@pytest.mark.parametrize(
    ("properties", "written", "instead"),
    [
        ({"timestamp": NOON}, SECONDS, MICROSECONDS),
        ({"headers": {"sent": NOON}}, SECONDS, MICROSECONDS),
        ({"message_id": "any text"}, b"any text", b"\xff" * 8),
        ({"headers": {"any name": "any text"}}, b"any name", b"\xff" * 8),
        ({"headers": {"list": [{"any name": "any text"}]}}, b"any name", b"\xff" * 8),
        (
            {"headers": {"nested": "-" * 21_000}},
            b"S" + struct.pack(">I", 21_000) + b"-" * 21_000,
            within_each_other(3_000),
        ),
    ],
)
async def test_what_another_publisher_wrote_about_a_message_stops_nobody_who_reads_it(
    amqp_url: str, monkeypatch: pytest.MonkeyPatch, properties: dict[str, Any], written: bytes, instead: bytes
) -> None:
    """The journal keeps it for days, and a queue gives it again and again: each reader would end there."""
    await topology.declare(amqp_url, 1)
    marshal, sound = ContentHeader.marshal, new_id()
    monkeypatch.setattr(ContentHeader, "marshal", lambda header: marshal(header).replace(written, instead))
    async with channel_of(amqp_url) as channel:
        exchange = await channel.get_exchange(topology.EVENTS.name)
        await exchange.publish(aio_pika.Message(b"[]", **properties), KEY)
        await exchange.publish(aio_pika.Message(b"[]", message_id=sound), KEY)
        queue = await channel.get_queue(topology.NOTIFICATIONS.name)
        got = [await queue.get(no_ack=True, timeout=5) for _ in range(2)]
    async with read_from(amqp_url, "first") as journal:
        entries = [await journal.next(5) for _ in range(2)]
    assert got[1].message_id == sound
    assert got[0].headers["x-delivery-count"] == 0
    assert [entry.sent_at for entry in entries if entry] == [None, None]
    assert entries[1] is not None
    assert entries[1].message == sound


@pytest.mark.parametrize(
    ("unreadable", "left"),
    [
        (b"?\x01", {"before": True}),
        (b"A" + struct.pack(">I", 2) + b"?\x01", {"before": True, "name": [], "after": True}),
        (b"F" + struct.pack(">I", 2) + b"\x04x", {"before": True, "name": {"x": None}, "after": True}),
    ],
    ids=["a type", "a type in a list", "a length"],
)
def test_of_headers_that_cannot_be_read_the_others_stay(unreadable: bytes, left: dict[str, object]) -> None:
    """RabbitMQ takes none of these; whoever else hands messages over may."""
    fields = b"\x06beforet\x01" + b"\x04name" + unreadable + b"\x05aftert\x01"
    assert decode.by_type(struct.pack(">I", len(fields)) + fields, "table") == (4 + len(fields), left)


class Queue:
    """The consumer of notifications' queue: it says when a message came again, and accounts for all but those of KEY,
    which it loses each time.
    """

    def __init__(self, amqp_url: str, pool: Pool) -> None:
        self.again = asyncio.Event()
        self._amqp_url = amqp_url
        self._pool = pool

    async def run(self) -> None:
        async with channel_of(self._amqp_url) as channel:
            queue = await channel.get_queue(topology.NOTIFICATIONS.name)
            async with queue.iterator() as messages:
                async for message in messages:
                    await self._take(message)

    async def _take(self, message: aio_pika.abc.AbstractIncomingMessage) -> None:
        note = Note(topology.NOTIFICATIONS.name, None if message.routing_key == KEY else message.message_id)
        if message.type == topology.MARKER and message.message_id and message.timestamp:
            note = Note(topology.NOTIFICATIONS.name, None, Marker(message.message_id, message.timestamp))
        async with self._pool.acquire() as connection:
            await audited().account.note(connection, [note])
        if message.headers.get(topology.REPEATS):
            self.again.set()
        await message.ack()


@asynccontextmanager
async def audited_queue(amqp_url: str, database_url: str) -> AsyncIterator[tuple[Queue, MakeAuditor]]:
    """Notifications' queue with its consumer, and how an auditor of it is made: with its clock, and its patience."""
    pool = await open_pool(database_url, size=6, application_name="kip-test")
    broker = make_broker(amqp_url, name="kip-test")
    queue = Queue(amqp_url, pool)
    consuming = asyncio.create_task(queue.run())

    def make(now: Callable[[], datetime], sure: float) -> Auditor:
        way = OwnWay(broker, topology.TO_NOTIFICATIONS, now)
        return Auditor(audited(), lambda: pool, amqp_url, way, now, Pace(sure))

    try:
        await broker.connect()
        yield queue, make
    finally:
        consuming.cancel()
        await broker.stop()
        await close_pool(pool)


@asynccontextmanager
async def at_work(auditor: Auditor) -> AsyncIterator[None]:
    auditor.start()
    try:
        yield
    finally:
        await auditor.stop()


@asynccontextmanager
async def connected(database_url: str) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(database_url)
    try:
        yield connection
    finally:
        await connection.close()


@pytest.mark.parametrize("hours", [-1, 1])
async def test_a_clock_that_is_set_neither_stops_the_audit_nor_hastens_it(
    amqp_url: str, loaded_database: str, hours: int
) -> None:
    await topology.declare(amqp_url, 1)
    async with channel_of(amqp_url) as channel:
        exchange = await channel.get_exchange(topology.EVENTS.name)
        await exchange.publish(aio_pika.Message(b"[]", message_id=new_id()), KEY)
        await (await channel.get_queue(topology.NOTIFICATIONS.name)).purge()
    set_by, sure = timedelta(0), 6.0
    async with audited_queue(amqp_url, loaded_database) as (queue, make):
        auditor = make(lambda: SystemClock().now() + set_by, sure)
        began = asyncio.get_running_loop().time()
        async with at_work(auditor):
            await asyncio.sleep(2)  # by then it has read the entry and sent its first marker
            set_by = timedelta(hours=hours)
            async with asyncio.timeout(60):
                await queue.again.wait()
            assert asyncio.get_running_loop().time() - began > sure


async def test_what_gets_lost_each_time_is_published_again_three_times_and_given_up(
    amqp_url: str, loaded_database: str
) -> None:
    await topology.declare(amqp_url, 1)
    fates = "SELECT array_agg(outcome ORDER BY noted_at) FROM notifications.applied_message WHERE outcome <> 'applied'"
    async with (
        connected(loaded_database) as connection,
        audited_queue(amqp_url, loaded_database) as (_, make),
        channel_of(amqp_url) as channel,
    ):
        exchange = await channel.get_exchange(topology.EVENTS.name)
        await exchange.publish(aio_pika.Message(b"[]", message_id=new_id()), KEY)
        async with at_work(make(SystemClock().now, 1.0)), asyncio.timeout(60):
            while "given_up" not in (await connection.fetchval(fates) or []):
                await asyncio.sleep(0.1)
        assert await connection.fetchval(fates) == ["republished"] * 3 + ["given_up"]


@asynccontextmanager
async def others_who_publish(amqp_url: str) -> AsyncIterator[None]:
    """Somebody posts without a pause, as by day in a nation."""

    async def publish() -> None:
        async with channel_of(amqp_url) as channel:
            exchange = await channel.get_exchange(topology.EVENTS.name)
            while True:
                await exchange.publish(aio_pika.Message(b"[]"), topology.PROBE_KEY)
                await asyncio.sleep(0.02)

    publishing = asyncio.create_task(publish())
    try:
        yield
    finally:
        publishing.cancel()


async def test_the_end_of_the_journal_is_found_while_others_publish(amqp_url: str) -> None:
    await topology.declare(amqp_url, 1)
    async with others_who_publish(amqp_url), channel_of(amqp_url) as channel:
        exchange = await channel.get_exchange(topology.EVENTS.name)

        async def publish(message: str) -> None:
            await exchange.publish(aio_pika.Message(b"[]", message_id=message), topology.PROBE_KEY)
            await asyncio.sleep(0.5)

        async with asyncio.timeout(20):
            first = await end_by(amqp_url, publish, new_id())
            assert await end_by(amqp_url, publish, new_id()) > first


async def test_an_auditor_that_begins_while_others_publish_goes_on_where_the_last_was(
    amqp_url: str, loaded_database: str
) -> None:
    await topology.declare(amqp_url, 1)
    standing = "SELECT journal_offset FROM notifications.audit WHERE looked_at > now() - interval '10 seconds'"

    async def until_further(connection: asyncpg.Connection, offset: int) -> int:
        async with asyncio.timeout(30):
            while (now := await connection.fetchval(standing) or 0) <= offset:
                await asyncio.sleep(0.1)
        return int(now)

    async with (
        connected(loaded_database) as connection,
        audited_queue(amqp_url, loaded_database) as (_, make),
        others_who_publish(amqp_url),
    ):
        offset = 0
        for _ in range(2):
            async with at_work(make(SystemClock().now, 6.0)):
                offset = await until_further(connection, offset)
