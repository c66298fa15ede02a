"""Figures that two programmes share, in any order and through both names: cells = recompute = an independent model.

Whether they share them changes meanwhile, with events on their way.
"""

import asyncio
from collections import defaultdict
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.aggregation.apply import apply_batch
from services.aggregation.consistency.drift import check_province
from services.aggregation.contribution import Contributor
from services.aggregation.record_subject import UnknownToUsError
from services.aggregation.records import RekeyingError
from shared.database.connections import Pool
from shared.programme.folder import load_programme
from shared.registry.snapshot import Registry
from tests.aggregation import model
from tests.aggregation.registry import PROGRAMME, REGISTRY
from tests.aggregation.test_ledger_model import NOW, TABLES
from tests.sharing import ACCESS, NETWORK, OTHER, SHIPPED, other_plan, write_folder

OWN_NAMES = {(OTHER, "access"): (SHIPPED, ACCESS), (OTHER, "network"): (SHIPPED, NETWORK)}
EXPECTED = {SHIPPED: ("2023-Q1", "2025-Q4"), OTHER: ("2024-Q1", "2030-Q4")}
Cell = tuple[str, str, str, str, str]  # (programme, unit, subject, period, by)


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    programme, access, network = draw(st.sampled_from([(SHIPPED, ACCESS, NETWORK), (OTHER, "access", "network")]))
    kind, data = "indicator.reported", {"programme": programme, "revision": draw(st.integers(0, 3))}
    if draw(st.integers(0, 3)):
        period = draw(st.sampled_from(["2023-Q4", "2024-Q1", "2025-Q2", "2026-Q1"]))
        unit = "06427@2" if period == "2026-Q1" else draw(st.sampled_from(["06412@1", "06427@1"]))
        data |= {"indicator": access, "agency": "ubnd-xa", "period": period}
        part = draw(st.integers(0, 50))
        figures: dict[str, Any] = {
            "numerator": part, "denominator": 50,
            "breakdown": [{"by": {"domain": "health"}, "numerator": part, "denominator": 50}] * draw(st.integers(0, 1)),
        }  # fmt: skip
    else:
        unit, period = "20@1", draw(st.sampled_from(["2023-Q4", "2024-Q1"]))
        data |= {"indicator": network, "agency": "ubnd-tinh", "period": period}
        slugs = ("c1-network", "c2-needs-monitoring", "c3-pilot-model")
        figures = {"components": {slug: draw(st.booleans()) for slug in slugs}}
    if draw(st.integers(0, 4)):
        data |= figures
    else:
        kind = "record.retracted"
    if draw(st.booleans()):
        del data["revision"]
    return {
        "specversion": "1.0", "id": f"e{draw(st.integers(0, 10**9))}", "source": draw(st.sampled_from(["/a", "/b"])),
        "type": f"vn.kip.{kind}.v1", "subject": unit, "time": f"2023-03-15T01:00:0{draw(st.integers(0, 4))}Z",
        "data": data, "sender": draw(st.sampled_from(["app", "other"])),
        "acceptedat": f"2023-03-15T02:00:0{draw(st.integers(0, 4))}Z", "province": "20@2",
    }  # fmt: skip


def predicted(accepted: list[dict[str, Any]], *, shared: bool) -> dict[Cell, tuple[int, ...]]:
    """The cells that these events must give: by the plain rules, without a line of the services' code."""
    rivals: defaultdict[Any, list[Any]] = defaultdict(list)
    for event in accepted:
        data = event["data"]
        named = data["programme"], data["indicator"]
        kept = OWN_NAMES.get(named, named) if shared else named
        record = (*kept, event["subject"], data["agency"], data["period"])
        rivals[record].append((data.get("revision"), ".retracted." not in event["type"], event))
    cells: defaultdict[Cell, list[int]] = defaultdict(lambda: [0] * 7)
    for (programme, slug, unit, _, period), versions in rivals.items():
        _, alive, event = model.what_counts(versions)
        if not alive:
            continue
        steps = model.climb(unit, model.last_day(period))
        if slug in {NETWORK, "network"}:
            steps = [step for step in steps if model.UNITS[step]["level"] == "nation"]
        for by, counters in counted(event["data"], programme, period, shared=shared):
            for step in steps:
                sums = cells[programme, step, f"indicator:{slug}", period, by]
                for index, name in enumerate(model.COUNTERS):
                    sums[index] += counters.get(name, 0)
    return {cell: tuple(sums) for cell, sums in cells.items() if any(sums)}


def counted(data: dict[str, Any], programme: str, period: str, *, shared: bool) -> list[tuple[str, dict[str, int]]]:
    """What a live figure counts, and who expects it: of shared ones each programme counts for itself."""
    expects = {slug for slug, (first, last) in EXPECTED.items() if first <= period <= last}
    found = model.figure(data, int(programme in expects))
    besides = [(f"expected by:{OTHER}{',' if by else ''}{by}", {"reported": 1}) for by, _ in found]
    return found + (besides if shared and programme == SHIPPED and OTHER in expects else [])


