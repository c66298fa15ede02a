"""The load has the shares that it is described with, and is the same from the same seed."""

import json
from collections import Counter
from pathlib import Path

import pytest

from bench.load import Load, make_load
from shared.domain.units import Units
from tests.shipped import shipped_programme, shipped_units

ROOT = Path(__file__).resolve().parents[2]
COUNT = 20_000


@pytest.fixture(scope="module")
def units() -> Units:
    return shipped_units()


@pytest.fixture(scope="module")
def load(units: Units) -> Load:
    return make_load(shipped_programme(), units, ["19@1", "20@1"], COUNT, "a seed")


def test_kinds_duplicates_and_corrections_have_their_shares(load: Load) -> None:
    events = [json.loads(event) for event in load.events]
    kinds = Counter(event["type"] for event in events)
    assert kinds["vn.kip.activity.recorded.v1"] / COUNT == pytest.approx(0.70, abs=0.015)
    assert kinds["vn.kip.indicator.reported.v1"] / COUNT == pytest.approx(0.25, abs=0.015)
    assert kinds["vn.kip.report.submitted.v1"] / COUNT == pytest.approx(0.05, abs=0.01)
    distinct = {event["id"]: event for event in events}
    assert 1 - len(distinct) / COUNT == pytest.approx(0.05, abs=0.01)
    assert len(distinct) == load.identities, "a duplicate is the same to the byte"
    corrected = sum(event["data"]["revision"] > 0 for event in distinct.values())
    assert corrected / COUNT == pytest.approx(0.03, abs=0.01)


def test_units_lie_in_the_two_provinces_and_both_ladders_are_climbed(load: Load, units: Units) -> None:
    days = {(event["subject"], event["time"][:10]) for event in map(json.loads, load.events)}
    wanted = {units.province_of("19@1"), units.province_of("20@1")}
    assert {units.province_of(unit.uid) for code, _ in days for unit in units.by_code(code)} & wanted == wanted
    assert {day < "2025-07-01" for _, day in days} == {True, False}


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(load: Load, units: Units) -> None:
    programme = shipped_programme()
    assert make_load(programme, units, ["19@1", "20@1"], 300, "a seed").events == load.events[:300]
    assert make_load(programme, units, ["19@1", "20@1"], 300, "another").events != load.events[:300]


def test_batches_hold_every_event_in_order(load: Load) -> None:
    batches = [json.loads(body) for body in load.batches(7_000)]
    assert [len(batch) for batch in batches] == [7_000, 7_000, 6_000]
    assert [event["id"] for batch in batches for event in batch] == [json.loads(event)["id"] for event in load.events]
