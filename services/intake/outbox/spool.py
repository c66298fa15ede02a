"""The spool: a table that takes messages while the broker does not, and gives them back when it does."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from services.intake.outbox import outbox_store
from services.intake.refusals.request_words import AwayWords
from shared.broker.message import Message
from shared.database.connections import DATABASE_AWAY, DATABASE_REFUSES, Connection, Pool, close_pool
from shared.runtime.metrics import SPOOL_EVENTS
from shared.wording.words import Words

CONNECTIONS = 4
HOST_SECONDS = 1.0  # a second host is asked within the time that a client waits
COUNT_SECONDS = 4.0
WORK_SECONDS = 30.0  # to take messages, publish them with confirms and remove them


class SpoolAwayError(Exception):
    """The database did not commit in time, or the spool is full: the request ends with 503. `words` say which.

    The error's own text, for the log, also names the `cause`.
    """

    def __init__(self, words: Words, cause: BaseException | None = None) -> None:
        super().__init__(words.en if cause is None else f"{words.en}: {type(cause).__name__}")
        self.words = words


class Spool:
    """Messages on disk. `away` is what the last contact with the database said; the drain's probe clears it.

    `limit` bounds the events that wait, of all replicas: a broker that is away for days must not fill the disk of the
    database that everything else needs.
    """

    def __init__(self, database_url: str, limit: int) -> None:
        self._url = database_url
        self._limit = limit
        self._pool: Pool | None = None
        self.away = True
        self.waiting = 0

    async def open(self) -> None:
        """Prepare the connections. The database may be away: each is opened when it is needed."""
        self._pool = await Pool.open(
            self._url,
            least=0,
            size=CONNECTIONS,
            limit=WORK_SECONDS,
            host_seconds=HOST_SECONDS,
            # 202 is answered on this commit: it must be on disk, whatever the server's default is.
            settings={"application_name": "kip-intake-spool", "timezone": "UTC", "synchronous_commit": "on"},
        )

    async def close(self) -> None:
        """Close the connections."""
        if self._pool is not None:
            await close_pool(self._pool)

    async def put(self, message: Message, events: int, within: float) -> None:
        """Keep a message of so many events for later, committed when this returns.

        Raises SpoolAwayError after `within` seconds. A commit that timed out may have happened all the same: the
        events' ids make that harmless.
        """
        if self.away:
            raise SpoolAwayError(AwayWords.NOBODY_TAKES.value)
        if self.waiting + events > self._limit:
            raise SpoolAwayError(AwayWords.SPOOL_FULL.value.filled(count=self.waiting))
        try:
            async with self.connection(within) as connection:
                await outbox_store.put_message(connection, message, events)
        except DATABASE_REFUSES as error:  # whatever it says: the events aren't kept
            self.away = True
            raise SpoolAwayError(AwayWords.NOT_COMMITTED.value, error) from error
        self.note(self.waiting + events)

    async def count(self) -> int:
        """Ask how many events wait. Raises one of DATABASE_AWAY.

        When it answers, the spool takes again; after a refusal, when it would also keep a message.
        """
        try:
            async with self.connection(COUNT_SECONDS) as connection:
                self.note(await outbox_store.waiting_events(connection))
                if self.away:
                    await outbox_store.try_to_put(connection)
        except DATABASE_AWAY:
            self.away = True
            raise
        self.away = False
        return self.waiting

    @asynccontextmanager
    async def take(self, limit: int) -> AsyncIterator[tuple[Connection, list[outbox_store.Spooled]]]:
        """Take the oldest messages, held for this caller until its block ends; what it removed is gone then."""
        async with self.connection(WORK_SECONDS) as connection, connection.transaction():
            yield connection, await outbox_store.take_messages(connection, limit)

    def note(self, waiting: int) -> None:
        """Remember, and show as a metric, how many events wait."""
        self.waiting = waiting
        SPOOL_EVENTS.set(waiting)

    @asynccontextmanager
    async def connection(self, seconds: float) -> AsyncIterator[Connection]:
        """Give one of the connections, for so many seconds at most. Raises one of DATABASE_AWAY."""
        if self._pool is None:
            raise SpoolAwayError(AwayWords.NOT_OPEN.value)
        async with self._pool.acquire(limit=seconds) as connection:
            yield connection
