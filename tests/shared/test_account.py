"""A service's account in its schema: one auditor at a time, none before a replay, and nothing kept for ever."""

from collections.abc import AsyncIterator

import asyncpg
import pytest

from shared.broker.message import Note, new_id
from shared.database.connections import Connection
from shared.journal.account_store import AccountStore, Fate, Position, Schema, Standing
from tests.system import migrate

SCHEMAS: tuple[Schema, ...] = ("aggregation", "notifications")
ONE, TWO = new_id(), new_id()
UNKNOWN = Standing(None, None)


@pytest.fixture(params=SCHEMAS)
def account(request: pytest.FixtureRequest) -> AccountStore:
    return AccountStore(request.param)


@pytest.fixture
async def connection(database_url: str) -> AsyncIterator[Connection]:
    migrate(database_url)
    opened = await asyncpg.connect(database_url)
    yield opened
    await opened.close()


async def test_one_audits_at_a_time_and_goes_on_where_the_other_was(
    account: AccountStore, connection: Connection
) -> None:
    assert await account.lease(connection, ONE, 60) == "begin"
    assert await account.lease(connection, TWO, 60) is None
    await account.save(connection, ONE, Position(12, TWO), UNKNOWN)
    await account.save(connection, TWO, Position(99, ONE), UNKNOWN)  # who has lost the lease says nothing any more
    assert await account.lease(connection, ONE, 60) == Position(12, TWO)
    await account.let_go(connection, TWO)
    assert await account.lease(connection, TWO, 60) is None
    await account.let_go(connection, ONE)
    assert await account.lease(connection, TWO, 0) == Position(12, TWO)
    assert await account.lease(connection, ONE, 60) == Position(12, TWO)  # the other one's time is over


async def test_nobody_audits_before_a_restore_is_replayed(account: AccountStore, connection: Connection) -> None:
    assert await account.lease(connection, ONE, 60) == "begin"
    await connection.execute("SELECT registry.note_restore(now())")
    assert await account.lease(connection, ONE, 60) is None
    await account.move(connection, Position(7, None))
    await connection.execute("UPDATE registry.restore SET replayed_at = now()")
    assert await account.lease(connection, ONE, 60) == Position(7, None)


async def test_what_is_older_than_the_journal_is_forgotten_a_part_at_a_time(
    account: AccountStore, connection: Connection
) -> None:
    ids = [new_id() for _ in range(5)]
    await account.note(connection, [Note("q", each) for each in ids], Fate.APPLIED)
    await account.note(connection, [Note("q", each) for each in ids], Fate.REPUBLISHED)  # noted once
    table = f"{account.schema}.applied_message"
    await connection.execute(f"UPDATE {table} SET noted_at = now() - interval '9 days' WHERE message <> '{ids[0]}'")  # noqa: S608
    assert [await account.forget(connection, 8.0, 3) for _ in range(3)] == [3, 1, 0]
    assert await account.noted(connection, ids) == {ids[0]}
