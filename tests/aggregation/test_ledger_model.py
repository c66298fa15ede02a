"""Whatever comes in whatever order, with crashes in between: cells = recompute = an independent model."""

import asyncio
import json
from collections.abc import Coroutine
from contextlib import nullcontext
from datetime import UTC, datetime
from typing import Any, TypeVar

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from services.aggregation.apply import apply_batch
from services.aggregation.consistency.drift import check_province
from services.aggregation.contribution import Contributor
from shared.database.connections import Pool
from shared.domain.canonical import decode_batch
from shared.registry.snapshot import Registry
from tests.aggregation import model
from tests.aggregation.registry import REGISTRY

NOW = datetime(2025, 12, 1, tzinfo=UTC)
OLD, NEW = ("06412@1", "06388@1", "06427@1"), ("06427@2",)
Result = TypeVar("Result")
TABLES = "ledger, conflict, record, contender, cell, dead, progress, drift, checked"


def activities(draw: st.DrawFn) -> tuple[str, str, dict[str, Any]]:
    unit = draw(st.sampled_from((*OLD, *NEW, "186@1", "20@1")))
    day = "2025-08-0{}" if unit in NEW else draw(st.sampled_from(["2023-03-1{}", "2025-06-1{}"]))
    activity = draw(st.sampled_from(["parent-counselling", "planning", "network-referral"]))
    by = {"planning": {"plan-step": "plan-issued"}, "network-referral": {"outcome": "completed"}}.get(activity, {})
    people = draw(st.dictionaries(st.sampled_from(["parent", "caregiver", "child-0-8"]), st.integers(0, 40)))
    data = {
        "activity": activity, "record": draw(st.sampled_from("abc")), "revision": draw(st.integers(0, 3)),
        "held_on": day.format(draw(st.integers(1, 9))), "agency": "ubnd-xa",
        "domain": draw(st.sampled_from([None, "health", "nutrition"])), "by": by, "participants": people,
        "female": draw(st.integers(0, sum(people.values()))),
        "money": [{"line": "f1-state-budget", "amount": 1000}] * draw(st.integers(0, 1)),
        "supersedes": draw(st.sampled_from([None, None, None, "a"])),
    }  # fmt: skip
    return "activity.recorded", unit, data


def access_figures(draw: st.DrawFn) -> tuple[str, str, dict[str, Any]]:
    unit = draw(st.sampled_from((*OLD, *NEW)))
    part = draw(st.integers(0, 100))
    data = {
        "indicator": "child-service-access", "agency": "ubnd-xa", "revision": draw(st.integers(0, 3)),
        "period": "2025-Q3" if unit in NEW else draw(st.sampled_from(["2022-Q4", "2023-Q1", "2025-Q2"])),
        "numerator": part, "denominator": 100,
        "breakdown": [{"by": {"sex": "female", "domain": "health"}, "numerator": part, "denominator": 100}],
    }  # fmt: skip
    return "indicator.reported", unit, data


def network_states(draw: st.DrawFn) -> tuple[str, str, dict[str, Any]]:
    unit = draw(st.sampled_from(["186@1", "20@1"]))
    states = {slug: draw(st.booleans()) for slug in ("c1-network", "c2-needs-monitoring", "c3-pilot-model")}
    data = {
        "indicator": "district-network-model", "agency": "ubnd-huyen" if unit == "186@1" else "ubnd-tinh",
        "period": "2023-Q1", "revision": draw(st.integers(0, 3)), "components": states,
    }  # fmt: skip
    return "indicator.reported", unit, data


def submissions(draw: st.DrawFn) -> tuple[str, str, dict[str, Any]]:
    data = {
        "report": "progress-quarterly", "agency": "ubnd-xa", "period": "2023-Q1", "revision": draw(st.integers(0, 3)),
    }  # fmt: skip
    return "report.submitted", draw(st.sampled_from(OLD)), data


def withdrawals(draw: st.DrawFn) -> tuple[str, str, dict[str, Any]]:
    revision = draw(st.integers(0, 3))
    what = draw(st.sampled_from(["record", "indicator", "report"]))
    unit = draw(st.sampled_from(OLD))
    if what == "record":
        return "record.retracted", unit, {"record": draw(st.sampled_from("abc")), "revision": revision}
    slug = "child-service-access" if what == "indicator" else "progress-quarterly"
    return "record.retracted", unit, {what: slug, "agency": "ubnd-xa", "period": "2023-Q1", "revision": revision}


def obligations(draw: st.DrawFn) -> tuple[str, str, dict[str, Any]]:
    data = {
        "report": "progress-quarterly", "agency": "ubnd-xa", "period": "2023-Q1", "cycle": 1, "met_at": None,
        "state": draw(st.sampled_from(["open", "met", "overdue", "late_met", "waived"])),
        "due_at": "2023-03-16T10:00:00Z", "revision": draw(st.integers(0, 4)),
    }  # fmt: skip
    return "obligation.changed", draw(st.sampled_from(OLD)), data


