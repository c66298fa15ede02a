"""What the write path notes of figures that officers have handed in, in whatever order their events are applied."""

import itertools
import json
from collections.abc import AsyncIterator
from contextlib import nullcontext
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from services.aggregation import handed_in_store
from services.aggregation.announcer import FigureAnnouncer
from services.aggregation.apply import apply_batch
from services.aggregation.contribution import Contributor
from services.aggregation.handed_in import Place
from services.notifications.obligations.figure_changes import FigureChange, figure_change_of, newest
from shared.database.connections import Connection, close_pool, open_pool
from shared.domain.canonical import decode, decode_batch
from shared.programme.folder import load_programme
from shared.registry.snapshot import Registry
from tests.acting import current
from tests.aggregation.registry import REGISTRY
from tests.sharing import OTHER, SHIPPED, other_plan, write_folder
from tests.sharing import access as shared_access
from tests.system import access, event

NOW = datetime(2023, 3, 20, 1, tzinfo=UTC)
RECORD = "indicator:ecd-1437:child-service-access:06412@1:ubnd-xa:2023-Q1"


@pytest.fixture
async def connection(loaded_database: str) -> AsyncIterator[Connection]:
    opened = await asyncpg.connect(loaded_database)
    yield opened
    await opened.close()


def travelled(made: dict[str, Any], minutes: int, sender: str = "app", **marks: str) -> dict[str, Any]:
    """The event as it travels, accepted so many minutes after eight."""
    subject = made["subject"] if "@" in made["subject"] else f"{made['subject']}@1"
    accepted = (NOW + timedelta(minutes=minutes)).isoformat()
    province = REGISTRY.units.province_of(subject)
    return {**made, "subject": subject, "sender": sender, "acceptedat": accepted, "province": province, **marks}


def handed_in(made: dict[str, Any], minutes: int) -> dict[str, Any]:
    return travelled(current({**made, "source": "/kip/board"}), minutes, "kip-board", officer="12.0")


def withdrawn(minutes: int, revision: int) -> dict[str, Any]:
    data = {"indicator": "child-service-access", "agency": "ubnd-xa", "period": "2023-Q1", "revision": revision}
    return travelled(event("record.retracted", "06412", data), minutes)


async def apply(connection: Connection, *events: dict[str, Any], registry: Registry = REGISTRY) -> int:
    applied = await apply_batch(lambda: nullcontext(connection), 0, events, Contributor(registry), NOW)
    return applied.figure_changes


async def noted(connection: Connection) -> list[FigureChange]:
    """What notifications makes of all that waits to be told."""
    async with connection.transaction():
        changes = await handed_in_store.changes(connection, await handed_in_store.take(connection, 1000))
    found = [figure_change_of(change.event) for change in changes]
    return newest(change for change in found if change is not None)


async def test_a_push_after_the_hand_in_is_noted_with_what_counted_and_what_counts(connection: Connection) -> None:
    assert await apply(connection, handed_in(access(numerator=412), 0)) == 0
    assert await apply(connection, travelled(access(numerator=390, revision=3), 5)) == 1
    (change,) = await noted(connection)
    assert (change.record, change.unit, change.agency, change.period) == (RECORD, "06412@1", "ubnd-xa", "2023-Q1")
    assert (change.before, change.now) == ('{"numerator":412,"denominator":530}', '{"numerator":390,"denominator":530}')
    assert (change.changed_by, change.changed_at) == ("app", NOW + timedelta(minutes=5))
    assert (change.sender, change.source, change.differs) == ("kip-board", "/kip/board", True)


async def test_what_counts_no_more_than_it_did_or_was_handed_in_by_nobody_is_not_noted(connection: Connection) -> None:
    assert await apply(connection, travelled(access("06427", 5), 0), travelled(access("06427", 6, revision=1), 1)) == 0
    assert await apply(connection, travelled(access(numerator=400, revision=7), 0)) == 0
    assert await apply(connection, handed_in(access(numerator=412), 1)) == 1  # it took a figure's place: it is told so
    older = travelled(access(numerator=390, revision=3), 5)  # than revision 7, which lost to the hand-in
    assert await apply(connection, older) == 0
    assert await apply(connection, older) == 0
    (change,) = await noted(connection)
    assert not change.differs
    same = travelled(access(numerator=412, revision=8), 6)
    assert await apply(connection, same) == 1
    (change,) = await noted(connection)
    assert not change.differs


async def test_a_withdrawal_by_another_and_the_officers_correction(connection: Connection) -> None:
    await apply(connection, handed_in(access(numerator=412), 0))
    await apply(connection, withdrawn(5, 4))
    (change,) = await noted(connection)
    assert (change.now, change.differs) == (None, True)
    await apply(connection, handed_in(access(numerator=411), 9))
    (change,) = await noted(connection)
    assert (change.before, change.differs) == ('{"numerator":411,"denominator":530}', False)