@pytest.fixture(scope="module")
def registries(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Registry]:
    """By whether the programmes share their figures."""
    made: dict[bool, Registry] = {}
    for shared in (True, False):
        folder: Path = tmp_path_factory.mktemp("programmes")
        other = load_programme(write_folder(folder, other_plan(shared=shared)))
        made[shared] = Registry(REGISTRY.units, {"20@2": 0}, {SHIPPED: PROGRAMME, OTHER: other})
    return made


class Play:
    """A writer with a ledger, whose programmes share their figures or not."""

    def __init__(self, pool: Pool, registries: dict[bool, Registry]) -> None:
        self.pool = pool
        self.contributors = {shared: Contributor(registry) for shared, registry in registries.items()}
        self.shared = False
        self.accepted: list[dict[str, Any]] = []

    async def take(self, batch: list[dict[str, Any]], *, as_shared: bool | None = None) -> None:
        contributor = self.contributors[self.shared if as_shared is None else as_shared]
        async with self.pool.acquire() as connection:
            await apply_batch(lambda: nullcontext(connection), 0, batch, contributor, NOW)
        for event in batch:
            if event not in self.accepted:
                self.accepted.append(event)

    async def change_over(self, waiting: list[dict[str, Any]]) -> None:
        """Share the figures, or no longer; what comes before the rebuild is refused whole, by old names and by new."""
        if waiting:
            with pytest.raises(RekeyingError):
                await self.take(waiting, as_shared=not self.shared)
        self.shared = not self.shared
        await self.rebuild()
        if waiting:
            with pytest.raises(RekeyingError):
                await self.take(waiting, as_shared=not self.shared)

    async def rebuild(self) -> None:
        await check_province(self.pool, "20@2", self.contributors[self.shared], correct=True)

    async def check(self) -> None:
        checked = await check_province(self.pool, "20@2", self.contributors[self.shared])
        assert (checked.cells, checked.records, checked.events) == (0, 0, len(self.accepted))
        rows = await self.pool.fetch("SELECT * FROM aggregation.part")
        cells = {
            tuple(row[name] for name in ("programme", "unit", "subject", "period", "by")): tuple(
                row[name] for name in model.COUNTERS
            )
            for row in rows
        }
        right = predicted(self.accepted, shared=self.shared)
        assert {key: sums for key, sums in cells.items() if any(sums)} == right


def test_cells_equal_the_recompute_and_the_model_whoever_shares_when(
    loaded_database: str, registries: dict[bool, Registry]
) -> None:
    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.data())
    def play(data: st.DataObject) -> None:
        made = data.draw(st.lists(events(), min_size=2, max_size=14, unique_by=lambda event: event["id"]))
        again = data.draw(st.lists(st.sampled_from(made), max_size=4))
        order = data.draw(st.permutations(made + again))
        asyncio.run(run(order, data))

    async def run(order: list[dict[str, Any]], data: st.DataObject) -> None:
        pool = await Pool.open(loaded_database, size=4, settings={})
        try:
            await pool.execute(
                f"TRUNCATE {', '.join(f'aggregation.{name}' for name in (*TABLES.split(', '), 'shape'))}"
            )
            play = Play(pool, registries)
            while order:
                what = data.draw(st.sampled_from(["take", "take", "take", "change", "rebuild"]))
                some = order[: data.draw(st.integers(1, 4))]
                if what == "take":
                    await play.take(some)
                    order = order[len(some) :]
                elif what == "change":
                    await play.change_over(some)
                else:
                    await play.rebuild()
                await play.check()
        finally:
            await pool.close()

    play()


def test_a_figure_whose_root_is_not_loaded_waits_for_it(loaded_database: str, registries: dict[bool, Registry]) -> None:
    both = registries[True]
    alone = replace(both, programmes={OTHER: both.programmes[OTHER]})
    made = {
        "specversion": "1.0", "id": "e1", "source": "/a", "type": "vn.kip.indicator.reported.v1", "subject": "06412@1",
        "time": "2024-03-10T01:00:00Z", "sender": "app", "acceptedat": "2024-03-10T02:00:00Z", "province": "20@2",
        "data": {"programme": OTHER, "indicator": "access", "agency": "ubnd-xa", "period": "2024-Q1", "revision": 0,
                 "numerator": 1, "denominator": 2, "breakdown": []},
    }  # fmt: skip

    async def run() -> None:
        pool = await Pool.open(loaded_database, size=4, settings={})
        try:
            await check_province(pool, "20@2", Contributor(both), correct=True)
            with pytest.raises(UnknownToUsError, match=f"the indicator that {OTHER}/access is the same as"):
                await apply_batch(pool.acquire, 0, [made], Contributor(alone), NOW)
            assert await pool.fetch("SELECT FROM aggregation.ledger") == []
            applied = await apply_batch(pool.acquire, 0, [made], Contributor(both), NOW)
            assert applied.outcomes == {("indicator.reported", "applied"): 1}
        finally:
            await pool.close()

    asyncio.run(run())
