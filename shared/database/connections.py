"""Connections to PostgreSQL that can't hold anybody up: opened host by host, bounded, thrown away when they refuse."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any, TypeAlias, cast
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import asyncpg

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

Connection: TypeAlias = "asyncpg.Connection[asyncpg.Record] | PoolConnectionProxy[asyncpg.Record]"
Connect: TypeAlias = "Callable[[], AbstractAsyncContextManager[Connection]]"  # one for each transaction

# SQLSTATE classes by which a server refuses the data of a statement: wrong values, broken constraints, limits of size.
DATA_FAULTS = frozenset({"22", "23", "54"})
_SERVER_ERRORS = tuple(
    kind for kind in asyncpg.PostgresError.__subclasses__() if str(kind.sqlstate or "")[:2] not in DATA_FAULTS
)
# What a database that can't serve raises, whatever the reason: away, full, read-only, its rights or tables gone. A rule
# and no list: all that isn't the data's fault. Wait and try again; nothing has happened.
DATABASE_AWAY: tuple[type[Exception], ...] = (
    OSError,
    TimeoutError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # "cannot switch to state": the connection broke while it was being cleaned up
    *_SERVER_ERRORS,
)
DATABASE_REFUSES: tuple[type[Exception], ...] = (*DATABASE_AWAY, asyncpg.PostgresError)  # its data's fault included
OLDEST_SERVER = 180_000  # as PostgreSQL numbers its versions
CLOSE_SECONDS = 5
HOST_SECONDS = 3.0  # for each host: one that is frozen takes the connection and says nothing
RELEASE_SECONDS = 2.0
STATEMENT_SECONDS = 60.0
WORK_SECONDS = 20.0  # for all that is done on a connection, unless its user says more


def data_fault(error: BaseException) -> str | None:
    """Return the SQLSTATE by which the server refused the data; None where something else was the matter."""
    state = str(error.sqlstate or "") if isinstance(error, asyncpg.PostgresError) else ""
    return state if state[:2] in DATA_FAULTS else None


class Hosts:
    """The hosts of a database URL. The one that answered last is asked first."""

    def __init__(self, url: str) -> None:
        self._urls = each_host(url)

    async def connect(self, *, seconds: float = HOST_SECONDS, **options: Any) -> "asyncpg.Connection[asyncpg.Record]":
        """Connect to the first host that takes us, `seconds` for each. Raises the last one's error.

        asyncpg's own timeout is for all hosts together, which a frozen first host uses up.
        """
        for number, url in enumerate(self._urls):
            try:
                connection: asyncpg.Connection[asyncpg.Record] = await asyncpg.connect(url, timeout=seconds, **options)
            except DATABASE_AWAY:
                if number + 1 == len(self._urls):
                    raise
            else:
                self._urls = [url, *(other for other in self._urls if other != url)]
                return connection
        raise ValueError("a database URL has a host")


def each_host(url: str) -> list[str]:
    """Write the URL once for each host that it names, as `//a:1,b:2/` or `?host=a,b&port=1,2`; all else stays."""
    parts = urlsplit(url)
    user, at, hosts = parts.netloc.rpartition("@")
    if "," in hosts:
        return [urlunsplit(parts._replace(netloc=f"{user}{at}{host}")) for host in hosts.split(",")]
    query = dict(parse_qsl(parts.query))
    named = query.get("host", "").split(",")
    ports = query.get("port", "").split(",")
    if len(named) == 1:
        return [url]
    ports = ports * len(named) if len(ports) == 1 else ports
    if len(ports) != len(named):
        raise ValueError(f"the database URL names {len(named)} hosts and {len(ports)} ports")
    chosen = [
        {**query, "host": host, **({"port": port} if port else {})} for host, port in zip(named, ports, strict=True)
    ]
    before = url.partition("?")[0]
    return [f"{before}?{urlencode(one)}" for one in chosen]


def _end(connection: Connection) -> None:
    """End a connection from here, if that hasn't happened: asyncpg lets nobody touch one that it has given up."""
    with suppress(asyncpg.InterfaceError):
        connection.terminate()