@pytest.mark.parametrize("order", list(itertools.permutations(range(4))))
async def test_in_every_order_the_last_that_is_told_is_how_it_is(
    connection: Connection, order: tuple[int, ...]
) -> None:
    events = [
        travelled(access(numerator=400, revision=1), 0),
        handed_in(access(numerator=412), 10),
        travelled(access(numerator=395, revision=2), 20),
        travelled(access(numerator=390, revision=3), 30),
    ]
    for number in order:
        await apply(connection, events[number], events[number])
    (change,) = await noted(connection)
    assert (change.before, change.now, change.changed_at) == (
        '{"numerator":412,"denominator":530}', '{"numerator":390,"denominator":530}', NOW + timedelta(minutes=30)
    )  # fmt: skip


async def test_another_programme_that_shares_the_figure_changes_it_too(connection: Connection, tmp_path: Path) -> None:
    other = load_programme(write_folder(tmp_path, other_plan()))
    registry = replace(REGISTRY, programmes={**REGISTRY.programmes, OTHER: other})
    await connection.execute(
        "INSERT INTO aggregation.shape (province, fingerprint, names) VALUES ('20@2', '', $1)", registry.families.mark
    )
    await apply(connection, handed_in(shared_access(SHIPPED, "06412", "2024-Q1", 80), 0), registry=registry)
    pushed = travelled(shared_access(OTHER, "06412", "2024-Q1", 70, revision=2), 5)
    assert await apply(connection, pushed, registry=registry) == 1
    (change,) = await noted(connection)
    assert (change.programme, change.indicator, change.differs) == (SHIPPED, "child-service-access", True)
    assert change.now == '{"numerator":70,"denominator":100}'


async def test_what_waits_is_published_once_and_again_where_the_broker_did_not_confirm(
    connection: Connection, loaded_database: str
) -> None:
    await apply(connection, handed_in(access(numerator=412), 0), travelled(access(numerator=390, revision=3), 5))
    bodies: list[bytes] = []

    async def publish(body: bytes) -> None:
        bodies.append(body)
        if len(bodies) == 1:
            raise TimeoutError

    pool = await open_pool(loaded_database, size=2, application_name="kip-tests")
    announcer = FigureAnnouncer(lambda: pool, publish)
    with pytest.raises(TimeoutError):
        await announcer.announce()
    assert [await announcer.announce(), await announcer.announce()] == [1, 0]
    await close_pool(pool)
    assert bodies[0] == bodies[1]
    (told,) = (decode(event) for event in decode_batch(bodies[1]))
    assert (told.kind, told.unit, told.sender) == ("figure.changed", "06412@1", "kip-aggregation")


# What officers of 500 communes of a province have handed in: twenty figures a quarter, and as many activities. One of
# the communes has done so for 60 years.
HANDED_IN = """
    INSERT INTO aggregation.ledger
           (batch, time, accepted_at, province, sender, source, id, kind, unit, fingerprint, data, officer)
    SELECT 1, $1::timestamptz, $1::timestamptz + number * interval '1 minute', $2, 'kip-board', '/kip/board',
           kind || commune || '.' || number, kind, CASE commune WHEN 0 THEN $3 ELSE commune || '@1' END, '',
           json_build_object('programme', 'ecd-1437', 'agency', 'ubnd-xa',
           'period', 2000 + number / 80 || '-Q' || number / 20 % 4 + 1,
           CASE kind WHEN 'indicator.reported' THEN 'indicator' ELSE 'activity' END, 'figure-' || number % 20), '1.0'
    FROM generate_series(0, 499) AS commune
    CROSS JOIN (VALUES ('indicator.reported'), ('activity.recorded')) AS of (kind)
    CROSS JOIN LATERAL generate_series(0, CASE commune WHEN 0 THEN 4799 ELSE 59 END) AS number
"""


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for child in plan.get("Plans", ()) for node in nodes(child))]


@pytest.mark.parametrize("looked_at", [True, False])
async def test_what_officers_handed_in_is_found_without_reading_all_else_of_the_unit(
    connection: Connection, looked_at: bool
) -> None:
    unit = "06412@1"
    province = REGISTRY.units.province_of(unit)
    await connection.execute(HANDED_IN, NOW, province, unit)
    if looked_at:
        await connection.execute("ANALYZE aggregation.ledger")
    asked = [Place(province, unit, "ecd-1437", f"figure-{n}", "ubnd-xa", "2010-Q1") for n in range(20)]
    explained = await connection.fetchval(
        f"EXPLAIN (ANALYZE, FORMAT JSON) {handed_in_store.HANDED_IN}", *zip(*asked, strict=True)
    )
    read = [
        node for node in nodes(json.loads(explained)[0]["Plan"]) if node.get("Relation Name") or "Index Name" in node
    ]
    rows = sum((node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"] for node in read)
    assert 20 <= rows <= 60
    found = await handed_in_store.handed_in(connection, [[place] for place in asked])
    assert [one and one[0] for one in found] == [f"indicator.reported0.{800 + n}" for n in range(20)]
