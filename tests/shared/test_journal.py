"""The journal as it is read, from a real broker, and the auditor that reads it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import aio_pika
import pytest
from aio_pika.abc import AbstractChannel

from shared.broker import topology
from shared.journal.reading import Journal, TrimmedError, read_from

SEGMENT = 50_000


@asynccontextmanager
async def channel_of(amqp_url: str) -> AsyncIterator[AbstractChannel]:
    async with await aio_pika.connect(amqp_url) as connection:
        yield await connection.channel()


async def test_what_is_trimmed_while_it_is_read_is_not_passed_over(amqp_url: str) -> None:
    async with channel_of(amqp_url) as channel:
        stream = {
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
