"""Whatever comes on the queue in an event's place, it is refused when it is read: nothing repeats for ever."""

import json

import pytest

from services.notifications.obligations.consumer import read_batch, settle
from tests.notifications.field import answer, at
from tests.poison import poisoned

SOUND = {
    "report": answer(),
    "withdrawal": answer("record.retracted", revision=1),
    "indicator": answer("indicator.reported", indicator="child-service-access"),
    "problem": answer("problem.raised", record="p", text="no room"),
}


@pytest.mark.parametrize("kind", SOUND)
async def test_what_is_read_can_be_settled(pool, registry, kind):
    settled = []
    for name, poison in poisoned(SOUND[kind]):
        taken = read_batch([json.loads(json.dumps(poison))], registry)
        await settle(pool.acquire, registry, taken, at("2023-03-16 10:00"))
        if taken.dead:
            continue
        settled.append(name)
    assert len(settled) > 20  # what concerns nobody, or is a text like any other
