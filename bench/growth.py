"""Aggregation alone, draining queues that intake filled before: duplicates, growth of the ledger, rebuild, replicas.

A drain is timed between two readings of the service's own counter: the first above zero and the one that completes it.
"""

import os
import re
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from statistics import median
from time import monotonic, sleep

import httpx
import psycopg

from bench.bulk import built_afterwards
from bench.client import send
from bench.contender import BATCH, BATCH_SIZE, CONNECTIONS, BenchError, Contender
from bench.load import Load
from bench.report import Figure, Report, missing, ratio
from bench.stand import Stand, kip
from bench.usage import cpu_seconds
from deploy.local.services import SERVICES, Services

ROUNDS = 3
CORES_FOR_TWO = 4
SMALL, LARGE, LARGEST = 100_000, 2_000_000, 10_000_000
APPLIED = re.compile(r"^kip_events_applied_total\{[^}]*\} (\S+)$", re.MULTILINE)
PATIENCE_SECONDS = 300.0

COLUMNS = """
    SELECT column_name FROM information_schema.columns
    WHERE table_schema = 'aggregation' AND table_name = %s AND is_generated = 'NEVER'
    ORDER BY ordinal_position
"""
# Each activity again under new random ids, as more senders would have posted it; cells grow by as much.
CLONE_LEDGER = """
    INSERT INTO aggregation.ledger ({columns})
    SELECT {values}
    FROM aggregation.ledger CROSS JOIN generate_series(1, {copies}) AS copy
    WHERE kind = 'activity.recorded'
"""
CLONE_RECORDS = """
    INSERT INTO aggregation.record ({columns})
    SELECT {values}
    FROM aggregation.record CROSS JOIN generate_series(1, {copies}) AS copy
    WHERE subject LIKE 'activity:%'
"""
MULTIPLY_CELLS = """
    UPDATE aggregation.cell
    SET records = {times} * records, people = {times} * people, female = {times} * female, amount = {times} * amount,
        parts = (
            SELECT coalesce(json_object_agg(part.key, (
                SELECT json_agg({times} * counter::bigint) FROM json_array_elements_text(part.value) AS counter
            )), json_build_object())
            FROM json_each(parts) AS part
        )
    WHERE subject LIKE 'activity:%'
"""
LEDGER_VALUES = {
    "id": "md5(id || copy)",
    "data": "replace(data::text, data ->> 'record', md5((data ->> 'record') || copy))::json",
}
RECORD_VALUES = {
    "id": "md5(id || copy)",
    "key": "regexp_replace(key, '[^:]+$', '') || md5(substring(key from '[^:]+$') || copy)",
}


@dataclass(frozen=True, slots=True)
class Drain:
    """Events a second, and CPU microseconds an event of aggregation and database together."""

    per_second: float
    cpu_us: float


class Drainer:
    """Fills the queues while aggregation is down, then times it."""

    def __init__(self, stand: Stand, pipeline: Contender, *replicas: Services) -> None:
        self._stand = stand
        self._pipeline = pipeline
        self._replicas = replicas

    def drain(self, events: Sequence[bytes]) -> Drain:
        """Post these through the door, then let aggregation apply them all."""
        for replica in self._replicas:
            replica.stop("aggregation")
        bodies = self._stand.write("drain", Load(tuple(events)).batches(BATCH_SIZE))
        send(self._pipeline.spec(bodies, BATCH, CONNECTIONS))
        starting = [threading.Thread(target=replica.start, args=("aggregation",)) for replica in self._replicas]
        for thread in starting:
            thread.start()
        try:
            return self._time(len(events))
        finally:
            for thread in starting:
                thread.join()

    def _time(self, expected: int) -> Drain:
        deadline = monotonic() + PATIENCE_SECONDS
        first: tuple[float, float, float] | None = None
        while True:
            applied, now = self._applied(), monotonic()
            if applied >= expected:
                break
            if applied and first is None:
                first = (applied, now, self._cpu())
            if now > deadline:
                raise BenchError(
                    f"{applied:,.0f} of {expected:,} preloaded events applied after {PATIENCE_SECONDS:.0f} s"
                )
            sleep(0.02)
        if first is None:
            raise BenchError("drained between two looks: too few events to time")
        count = expected - first[0]
        return Drain(count / (now - first[1]), 1e6 * (self._cpu() - first[2]) / count)

    def _applied(self) -> float:
        applied = 0.0
        for replica in self._replicas:
            with suppress(httpx.HTTPError):  # not up yet
                text = httpx.get(f"{replica.url('aggregation')}/metrics", trust_env=False, timeout=10).text
                applied += sum(float(value) for value in APPLIED.findall(text))
        return applied

    def _cpu(self) -> float:
        own = [replica.process("aggregation").pid for replica in self._replicas]
        return sum(cpu_seconds(pid) for pid in (*own, self._stand.servers["postgres"]))


def measure_duplicates(
    drainer: Drainer, load: Load, pipeline: Contender, report: Report, say: Callable[[str], None]
) -> list[float]:
    """The same preloaded twice: fresh, then replayed. Returns the fresh rates."""
    fresh: list[float] = []
    replayed: list[float] = []
    for number in range(ROUNDS):
        pipeline.clear()
        fresh.append(drainer.drain(load.events).per_second)
        replayed.append(drainer.drain(load.events).per_second)
        say(f"draining, round {number + 1}: fresh {fresh[-1]:,.0f}/s, replayed {replayed[-1]:,.0f}/s")
    note = f"{median(replayed):,.0f} ÷ {median(fresh):,.0f} events/s"
    report.add(ratio("growth", "replayed duplicates ÷ fresh, draining", replayed, fresh, at_least=3, note=note))
    return fresh


