"""A database that takes a connection and says nothing holds nobody up."""

import asyncio
import time

import asyncpg
import pytest

from shared.database.connections import Hosts, Pool, each_host
from tests.conftest import Postgres
from tests.frozen import frozen


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql://u:p@a/d", ["postgresql://u:p@a/d"]),
        (
            "postgresql://u:p@a:1,b:2/d?target_session_attrs=read-write",
            [
                "postgresql://u:p@a:1/d?target_session_attrs=read-write",
                "postgresql://u:p@b:2/d?target_session_attrs=read-write",
            ],
        ),
        ("postgresql://u@[::1]:1,b/d", ["postgresql://u@[::1]:1/d", "postgresql://u@b/d"]),
        ("postgresql:///d?host=a,b&port=1,2", ["postgresql:///d?host=a&port=1", "postgresql:///d?host=b&port=2"]),
        ("postgresql:///d?host=a,b&port=1", ["postgresql:///d?host=a&port=1", "postgresql:///d?host=b&port=1"]),
    ],
)
def test_a_url_is_taken_apart_by_its_hosts(url: str, hosts: list[str]) -> None:
    assert each_host(url) == hosts


def test_hosts_and_ports_that_don_t_match_are_refused() -> None:
    with pytest.raises(ValueError, match="2 hosts and 3 ports"):
        each_host("postgresql:///d?host=a,b&port=1,2,3")


@pytest.fixture
async def silent() -> asyncio.Server:
    """A server that takes connections and never says a word, as a frozen one does."""
    server = await asyncio.start_server(lambda _reader, _writer: asyncio.sleep(3600), "127.0.0.1", 0)
    yield server
    server.close()


async def test_the_second_host_is_reached_behind_a_frozen_first(silent: asyncio.Server, database_url: str) -> None:
    port = silent.sockets[0].getsockname()[1]
    user, _, rest = database_url.partition("@")
    hosts = Hosts(f"{user}@127.0.0.1:{port},{rest}")
    for seconds in (0.5, 60.0):  # the one that answered is asked first from then on
        async with asyncio.timeout(30):
            connection = await hosts.connect(seconds=seconds)
        assert await connection.fetchval("SELECT 1") == 1
        await connection.close()


async def test_with_every_host_silent_the_error_comes_in_time(silent: asyncio.Server) -> None:
    port = silent.sockets[0].getsockname()[1]
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(30):
            await Hosts(f"postgresql://u@127.0.0.1:{port},127.0.0.1:{port}/d").connect(seconds=0.2)


async def test_work_on_a_database_that_freezes_ends_in_time_and_its_connection_is_not_used_again(
    postgres: Postgres, database_url: str
) -> None:
    pool = await Pool.open(database_url, size=1, settings={})
    started = asyncio.Event()

    async def work() -> None:
        async with pool.acquire(limit=1) as connection, connection.transaction():
            await connection.execute("CREATE TABLE IF NOT EXISTS held (x int)")
            started.set()
            await connection.execute("SELECT pg_sleep(3600)")

    running = asyncio.create_task(work())
    await started.wait()
    began = time.monotonic()
    with frozen(postgres.pid):
        with pytest.raises(TimeoutError, match="within 1 s"):
            await running
        ended = time.monotonic() - began
    assert ended < 10
    async with asyncio.timeout(30):
        assert await pool.fetchval("SELECT to_regclass('held')") is None  # rolled back
    await pool.close()


async def test_a_session_that_was_refused_is_thrown_away(postgres: Postgres, database_url: str) -> None:
    """A session that was opened while the database was read-only stays so for ever."""
    database = database_url.rpartition("/")[2]
    postgres.execute(f'ALTER DATABASE "{database}" SET default_transaction_read_only = on')
    pool = await Pool.open(database_url, size=1, settings={})
    with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
        await pool.execute("CREATE TABLE kept (x int)")
    postgres.execute(f'ALTER DATABASE "{database}" RESET default_transaction_read_only')
    await pool.execute("CREATE TABLE kept (x int)")
    await pool.close()


async def test_a_fault_of_the_data_costs_no_connection(database_url: str) -> None:
    pool = await Pool.open(database_url, size=1, settings={})
    session = await pool.fetchval("SELECT pg_backend_pid()")
    with pytest.raises(asyncpg.DivisionByZeroError):
        await pool.fetchval("SELECT 1 / 0")
    assert await pool.fetchval("SELECT pg_backend_pid()") == session
    await pool.close()


async def test_whatever_a_connection_that_was_cut_raises_the_database_was_away(database_url: str) -> None:
    """asyncpg's own slips included: cut between two of its steps it asks None for `bind_execute`."""
    pool = await Pool.open(database_url, size=1, settings={})

    async def fail_after(seconds: float) -> None:
        async with pool.acquire(limit=0.2) as connection:
            assert await connection.fetchval("SELECT 1") == 1
            await asyncio.sleep(seconds)
            raise AttributeError("'NoneType' object has no attribute 'bind_execute'")

    try:
        with pytest.raises(TimeoutError, match=r"did not answer within 0\.2 s"):
            await fail_after(0.4)
        with pytest.raises(AttributeError):  # one's own, in time
            await fail_after(0)
        assert await pool.fetchval("SELECT 1") == 1
    finally:
        pool.terminate()
