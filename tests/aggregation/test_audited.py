"""Where a message that got lost goes: to the partitions of today's map, and as it was wherever that has not changed."""

import json

from services.aggregation.audited import again, audited
from shared.journal.reading import Entry
from shared.registry.snapshot import Registry
from tests.aggregation.registry import REGISTRY

LANG_SON, HA_NOI = "06412@1", "00100@1"
TODAY = Registry(
    REGISTRY.units,
    {REGISTRY.units.province_of(LANG_SON): 1, REGISTRY.units.province_of(HA_NOI): 0},
    REGISTRY.programmes,
)


def entry(key: str, *units: str, exchange: str = "kip.events", body: bytes | None = None) -> Entry:
    written = [{"id": str(number), "subject": unit, "data": {}} for number, unit in enumerate(units)]
    return Entry(1, "id", exchange, key, None, 0, is_marker=False, body=body or json.dumps(written).encode())


def test_where_nothing_has_changed_the_message_goes_as_it_was() -> None:
    lost = entry("activity.recorded.1", LANG_SON, LANG_SON)
    assert again(lost, TODAY, 2) == [("activity.recorded.1", lost.body)]


def test_events_of_former_partitions_go_to_those_of_today() -> None:
    lost = entry("activity.recorded.5", LANG_SON, HA_NOI, LANG_SON)
    sent = [(key, [event["id"] for event in json.loads(body)]) for key, body in again(lost, TODAY, 2)]
    assert sent == [("activity.recorded.0", ["1"]), ("activity.recorded.1", ["0", "2"])]


def test_an_unknown_unit_and_what_cannot_be_decoded_go_to_a_queue_that_there_is() -> None:
    unknown, undecodable = entry("problem.raised.5", "nowhere"), entry("problem.raised.5", body=b"[")
    assert again(unknown, TODAY, 2) == [("problem.raised.1", b'[{"id":"0","subject":"nowhere","data":{}}]')]
    assert again(undecodable, TODAY, 2) == [("problem.raised.1", b"[")]


def test_only_what_its_queues_had_is_its_own() -> None:
    own = audited(lambda: TODAY, 2)
    assert own.is_ours(entry("activity.recorded.1"))
    assert own.is_ours(entry("obligation.opened.0", exchange="kip.aggregation"))
    assert not own.is_ours(entry("report.submitted.1", exchange="kip.notifications"))
    assert not own.is_ours(entry("probe"))
    assert own.queue_of(entry("activity.recorded.1")) == "kip.aggregation.1"
    assert own.queue_of(entry("activity.recorded.7")) is None
    assert own.markers == {"kip.aggregation.0": "audit.marker.0", "kip.aggregation.1": "audit.marker.1"}