class Pool:
    """Connections that are shared. Work on one is bounded: after its time the connection is cut, whatever it waits for.

    A statement to a frozen server is never answered, and neither is the ROLLBACK after it nor the cancellation: only
    to end the connection from here ends the wait. One that has refused for another reason than its data isn't used
    again: it may hang on a host that is no primary any more, or on settings that have been taken back.
    """

    def __init__(self, inner: "asyncpg.Pool[asyncpg.Record]", limit: float) -> None:
        self._inner = inner
        self._limit = limit

    @classmethod
    async def open(
        cls,
        url: str | Hosts,
        *,
        size: int,
        settings: Mapping[str, str],
        least: int = 1,
        limit: float = WORK_SECONDS,
        host_seconds: float = HOST_SECONDS,
    ) -> "Pool":
        """Open `least` of `size` connections. `settings` are the server's own; `limit` (s) is for work on one."""
        hosts = Hosts(url) if isinstance(url, str) else url

        async def connect(_: None, **options: Any) -> "asyncpg.Connection[asyncpg.Record]":
            return await hosts.connect(seconds=host_seconds, **options)

        inner: asyncpg.Pool[asyncpg.Record] = await asyncpg.create_pool(
            connect=cast("Any", connect),
            min_size=least,
            max_size=size,
            server_settings=dict(settings),
            command_timeout=STATEMENT_SECONDS,
        )
        return cls(inner, limit)

    @asynccontextmanager
    async def acquire(self, *, limit: float | None = None) -> AsyncIterator[Connection]:
        """Lend a connection for `limit` seconds (the pool's own if not given), the wait for it included.

        Raises one of DATABASE_AWAY, TimeoutError where the time was not enough.
        """
        loop = asyncio.get_running_loop()
        seconds = self._limit if limit is None else limit
        until = loop.time() + seconds
        connection = await self._inner.acquire(timeout=seconds)
        cut = loop.call_at(until, _end, connection)
        try:
            yield connection
        except Exception as error:
            # What a connection that was cut raises is asyncpg's affair: an AttributeError, between two of its steps.
            if data_fault(error) or (loop.time() < until and not isinstance(error, DATABASE_AWAY)):
                raise
            _end(connection)
            if loop.time() < until:
                raise
            await self._inner.expire_connections()  # the others lead to the same host
            raise TimeoutError(f"the database did not answer within {seconds:g} s") from error
        finally:
            cut.cancel()
            with suppress(*DATABASE_AWAY):  # what was done is done; asyncpg has ended the connection
                await self._inner.release(connection, timeout=RELEASE_SECONDS)

    async def execute(self, query: str, *arguments: object) -> str:
        """Run a statement on one of the connections; return its status."""
        async with self.acquire() as connection:
            status: str = await connection.execute(query, *arguments)
            return status

    async def fetch(self, query: str, *arguments: object) -> list[asyncpg.Record]:
        """Fetch rows by one of the connections."""
        async with self.acquire() as connection:
            return list(await connection.fetch(query, *arguments))

    async def fetchrow(self, query: str, *arguments: object) -> asyncpg.Record | None:
        """Fetch one row by one of the connections; None without any."""
        async with self.acquire() as connection:
            return await connection.fetchrow(query, *arguments)

    async def fetchval(self, query: str, *arguments: object) -> Any:
        """Fetch one value by one of the connections."""
        async with self.acquire() as connection:
            return await connection.fetchval(query, *arguments)

    async def close(self) -> None:
        """Wait until every connection has been given back, then close it."""
        await self._inner.close()

    def terminate(self) -> None:
        """End every connection at once."""
        self._inner.terminate()


class DatabaseError(Exception):
    """The database can't be used as it is. Its text says what to do."""


async def open_pool(
    url: str | Hosts,
    *,
    size: int,
    application_name: str,
    settings: Mapping[str, str] | None = None,
    limit: float = WORK_SECONDS,
) -> Pool:
    """Open `size` connections to a server of PostgreSQL 18 or later. Raises DatabaseError for an older one.

    `settings` are the server's own (`work_mem` and the like), for these connections only; `limit` (s) is for all
    that is done on one of them at once.
    """
    names = {"application_name": application_name, "timezone": "UTC"}
    pool = await Pool.open(url, size=size, settings={**names, **(settings or {})}, limit=limit)
    server = await pool.fetchval("SELECT current_setting('server_version_num')::int")
    if server < OLDEST_SERVER:
        await close_pool(pool)
        raise DatabaseError(f"KIP_DATABASE_URL: expected PostgreSQL 18 or later, got {server // 10_000}")
    return pool


async def close_pool(pool: Pool) -> None:
    """Close the pool, bounded: asyncpg's close() can hang on a pending cancel (1356 in its tracker)."""
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await pool.close()
    except TimeoutError:
        pool.terminate()
