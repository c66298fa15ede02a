"""Whatever comes on the queue in an event's place, the rest of its batch counts and the partition goes on."""

import json
import re
from collections.abc import AsyncIterator
from typing import Any

import asyncpg
import pytest

from services.aggregation.poison_check import fault_of
from services.aggregation.record_subject import UnknownToUsError
from shared.database.connections import Connection
from shared.domain.events import NOTIFICATIONS_SENDER
from tests.aggregation.test_apply import C, apply, canonical
from tests.poison import poisoned
from tests.system import access, counselling, event

REPORT = {"report": "progress-quarter", "agency": "ubnd-xa", "period": "2023-Q1"}
OWED = {**REPORT, "state": "open", "cycle": 1, "due_at": "2023-04-10T10:00:00Z", "revision": 0}
SOUND = {
    "activity": counselling(record="p"),
    "indicator": access(subject="06388"),
    "report": event("report.submitted", "06388", REPORT),
    "withdrawal": event("record.retracted", "06388", {"record": "p", "revision": 2}),
    "problem": event("problem.raised", "06388", {"record": "p", "agency": "ubnd-xa", "text": "no room"}),
    "obligation": event("obligation.opened", "06388", OWED),
}
COUNTED = "SELECT records FROM aggregation.cell WHERE (unit, subject) = ('VN', $1)"
# Well formed, and perhaps in a newer register or programme: it waits, as the design says.
STRANGERS = {"unit x", "unit 2023-13", "unit 9999-99-99", "programme x", "programme 2023-13", "programme 9999-99-99"}


@pytest.fixture
async def connection(loaded_database: str) -> AsyncIterator[Connection]:
    opened = await asyncpg.connect(loaded_database)
    yield opened
    await opened.close()


async def outcome(connection: Connection, poison: dict[str, Any]) -> str | None:
    """Apply it beside a sound event, and undo that; None if the sound one counts."""
    attempt = connection.transaction()
    await attempt.start()
    try:
        await apply(connection, canonical(counselling(record="sound")), poison)
        counted = await connection.fetchval(
            "SELECT records FROM aggregation.cell WHERE (unit, subject) = ('VN', $1)", C
        )
        for row in await connection.fetch("SELECT event, reason FROM aggregation.dead"):
            assert json.loads(row["event"])
            assert row["reason"]
    except UnknownToUsError as error:
        return None if str(error) in STRANGERS or "\x1f" in str(error) else f"waits for {str(error)[:40]}"
    except Exception as error:
        return f"{type(error).__name__}: {str(error)[:100]}"
    else:
        return None if counted else "the sound event does not count"
    finally:
        await attempt.rollback()


@pytest.mark.parametrize("kind", SOUND)
async def test_what_intake_would_refuse_dies_alone(connection: Connection, kind: str) -> None:
    stamps = {"sender": NOTIFICATIONS_SENDER} if kind == "obligation" else {}
    sound = canonical(SOUND[kind], **stamps)
    found = {name: await outcome(connection, poison) for name, poison in poisoned(sound)}
    assert len(found) > 150
    assert {name: fault for name, fault in found.items() if fault is not None} == {}


@pytest.mark.parametrize(
    ("changed", "fault"),
    [
        (
            {"type": "vn.kip.census.held.v1"},
            r"type: expected one of 'vn.kip.activity.recorded.v1', .*, got 'vn.kip.census",
        ),
        ({"type": 5}, r"type: expected one of .*, got '5'"),
        ({"type": None}, r"type: expected one of .*, got 'None'|type: expected a value"),
        ({"source": ""}, r"vn.kip.activity.recorded.v1.source: expected a text of 1 characters at least"),
        ({"data": {"programme": 5}}, r"vn.kip.activity.recorded.v1.data\..*: expected"),
        ({"acceptedat": "soon"}, r"acceptedat: expected a time"),
    ],
)
def test_what_is_wrong_with_an_event_names_its_field_and_what_came(changed: dict[str, Any], fault: str) -> None:
    assert re.match(fault, fault_of({**canonical(SOUND["activity"]), **changed}) or "")


def test_an_event_without_a_type_is_told_so() -> None:
    event = canonical(SOUND["activity"])
    del event["type"]
    assert fault_of(event) == "type: expected a value"
