"""Reads the journal, a RabbitMQ stream, over AMQP 0.9.1: from an offset or an instant on, one entry after the other."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

import aio_pika
from aio_pika.abc import AbstractIncomingMessage
from aio_pika.exceptions import ChannelNotFoundEntity
from pamqp.common import FieldTable

from shared.broker.answering import answered_within
from shared.broker.message import read_id
from shared.broker.topology import JOURNAL, MARKER, MIGRATE, REPEATS

# An entry's offset, an instant of journaling, the first entry there is, or what comes from now on.
Start: TypeAlias = "int | datetime | Literal['first', 'next']"
OPEN_SECONDS = 15.0
FIRST_SECONDS = 2.0
OWN_SECONDS = 30.0  # until what one has published oneself is there
IN_HAND = 32  # entries that the broker sends ahead: 8 MiB where each has the size that intake fills


class JournalMissingError(ConnectionError):
    """There is no journal. Its text says the cure."""


class TrimmedError(ConnectionError):
    """The journal was trimmed past where it is being read: open it anew to see what is left."""


class Entry(NamedTuple):
    """One message as the journal has it. `message` is its id, where it has one; `sent_at` its publisher's time."""

    offset: int
    message: str | None
    exchange: str
    key: str
    sent_at: datetime | None
    repeats: int
    is_marker: bool
    body: bytes


class Journal:
    """The entries from a start on."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._arrived: asyncio.Queue[AbstractIncomingMessage] = asyncio.Queue()
        self._next: int | None = None  # the offset that follows the entry read last

    async def take(self, message: AbstractIncomingMessage) -> None:
        """Take what the broker sends."""
        self._arrived.put_nowait(message)

    async def next(self, seconds: float) -> Entry | None:
        """Give the next entry; None where none comes within so many seconds: its end, or a broker that is away.

        Raises TrimmedError where entries between the last one and this one are gone.
        """
        try:
            async with asyncio.timeout(seconds):
                message = await self._arrived.get()
        except TimeoutError:
            return None
        async with answered_within(OPEN_SECONDS):
            await message.ack()
        entry = _entry(message)
        expected, self._next = self._next, entry.offset + 1
        if expected is not None and entry.offset > expected and await _begins_after(self._url, expected):
            raise TrimmedError(f"the journal was trimmed while it was read, to after its entry {expected}")
        return entry


@asynccontextmanager
async def read_from(url: str, start: Start) -> AsyncIterator[Journal]:
    """Read the journal over a connection of its own.

    An offset that is trimmed gives the first entry there is; one beyond the end gives none, whatever comes. Raises
    JournalMissingError, or one of BROKER_AWAY.
    """
    journal = Journal(url)
    async with answered_within(OPEN_SECONDS):
        connection = await aio_pika.connect(url, timeout=OPEN_SECONDS, client_properties={"connection_name": "journal"})
    try:
        async with answered_within(OPEN_SECONDS):
            channel = await connection.channel()
            await channel.set_qos(prefetch_count=IN_HAND)
            arguments: FieldTable = {"x-stream-offset": start}
            try:
                queue = await channel.get_queue(JOURNAL, ensure=True)
                await queue.consume(journal.take, arguments=arguments)
            except ChannelNotFoundEntity:
                raise JournalMissingError(f"there is no stream {JOURNAL}: {MIGRATE}") from None
        yield journal
    finally:
        async with answered_within(OPEN_SECONDS):
            await connection.close()


async def first_of(url: str) -> Entry | None:
    """Read the journal's first entry; None where it is empty."""
    async with read_from(url, "first") as journal:
        return await journal.next(FIRST_SECONDS)


async def end_by(url: str, publish: Callable[[str], Awaitable[None]], message: str) -> int:
    """Have a message published under this id, which the journal gets, and return its offset: what is there by now lies
    before it.

    Where the journal ends can't be read off it, least of all while others publish: whoever reads on until no more comes
    reads for ever. Raises ConnectionError where the message doesn't come.
    """
    try:
        async with read_from(url, "next") as journal, asyncio.timeout(OWN_SECONDS):
            await publish(message)
            while (entry := await journal.next(OWN_SECONDS)) is not None:
                if entry.message == message:
                    return entry.offset
    except TimeoutError:
        pass
    raise ConnectionError("what was published for it doesn't come in the journal: see 'kip doctor'")


async def _begins_after(url: str, offset: int) -> bool:
    """Tell whether the journal no longer has this offset; one may have no entry, which loses nothing."""
    first = await first_of(url)
    return first is not None and first.offset > offset


def _entry(message: AbstractIncomingMessage) -> Entry:
    repeats = message.headers.get(REPEATS)
    offset = message.headers["x-stream-offset"]
    if not isinstance(offset, int):
        raise TypeError(f"an entry's offset is {offset!r}")
    return Entry(
        offset=offset,
        message=read_id(message.message_id),
        exchange=message.exchange or "",
        key=message.routing_key or "",
        sent_at=message.timestamp,
        repeats=repeats if isinstance(repeats, int) else 0,
        is_marker=message.type == MARKER,
        body=message.body,
    )
