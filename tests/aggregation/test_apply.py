"""One batch, one transaction, against a real PostgreSQL."""

import json
from collections.abc import AsyncIterator
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from services.aggregation.apply import apply_batch
from services.aggregation.contribution import Contributor
from services.aggregation.record_subject import UnknownToUsError
from shared.database.connections import Connection
from tests.aggregation.registry import REGISTRY
from tests.system import access, counselling, event

NOW = datetime(2023, 3, 20, tzinfo=UTC)


@pytest.fixture
async def connection(loaded_database: str) -> AsyncIterator[Connection]:
    opened = await asyncpg.connect(loaded_database)
    yield opened
    await opened.close()


def canonical(made: dict[str, Any], **stamps: Any) -> dict[str, Any]:
    code = made["subject"]
    subject = code if "@" in code else f"{code}@1"
    province = REGISTRY.units.province_of(subject)
    return {**made, "subject": subject, "sender": "app", "acceptedat": NOW.isoformat(), "province": province, **stamps}


async def apply(connection: Connection, *events: dict[str, Any]) -> dict[str, int]:
    applied = await apply_batch(lambda: nullcontext(connection), 0, events, Contributor(REGISTRY), NOW)
    return {f"{kind} {outcome}": number for (kind, outcome), number in applied.outcomes.items()}


async def whole(connection: Connection, unit: str, subject: str) -> tuple[int, ...]:
    row = await connection.fetchrow(
        """SELECT sum(records)::int, sum(reported)::int, sum(numerator)::int, sum(denominator)::int, sum(people)::int
           FROM aggregation.part WHERE unit = $1 AND subject = $2 AND by = ''""",
        unit,
        subject,
    )
    assert row is not None
    return tuple(row)


A, C = "indicator:child-service-access", "activity:parent-counselling"


async def test_a_duplicate_changes_nothing(connection: Connection) -> None:
    one = canonical(access())
    assert await apply(connection, one, one) == {
        "indicator.reported applied": 1,
        "indicator.reported duplicate": 1,
    }
    assert await apply(connection, one) == {"indicator.reported duplicate": 1}
    for unit in ("06412@1", "186@1", "20@1", "VN"):
        assert await whole(connection, unit, A) == (1, 1, 412, 530, 0)


async def test_the_same_identity_with_another_body_is_put_aside(connection: Connection) -> None:
    first = canonical(access(numerator=400, id="same"))
    second = canonical(access(numerator=500, id="same"))
    await apply(connection, first)
    assert await apply(connection, second) == {"indicator.reported conflict": 1}
    assert await whole(connection, "VN", A) == (1, 1, 400, 530, 0)
    kept = await connection.fetch("SELECT id, data->>'numerator' AS numerator FROM aggregation.conflict")
    assert [(row["id"], row["numerator"]) for row in kept] == [("same", "500")]


async def test_a_correction_replaces_at_every_level_in_any_order(connection: Connection) -> None:
    await apply(connection, canonical(access(numerator=500, revision=2)))
    assert await apply(connection, canonical(access(numerator=100, revision=1))) == {"indicator.reported superseded": 1}
    assert await whole(connection, "186@1", A) == (1, 1, 500, 530, 0)
    await apply(connection, canonical(access(numerator=300, revision=3)))
    for unit in ("06412@1", "186@1", "20@1", "VN"):
        assert await whole(connection, unit, A) == (1, 1, 300, 530, 0)


async def test_a_withdrawal_subtracts_and_a_higher_revision_revives(connection: Connection) -> None:
    await apply(connection, canonical(counselling(record="r", revision=1, parents=10)))
    retracted = event("record.retracted", "06412", {"record": "r", "revision": 2})
    await apply(connection, canonical(retracted))
    assert await whole(connection, "VN", C) == (0, 0, 0, 0, 0)
    await apply(connection, canonical(counselling(record="r", revision=3, parents=30)))
    assert await whole(connection, "VN", C) == (1, 0, 0, 0, 30)


async def test_superseding_replaces_the_former_record(connection: Connection) -> None:
    newer = counselling(record="new", parents=7)
    newer["data"]["supersedes"] = "old"
    await apply(connection, canonical(newer))
    await apply(connection, canonical(counselling(record="old", revision=9, parents=50)))
    assert await whole(connection, "20@1", C) == (1, 0, 0, 0, 7)


async def test_an_event_that_cannot_be_applied_dies_alone_with_its_reason(connection: Connection) -> None:
    poison = canonical(access(subject="06388"))
    poison["data"]["indicator"] = "gone"
    nothing = {"type": "vn.kip.activity.recorded.v1"}
    outcomes = await apply(connection, canonical(access()), poison, nothing)
    assert outcomes == {
        "indicator.reported applied": 1,
        "indicator.reported dead": 1,
        "activity.recorded dead": 1,
    }
    dead = await connection.fetch("SELECT reason, event FROM aggregation.dead ORDER BY number")
    assert [json.loads(row["event"]).get("id") for row in dead] == [None, poison["id"]]
    assert "KeyError: 'gone'" in dead[1]["reason"]
    assert await whole(connection, "VN", A) == (1, 1, 412, 530, 0)


async def test_a_unit_that_the_registry_lacks_stops_the_batch_before_it_writes(connection: Connection) -> None:
    stranger = canonical(access())
    stranger["subject"] = "00000@3"
    with pytest.raises(UnknownToUsError, match="00000@3"):
        await apply(connection, canonical(counselling()), stranger)
    assert await connection.fetchval("SELECT count(*) FROM aggregation.ledger") == 0


async def test_a_moved_activity_leaves_its_old_unit(connection: Connection) -> None:
    await apply(connection, canonical(counselling("06412", record="r", parents=10)))
    await apply(connection, canonical(counselling("06388", record="r", revision=1, parents=12)))
    assert await whole(connection, "06412@1", C) == (0, 0, 0, 0, 0)
    assert await whole(connection, "06388@1", C) == (1, 0, 0, 0, 12)
    assert await whole(connection, "186@1", C) == (1, 0, 0, 0, 12)
