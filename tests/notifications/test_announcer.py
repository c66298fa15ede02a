import json

import pytest

from services.notifications.obligations.announcer import Announcer
from shared.domain.events import ObligationChanged
from tests.notifications.field import BEFORE, Field, answer, at, limited


class Sink:
    """Takes what is published; refuses as often as told."""

    def __init__(self):
        self.bodies: list[tuple[str, bytes]] = []
        self.failures = 0

    async def __call__(self, key, body):
        self.bodies.append((key, body))
        if self.failures:
            self.failures -= 1
            raise ConnectionError("the confirm never came")

    def of(self, unit):
        events = [(key, event) for key, body in self.bodies for event in json.loads(body) if event["subject"] == unit]
        return sorted(events, key=lambda item: item[1]["data"]["revision"])


@pytest.fixture
async def field(pool, registry):
    return Field(pool, limited(registry, "186@1", "20@2"))


async def test_every_change_of_an_obligation_is_published_once_and_says_how_it_stands(field):
    sink = Sink()
    announcer = Announcer(field.pool, lambda: field.registry, lambda: at(BEFORE), sink, lambda _: None)
    await field.sweep(BEFORE)
    await field.sweep("2022-12-15 08:00")
    opened = await field.pool.fetchval("SELECT count(*) FROM notifications.obligation")
    assert await announcer.announce() == opened > 0
    await field.sweep("2023-03-17 08:00")
    await field.take(answer(accepted="2023-03-20 09:00"), now="2023-03-20 09:00")
    await field.take(answer("record.retracted", revision=1, accepted="2023-03-21 09:00"), now="2023-03-21 09:00")
    await announcer.announce()
    assert await announcer.announce() == 0
    found = [(key, event) for key, event in sink.of("06412@1") if event["data"]["period"] == "2023-Q1"]
    partition = field.registry.partition_of("20@2")
    assert [(key, event["type"], event["data"]["state"], event["data"]["cycle"]) for key, event in found] == [
        (f"obligation.opened.{partition}", "vn.kip.obligation.opened.v1", "open", 1),
        (f"obligation.overdue.{partition}", "vn.kip.obligation.overdue.v1", "overdue", 1),
        (f"obligation.late_met.{partition}", "vn.kip.obligation.late_met.v1", "late_met", 1),
        (f"obligation.reopened.{partition}", "vn.kip.obligation.reopened.v1", "overdue", 2),
    ]
    for revision, (_, event) in enumerate(found, 1):
        data = ObligationChanged.model_validate(event["data"])
        assert data.revision == revision
        assert event["province"] == "20@2"
    assert found[2][1]["data"]["met_at"] == "2023-03-20T02:00:00Z"
    assert len({event["id"] for _, event in found}) == 4


async def test_what_was_published_but_not_noted_is_published_again_byte_for_byte(field):
    sink = Sink()
    announcer = Announcer(field.pool, lambda: field.registry, lambda: at(BEFORE), sink, lambda _: None)
    await field.sweep(BEFORE)
    await field.sweep("2022-12-15 08:00")
    sink.failures = 1
    with pytest.raises(ConnectionError):
        await announcer.announce()
    await announcer.announce()
    first, second = sink.bodies
    assert first == second
    assert await announcer.announce() == 0


async def test_a_sweep_that_only_looks_changes_nothing_that_is_published(field):
    sink = Sink()
    announcer = Announcer(field.pool, lambda: field.registry, lambda: at(BEFORE), sink, lambda _: None)
    await field.sweep(BEFORE)
    await field.sweep("2023-03-15 00:10")
    await announcer.announce()
    await field.sweep("2023-03-15 08:00")
    assert await announcer.announce() == 0