def measure_growth(
    stand: Stand, drainer: Drainer, pipeline: Contender, live: float, report: Report, say: Callable[[str], None],
    *, full: bool, probe: int,
) -> None:  # fmt: skip
    """Cost per event at two sizes of the ledger: `probe` events drained three times at each. Rebuild in between."""
    large = LARGEST if full else LARGE
    load = stand.load(stand.provinces, SMALL + 2 * ROUNDS * probe, "growth")
    parts = [load.events[SMALL + number * probe :][:probe] for number in range(2 * ROUNDS)]
    pipeline.clear()
    drainer.drain(load.events[:SMALL])
    pipeline.query("ANALYZE")
    before = [drainer.drain(part) for part in parts[:ROUNDS]]
    say(f"at {pipeline.counted():,} events: " + ", ".join(f"{item.per_second:,.0f}/s" for item in before))
    report.add(_rebuild(stand, pipeline, live))
    grow(pipeline, large)
    say(f"the ledger has grown to {pipeline.counted():,} events")
    after = [drainer.drain(part) for part in parts[ROUNDS:]]
    say(f"at {pipeline.counted():,} events: " + ", ".join(f"{item.per_second:,.0f}/s" for item in after))
    name = f"cost an event at {large // 1_000_000} M events in the ledger ÷ at 100 k"
    cpu = median(item.cpu_us for item in after) / median(item.cpu_us for item in before)
    report.add(
        ratio(
            "growth",
            name,
            [1e6 / item.per_second for item in after],
            [1e6 / item.per_second for item in before],
            at_most=1.3,
            note=f"by the clock; by CPU of service and database {cpu:.2f}",
        )
    )


def grow(pipeline: Contender, size: int) -> None:
    """Multiply the activities until the ledger holds about `size` events, records and cells with it."""
    activities = int(pipeline.query("SELECT count(*) FROM {} WHERE kind = 'activity.recorded'")[0][0])
    copies = max(1, round((size - pipeline.counted()) / activities))
    with psycopg.connect(pipeline.database) as connection:
        for statement, table, special in (
            (CLONE_LEDGER, "ledger", LEDGER_VALUES),
            (CLONE_RECORDS, "record", RECORD_VALUES),
        ):
            columns = [row[0] for row in connection.execute(COLUMNS, [table]).fetchall()]
            values = ", ".join(special.get(column, column) for column in columns)
            with built_afterwards(connection, f"aggregation.{table}"):
                connection.execute(statement.format(columns=", ".join(columns), values=values, copies=copies))
    pipeline.query(MULTIPLY_CELLS.format(times=copies + 1))
    pipeline.query("VACUUM ANALYZE")
    pipeline.query("CHECKPOINT")


def _rebuild(stand: Stand, pipeline: Contender, live: float) -> Figure:
    """Every cell is thrown away first, so that all have to be written again; they must come out as they were."""
    events, cells = pipeline.counted(), pipeline.cells()
    pipeline.query("TRUNCATE aggregation.cell")
    environment = {**stand.stack.environment(), "KIP_DATABASE_URL": pipeline.database}
    begun = monotonic()
    kip(environment, "rebuild")
    rate = events / (monotonic() - begun)
    if pipeline.cells() != cells:
        raise BenchError("the rebuilt cells are not what they were")
    note = f"{rate:,.0f} ÷ {live:,.0f} events/s; {events:,} events, {len(cells):,} cells, the command's start included"
    return ratio("growth", "rebuild, events/s ÷ live pipeline", [rate], [live], at_least=3, note=note)


def measure_replicas(
    stand: Stand, services: Services, pipeline: Contender, load: Load, one: Sequence[float], report: Report
) -> None:
    """Two aggregation replicas with half of the partitions each, on the load that one drained. Asked for four cores."""
    name = "two aggregation replicas ÷ one, draining"
    cores = os.cpu_count() or 1
    if cores < CORES_FOR_TWO:
        report.add(
            missing("growth", name, f"asked from {CORES_FOR_TWO} cores on; this machine has {cores}", at_least=1.5)
        )
        return
    services.stop("aggregation")
    shared = {key: value for key, value in services.owner_environment.items() if not key.endswith("_PORT")}
    chosen = [service for service in SERVICES if service.name == "aggregation"]
    pair = [
        Services(stand.stack, chosen, {**shared, "KIP_REPLICAS": "2", "KIP_REPLICA": str(number)}) for number in (0, 1)
    ]
    drainer = Drainer(stand, pipeline, *pair)
    rates: list[float] = []
    for _ in range(ROUNDS):
        pipeline.clear()
        rates.append(drainer.drain(load.events).per_second)
    for replica in pair:
        replica.stop()
    services.start("aggregation")
    note = f"{median(rates):,.0f} ÷ {median(one):,.0f} events/s"
    report.add(ratio("growth", name, rates, one, at_least=1.5, note=note))
