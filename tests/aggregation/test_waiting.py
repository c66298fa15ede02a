"""An event dies only where it is proven bad alone: a database or a service that refuses everything proves nothing."""

from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from services.aggregation.contribution import Contributor
from services.aggregation.control import control_event
from services.aggregation.poison_check import fault_of
from shared.database.connections import Connection
from shared.domain.events import Kind, ObligationChange
from tests.aggregation.registry import PROGRAMME
from tests.aggregation.test_apply import C, apply, canonical, whole
from tests.sqlstates import OF_ANYTHING_ELSE
from tests.system import counselling

TRIGGER = """
    CREATE FUNCTION public.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF TG_ARGV[1] = 'all' OR NEW.id = 'bad' THEN RAISE EXCEPTION 'made up' USING ERRCODE = TG_ARGV[0]; END IF;
        RETURN NEW;
    END $$;
    CREATE TRIGGER refuse BEFORE INSERT ON aggregation.ledger
    FOR EACH ROW EXECUTE FUNCTION public.refuse('{state}', '{which}')
"""
DEAD = "SELECT event->>'id' FROM aggregation.dead ORDER BY number"
BATCH = [canonical(counselling(record=f"r{number}", id="bad" if number == 3 else f"e{number}")) for number in range(8)]


@pytest.fixture
async def connection(loaded_database: str) -> AsyncIterator[Connection]:
    opened = await asyncpg.connect(loaded_database)
    yield opened
    await opened.close()


async def dead(connection: Connection) -> list[str]:
    return [row[0] for row in await connection.fetch(DEAD)]


@pytest.mark.parametrize("state", ["22003", "23514", "54000"])
async def test_what_the_database_refuses_alone_for_its_data_dies_alone(connection: Connection, state: str) -> None:
    await connection.execute(TRIGGER.format(state=state, which="bad"))
    outcomes = await apply(connection, *BATCH)
    assert outcomes == {"activity.recorded applied": 7, "activity.recorded dead": 1}
    assert await dead(connection) == ["bad"]
    assert (await whole(connection, "VN", C))[0] == 7


@pytest.mark.parametrize("state", ["22003", "23514", "54000"])
async def test_a_database_that_refuses_every_event_s_data_proves_nothing(connection: Connection, state: str) -> None:
    await connection.execute(TRIGGER.format(state=state, which="all"))
    with pytest.raises(asyncpg.PostgresError):
        await apply(connection, *BATCH)
    assert await dead(connection) == []
    await connection.execute("DROP TRIGGER refuse ON aggregation.ledger")
    assert await apply(connection, *BATCH) == {"activity.recorded applied": 8}


@pytest.mark.parametrize("state", ["53100", "58030", "XX000", "42501", "25006", "55P03", "P0001", "ZZZZZ"])
async def test_an_event_that_is_refused_for_anything_else_waits(connection: Connection, state: str) -> None:
    await connection.execute(TRIGGER.format(state=state, which="bad"))
    with pytest.raises(asyncpg.PostgresError):
        await apply(connection, *BATCH)
    assert await dead(connection) == []


async def test_an_event_that_is_refused_by_an_error_of_any_other_class_waits(connection: Connection) -> None:
    assert len(OF_ANYTHING_ELSE) > 30
    for state in OF_ANYTHING_ELSE.values():
        await connection.execute(TRIGGER.format(state=state, which="bad"))
        with pytest.raises(asyncpg.PostgresError) as refused:
            await apply(connection, *BATCH)
        assert (refused.value.sqlstate, await dead(connection)) == (state, [])
        await connection.execute("DROP TRIGGER refuse ON aggregation.ledger; DROP FUNCTION public.refuse")
    assert await apply(connection, *BATCH) == {"activity.recorded applied": 8}


@pytest.mark.parametrize("fault", [KeyError("ours"), RuntimeError("ours"), TypeError("ours"), ZeroDivisionError()])
async def test_a_fault_of_ours_kills_no_event(
    connection: Connection, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    def broken(*_: object) -> None:
        raise fault

    with monkeypatch.context() as patch:
        patch.setattr(Contributor, "add", broken)
        with pytest.raises(type(fault)):
            await apply(connection, *BATCH)
    assert await dead(connection) == []
    assert await apply(connection, *BATCH) == {"activity.recorded applied": 8}


async def test_a_fault_of_ours_at_one_event_alone_stops_no_other(
    connection: Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    sound_add = Contributor.add

    def broken(self: Contributor, delta: Any, event: Any, sign: int) -> None:
        if event.data["record"] == "r3":
            raise KeyError("ours")
        sound_add(self, delta, event, sign)

    with monkeypatch.context() as patch:
        patch.setattr(Contributor, "add", broken)
        assert await apply(connection, *BATCH) == {"activity.recorded applied": 7, "activity.recorded dead": 1}
    assert await dead(connection) == ["bad"]


@pytest.mark.parametrize("kind", [*Kind, *(change.kind for change in ObligationChange)])
async def test_the_control_event_of_each_kind_is_sound_and_applied(connection: Connection, kind: str) -> None:
    control = control_event(kind, PROGRAMME, "06412@1", "20@2")
    assert fault_of(control) is None
    assert await apply(connection, control) == {f"{kind} applied": 1}
