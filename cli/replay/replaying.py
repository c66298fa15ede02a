"""Reads the journal and publishes again what it has of posted events, no faster than both services apply it."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from cli.replay.beginning import Place
from shared.broker.message import Message
from shared.broker.topology import EVENTS, NOTIFICATION_KEYS, TO_AGGREGATION, TO_NOTIFICATIONS
from shared.database.connections import Connection
from shared.domain.events import Kind
from shared.journal.account_store import AccountStore, Position
from shared.journal.reading import Entry, Journal, Start, TrimmedError, read_from
from shared.journal.regrouping import again, kind_of
from shared.registry.snapshot import Registry

AGGREGATION, NOTIFICATIONS = AccountStore("aggregation"), AccountStore("notifications")
ACCOUNTS = (AGGREGATION, NOTIFICATIONS)
CHUNK = 500  # entries published before both services have applied them
CHUNK_BYTES = 8 * 1024 * 1024
NEXT_SECONDS = 15.0
PLACE_SECONDS = 5.0
POLL_SECONDS = 0.1
TELL_SECONDS = 10.0
_EXCHANGES = frozenset({EVENTS.name, TO_AGGREGATION.name, TO_NOTIFICATIONS.name})
_KINDS = frozenset(kind.value for kind in Kind)
_TO_NOTIFICATIONS = tuple(key.removesuffix("#") for key in NOTIFICATION_KEYS)


@dataclass(slots=True)
class Replayed:
    """What was done: entries read, those that both accounts had already, and what was published again, by kind."""

    read: int = 0
    known: int = 0
    published: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Replay:
    """How entries are brought to where they belong today.

    `publish` returns when the broker has confirmed; None for a dry run. `done` hears of each chunk's last offset when
    both services have applied it, `advance` how many entries were read, `tell` what is waited for.
    """

    url: str
    connection: Connection
    registry: Registry
    partitions: int
    publish: Callable[[Message], Awaitable[None]] | None
    make_id: Callable[[], str]
    done: Callable[[int], Awaitable[None]]
    advance: Callable[[int], None]
    tell: Callable[[str], None]

    async def run(self, start: Start, end: int) -> Replayed:
        """Replay the entries from `start` to the offset `end`. Raises what is away; it goes on at the next run."""
        replayed = Replayed()
        chunk: list[Entry] = []
        size = 0
        async with read_from(self.url, start) as journal:
            while True:
                entry = await _next(journal, end)
                if entry.offset <= end:
                    replayed.read += 1
                    if is_posted(entry):
                        chunk.append(entry)
                        size += len(entry.body)
                if entry.offset >= end or len(chunk) >= CHUNK or size >= CHUNK_BYTES:
                    await self._apply(chunk, replayed)
                    await self.done(min(entry.offset, end))
                    chunk, size = [], 0
                self.advance(1)
                if entry.offset >= end:
                    return replayed

    async def _apply(self, chunk: Sequence[Entry], replayed: Replayed) -> None:
        """Publish what one of the accounts lacks, and wait until both have it."""
        named = [entry.message for entry in chunk if entry.message is not None]
        noted = [await account.noted(self.connection, named) for account in ACCOUNTS]
        expected: dict[AccountStore, set[str]] = {account: set() for account in ACCOUNTS}
        for entry in chunk:
            owing = [has for account, has in zip(ACCOUNTS, noted, strict=True) if concerns(account, entry.key)]
            if all(entry.message in has for has in owing):
                replayed.known += 1
                continue
            kind = kind_of(entry.key)
            for message in self._messages(entry):
                replayed.published[kind] = replayed.published.get(kind, 0) + 1
                if self.publish is not None:
                    await self.publish(message)
                    for account in ACCOUNTS:
                        if concerns(account, message.key):
                            expected[account].add(message.id)
        await self._wait(expected)

    def _messages(self, entry: Entry) -> Iterator[Message]:
        for key, body in again(entry, self.registry, self.partitions):
            yield Message(self.make_id(), key, body)

    async def _wait(self, expected: dict[AccountStore, set[str]]) -> None:
        for account, ids in expected.items():
            await self.applied(account, ids)

    async def applied(self, account: AccountStore, ids: set[str]) -> None:
        """Wait until a service has applied these messages, however long it takes: it may have to be started first."""
        loop = asyncio.get_running_loop()
        tell_at = loop.time() + TELL_SECONDS
        while missing := ids - await account.noted(self.connection, ids):
            if loop.time() >= tell_at:
                self.tell(
                    f"{account.schema} has not applied {len(missing)} messages yet: is it up? Its log says why "
                    "(a unit or programme that was loaded after the backup has to be loaded again)"
                )
                tell_at = loop.time() + 6 * TELL_SECONDS
            await asyncio.sleep(POLL_SECONDS)


async def _next(journal: Journal, end: int) -> Entry:
    try:
        entry = await journal.next(NEXT_SECONDS)
    except TrimmedError as error:
        raise ConnectionError(f"{error}: run the replay again, it names the gap") from None
    if entry is None:
        raise ConnectionError(f"the journal gives no more before its entry {end}: run the replay again")
    return entry


def is_posted(entry: Entry) -> bool:
    """Tell whether an entry has events that somebody posted: not what services tell each other, no marker, no probe."""
    return entry.exchange in _EXCHANGES and not entry.is_marker and kind_of(entry.key) in _KINDS


def concerns(account: AccountStore, key: str) -> bool:
    """Tell whether a service gets messages of this routing key: aggregation gets all."""
    return account is AGGREGATION or key.startswith(_TO_NOTIFICATIONS)


async def oldest(url: str) -> Place | None:
    """Find the journal's first entry of which it is known when it was published; None where there is none."""
    async with read_from(url, "first") as journal:
        while (entry := await journal.next(2.0)) is not None:
            if entry.sent_at is not None:
                return Place(entry.offset, entry.sent_at)
    return None


async def audited(url: str, connection: Connection) -> Place | None:
    """Find the entry up to which both audits had found everything; None where the journal has it no more, or an audit
    had not begun.
    """
    positions = [await account.position(connection) for account in ACCOUNTS]
    places = [await place(url, position) for position in positions if position is not None]
    known = [place for place in places if place is not None]
    return min(known) if len(known) == len(ACCOUNTS) else None


async def place(url: str, position: Position) -> Place | None:
    """Find this entry; None where the journal has it no more, or is another one."""
    async with read_from(url, position.offset) as journal:
        entry = await journal.next(PLACE_SECONDS)
    if entry is None or Position(entry.offset, entry.message) != position:
        return None
    return Place(entry.offset, entry.sent_at or datetime.min.replace(tzinfo=UTC))