@st.composite
def events(draw: st.DrawFn) -> dict[str, Any]:
    kinds = [activities, activities, access_figures, network_states, submissions, withdrawals, obligations]
    kind, unit, data = draw(st.sampled_from(kinds))(draw)
    if not kind.startswith("obligation") and draw(st.booleans()):  # a sheet, DHIS2 or Kobo
        del data["revision"]
        former = draw(st.sampled_from([None, None, "e0", "e1", "e2", "e3"]))
        data |= {"deprecates": former} if former else {}
    number = draw(st.integers(0, 3) | st.integers(0, 10**9)) if "revision" not in data else draw(st.integers(0, 10**9))
    return {
        "specversion": "1.0", "id": f"e{number}", "source": draw(st.sampled_from(["/a", "/b"])),
        "type": f"vn.kip.{kind}.v1", "subject": unit, "time": f"2023-03-15T01:00:0{draw(st.integers(0, 4))}Z",
        "data": {"programme": "ecd-1437", **data}, "sender": draw(st.sampled_from(["app", "app", "other"])),
        "acceptedat": f"2023-03-15T02:00:0{draw(st.integers(0, 4))}Z", "province": model.province(unit),
    }  # fmt: skip


class Pipeline(RuleBasedStateMachine):
    """A queue that redelivers, a writer that dies at the worst moments, and the model beside it."""

    url = ""
    messages = Bundle("messages")

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.queue: list[bytes] = []
        self.accepted: dict[tuple[str, ...], dict[str, Any]] = {}

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        return self.runner.run(work)

    @initialize()
    def empty_database(self) -> None:
        async def connect() -> Any:
            pool = await Pool.open(self.url, size=4, settings={})
            tables = ", ".join(f"aggregation.{name}" for name in TABLES.split(", "))
            await pool.execute(f"TRUNCATE {tables}")
            return pool

        self.pool = self.run(connect())
        registry = Registry(REGISTRY.units, {"20@2": 0}, REGISTRY.programmes)
        self.contributor = Contributor(registry)

    @rule(target=messages, event=events())
    def publish(self, event: dict[str, Any]) -> dict[str, Any]:
        self.queue.append(json.dumps([event]).encode())
        return event

    @rule(event=messages)
    def publish_again(self, event: dict[str, Any]) -> None:
        self.queue.append(json.dumps([event, event]).encode())

    @rule(event=messages, second=st.integers(0, 4))
    def publish_a_copy_that_was_accepted_at_another_time(self, event: dict[str, Any], second: int) -> None:
        self.queue.append(json.dumps([{**event, "acceptedat": f"2023-03-15T02:00:0{second}Z"}]).encode())

    @rule(event=messages)
    def publish_another_body_under_the_same_identity(self, event: dict[str, Any]) -> None:
        data = {**event["data"], "revision": event["data"].get("revision", 0) + 1}
        self.queue.append(json.dumps([{**event, "data": data}]).encode())

    @rule(data=st.data(), fate=st.sampled_from(["ack", "ack", "crash before ack", "crash before commit"]))
    def consume(self, data: st.DataObject, fate: str) -> None:
        if not self.queue:
            return
        order = data.draw(st.permutations(range(len(self.queue))))
        taken = order[: data.draw(st.integers(1, len(order)))]
        batch = [event for index in taken for event in decode_batch(self.queue[index])]
        self.run(self.flush(batch, commit=fate != "crash before commit"))
        if fate != "crash before commit":
            for event in batch:
                identity = tuple(event[name] for name in ("province", "sender", "source", "id"))
                known = self.accepted.setdefault(identity, dict(event))
                if {**known, "acceptedat": ""} == {**event, "acceptedat": ""}:
                    known["acceptedat"] = min(known["acceptedat"], event["acceptedat"])
        if fate == "ack":
            self.queue = [body for index, body in enumerate(self.queue) if index not in taken]
        self.check()

    async def flush(self, batch: list[dict[str, Any]], *, commit: bool) -> None:
        async with self.pool.acquire() as connection:
            outer = connection.transaction()
            await outer.start()
            await apply_batch(lambda: nullcontext(connection), 0, batch, self.contributor, NOW)
            await (outer.commit() if commit else outer.rollback())

    @rule()
    def lose_the_cells_and_rebuild(self) -> None:
        async def rebuild() -> None:
            await self.pool.execute("UPDATE aggregation.cell SET people = people + 7 WHERE unit = 'VN'")
            await self.pool.execute("DELETE FROM aggregation.cell WHERE unit = '20@1'")
            await self.pool.execute("DELETE FROM aggregation.record WHERE alive AND revision < 2")
            await self.pool.execute("DELETE FROM aggregation.contender WHERE revision IS NULL AND time < accepted_at")
            await check_province(self.pool, "20@2", self.contributor, correct=True)

        self.run(rebuild())
        self.check()

    def check(self) -> None:
        async def look() -> tuple[Any, list[Any]]:
            checked = await check_province(self.pool, "20@2", self.contributor)
            return checked, await self.pool.fetch("SELECT * FROM aggregation.part")

        checked, rows = self.run(look())
        assert (checked.cells, checked.records, checked.events) == (0, 0, len(self.accepted))
        cells = {
            tuple(row[name] for name in ("unit", "subject", "period", "by")): tuple(
                row[name] for name in model.COUNTERS
            )
            for row in rows
        }
        assert {key: sums for key, sums in cells.items() if any(sums)} == model.figures(self.accepted.values())

    def teardown(self) -> None:
        if hasattr(self, "pool"):
            self.run(self.pool.close())
        self.runner.close()


def test_cells_equal_the_recompute_and_the_model(loaded_database: str) -> None:
    class OnThisDatabase(Pipeline):
        url = loaded_database

    run_state_machine_as_test(
        OnThisDatabase,
        settings=settings(
            max_examples=40, stateful_step_count=25, deadline=None, suppress_health_check=list(HealthCheck)
        ),
    )
