"""Bringing an entry of the journal to where it belongs today."""

import json

from shared.broker import topology
from shared.broker.message import new_id
from shared.journal.reading import Entry
from shared.journal.regrouping import again, kind_of, partition_of
from shared.registry.snapshot import Registry
from tests.notifications.register import read_registry


def entry(key: str, *subjects: str) -> Entry:
    body = json.dumps([{"subject": subject} for subject in subjects]).encode()
    return Entry(1, new_id(), topology.EVENTS.name, key, None, 0, False, body)


def test_what_is_where_it_belongs_stays_byte_for_byte_and_what_is_not_goes_apart() -> None:
    registry = read_registry()
    at_home = registry.partition_of("20@2")
    here = entry(f"report.submitted.{at_home}", "06412@1", "06427@1")
    assert again(here, registry, 4) == [(here.key, here.body)]
    elsewhere = (at_home + 1) % 4
    moved = Registry(
        units=registry.units, programmes=registry.programmes, partitions={**registry.partitions, "20@2": elsewhere}
    )
    assert [key for key, _ in again(here, moved, 4)] == [f"report.submitted.{elsewhere}"]
    apart = again(replace_body(here, "06412@1", "unknown@9"), moved, 4)
    assert {key: [it["subject"] for it in json.loads(body)] for key, body in apart} == {
        f"report.submitted.{elsewhere}": ["06412@1"],
        f"report.submitted.{at_home}": ["unknown@9"],
    }
    broken = here._replace(key="report.submitted.9", body=b"\x00")
    assert again(broken, registry, 4) == [("report.submitted.1", b"\x00")]
    assert again(here._replace(body=b"[]"), registry, 4) == []


def replace_body(old: Entry, *subjects: str) -> Entry:
    return old._replace(body=entry(old.key, *subjects).body)


def test_a_routing_key_of_events_says_its_kind_and_partition() -> None:
    assert (kind_of("report.submitted.12"), partition_of("report.submitted.12")) == ("report.submitted", 12)
    for key in ("probe", "audit.marker", "report.submitted", "report.submitted.x", ""):
        assert (kind_of(key), partition_of(key)) == ("", None)
