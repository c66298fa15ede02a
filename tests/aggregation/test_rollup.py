"""The pure rules of the rollup: any order and any duplication give the recompute."""

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.aggregation.rollup import (
    CellKey,
    Claim,
    Current,
    Delta,
    RecordKey,
    Said,
    claims,
    settle,
    strongest,
)
from shared.programme_folder import load_programme
from shared.registry.snapshot import Registry
from shared.registry.units_file import read_units
from shared.units import Units

ROOT = Path(__file__).resolve().parents[2]
PROGRAMME = load_programme(ROOT / "programmes" / "ecd-1437")
REGISTRY = Registry(units=Units(read_units(ROOT / "data" / "units.csv")), programmes={PROGRAMME.slug: PROGRAMME})
START = datetime(2023, 1, 1, tzinfo=UTC)
COMMUNES = ("06412@1", "06388@1", "06427@2")


class Records:
    """Settles events batch by batch as the service does, with dictionaries in the place of tables."""

    def __init__(self) -> None:
        self.current: dict[RecordKey, Current] = {}
        self.cells: dict[CellKey, list[int]] = {}

    def apply(self, made: list[Claim]) -> None:
        winners, delta = settle(strongest(made), self.current, REGISTRY)
        for claim, _ in winners:
            self.current[claim.key, claim.event.province] = Current(claim.rank, claim.event if claim.alive else None)
        for key, sums in delta.items():
            held = self.cells.setdefault(key, [0] * 7)
            self.cells[key] = [a + b for a, b in zip(held, sums, strict=True)]

    def figures(self) -> dict[CellKey, list[int]]:
        return {key: sums for key, sums in self.cells.items() if any(sums)}


def activity(number: int, unit: str, record: str, revision: int, parents: int, **more: Any) -> Claim | list[Claim]:
    data = {
        "programme": "ecd-1437", "activity": "parent-counselling", "record": record, "revision": revision,
        "held_on": "2023-03-09" if unit.endswith("@1") else "2025-08-01", "agency": "ubnd-xa",
        "participants": {"parent": parents}, "female": parents, "money": [{"line": "f1-state-budget", "amount": 1000}],
        **more,
    }  # fmt: skip
    said = Said("20@2", "app", "activity.recorded", unit, START + timedelta(seconds=number % 5), data)
    return claims(said, "/app", f"e{number}")


def retraction(number: int, unit: str, record: str, revision: int) -> list[Claim]:
    data = {"programme": "ecd-1437", "record": record, "revision": revision}
    return claims(Said("20@2", "app", "record.retracted", unit, START, data), "/app", f"e{number}")


def figure(number: int, unit: str, revision: int, numerator: int) -> list[Claim]:
    data = {
        "programme": "ecd-1437", "indicator": "child-service-access", "agency": "ubnd-xa", "revision": revision,
        "period": "2023-Q1" if unit.endswith("@1") else "2025-Q3", "numerator": numerator, "denominator": 100,
        "breakdown": [{"by": {"domain": "health"}, "numerator": numerator, "denominator": 100}],
    }  # fmt: skip
    return claims(Said("20@2", "app", "indicator.reported", unit, START, data), "/app", f"e{number}")


@st.composite
def histories(draw: st.DrawFn) -> list[list[Claim]]:
    events = []
    for number in range(draw(st.integers(1, 25))):
        unit = draw(st.sampled_from(COMMUNES))
        record = draw(st.sampled_from(["r1", "r2", "r3"]))
        revision = draw(st.integers(0, 3))
        kind = draw(st.sampled_from(["activity", "activity", "supersede", "retract", "figure"]))
        if kind == "figure":
            events.append(figure(number, unit, revision, draw(st.integers(0, 100))))
        elif kind == "retract":
            events.append(retraction(number, unit, record, revision))
        else:
            more = {"supersedes": "r1"} if kind == "supersede" else {}
            events.append(activity(number, unit, record, revision, draw(st.integers(0, 50)), **more))
    return events  # type: ignore[return-value]


@settings(max_examples=200, deadline=None)
@given(histories(), st.integers(0, 2**32), st.integers(1, 7))
def test_any_order_any_duplication_and_any_batching_give_the_same_figures(
    history: list[list[Claim]], seed: int, size: int
) -> None:
    at_once = Records()
    at_once.apply([claim for event in history for claim in event])
    shuffled = random.Random(seed)
    again = history + shuffled.choices(history, k=len(history) // 2)
    shuffled.shuffle(again)
    piecemeal = Records()
    for start in range(0, len(again), size):
        piecemeal.apply([claim for event in again[start : start + size] for claim in event])
    assert piecemeal.figures() == at_once.figures()
    assert {key: record.rank for key, record in piecemeal.current.items()} == {
        key: record.rank for key, record in at_once.current.items()
    }


@settings(max_examples=100, deadline=None)
@given(histories())
def test_cells_equal_what_the_live_records_alone_give(history: list[list[Claim]]) -> None:
    records = Records()
    for event in history:
        records.apply(event)
    recomputed: Delta = {}
    for current in records.current.values():
        if current.said is not None:
            alone = Records()
            alone.apply(claims(current.said, current.rank.source, current.rank.id)[:1])
            for key, sums in alone.cells.items():
                held = recomputed.setdefault(key, [0] * 7)
                recomputed[key] = [a + b for a, b in zip(held, sums, strict=True)]
    assert records.figures() == {key: sums for key, sums in recomputed.items() if any(sums)}


def test_a_figure_climbs_the_ladder_of_its_time() -> None:
    records = Records()
    records.apply(figure(1, "06412@1", 0, 40))
    records.apply(figure(2, "06427@2", 0, 60))
    wholes = {(key.unit, key.period): sums[2] for key, sums in records.figures().items() if not key.by}
    assert wholes == {
        **{(uid, "2023-Q1"): 40 for uid in ("06412@1", "186@1", "20@1", "VN")},
        **{(uid, "2025-Q3"): 60 for uid in ("06427@2", "20@2", "VN")},
    }


def test_an_activity_whose_month_ends_after_the_merger_climbs_through_the_successor() -> None:
    records = Records()
    records.apply(activity(1, "06412@1", "r", 0, 9, held_on="2025-06-20"))  # type: ignore[arg-type]
    wholes = {(key.unit, key.period) for key in records.figures() if not key.by}
    assert wholes == {(uid, "2025-07") for uid in ("06427@2", "20@2", "VN")}


def test_a_districts_model_reaches_the_province_and_the_provinces_own_the_nation() -> None:
    components = {"c1-network": True, "c2-needs-monitoring": True, "c3-pilot-model": True}
    records = Records()
    for number, (unit, agency) in enumerate([("186@1", "ubnd-huyen"), ("20@1", "ubnd-tinh")]):
        data = {
            "programme": "ecd-1437", "indicator": "district-network-model", "agency": agency, "period": "2023-Q1",
            "revision": 0, "components": components,
        }  # fmt: skip
        records.apply(claims(Said("20@2", "app", "indicator.reported", unit, START, data), "/app", str(number)))
    wholes = {key.unit: sums[2] for key, sums in records.figures().items() if not key.by}
    assert wholes == {"186@1": 1, "20@1": 1, "VN": 1}
