"""The whole pipeline against its peers and `COPY`: HTTP batches of 500 to cells committed at every level."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from statistics import median

from bench.ceilings import copy_ledger
from bench.contender import BATCH_SIZE, BenchError, Contender, Round
from bench.load import Load
from bench.peers import triggers
from bench.report import Figure, Report, ratio
from bench.stand import PYTHON, Stand

ROUNDS = 3
CELERY = ("-m", "celery", "-A", "bench.peers.celery_batches", "worker", "--concurrency", "4", "--loglevel", "WARNING")
# Events a second to expect, so that a round lasts about as long for each; only the round's length hangs on it.
EXPECTED = {"pipeline": 6000, "triggers": 6000, "celery": 2000, "naive": 350}
TARGETS = {"naive": 25.0, "triggers": 1.0, "celery": 5.0}
TITLES = {
    "naive": "pipeline ÷ handler per event (FastStream)",
    "triggers": "pipeline ÷ PostgreSQL only (triggers)",
    "celery": "pipeline ÷ Celery with batches and SQLAlchemy",
}


@dataclass
class Results:
    """Every round by contender, and the rows a second of COPY."""

    rounds: dict[str, list[Round]] = field(default_factory=dict)
    copied: list[float] = field(default_factory=list)

    def rates(self, name: str) -> list[float]:
        """Events a second of each round."""
        return [item.per_second for item in self.rounds[name]]


def start_peers(stand: Stand) -> dict[str, Contender]:
    """The three peers, running."""

    def lay_down(url: str) -> None:
        asyncio.run(triggers.prepare(url, stand.units, stand.programme))

    return {
        "naive": stand.peer("naive", "bench.peers.naive", [PYTHON, "-m", "bench.peers.naive", "worker"]),
        "triggers": stand.peer("triggers", "bench.peers.triggers", prepare=lay_down),
        "celery": stand.peer("celery", "bench.peers.celery_batches", [PYTHON, *CELERY]),
    }


def compare_cells(contenders: dict[str, Contender], load: Load, stand: Stand) -> int:
    """Post the same to each and compare every cell (raises BenchError); also the warm-up. Returns how many."""
    bodies = stand.write("same", load.batches(BATCH_SIZE))
    found = {}
    for name, contender in contenders.items():
        contender.round(bodies, len(load.events), load.identities, {})
        found[name] = contender.cells()
    first = found.pop("pipeline")
    for name, cells in found.items():
        if cells != first:
            key = next(key for key in sorted(first.keys() | cells.keys()) if first.get(key) != cells.get(key))
            raise BenchError(f"{name} counts otherwise: {key} is {cells.get(key)}, the pipeline has {first.get(key)}")
    return len(first)


def contest(
    stand: Stand, contenders: dict[str, Contender], within: Sequence[str], seconds: float, title: str,
    say: Callable[[str], None],
) -> Results:  # fmt: skip
    """Rounds in turn, so that what else the machine does hits all alike."""
    longest = stand.load(within, int(max(EXPECTED.values()) * seconds), f"contest {title}")
    loads = {name: longest.first(max(int(EXPECTED[name] * seconds), BATCH_SIZE)) for name in contenders}
    bodies = {name: stand.write(f"contest-{name}", load.batches(BATCH_SIZE)) for name, load in loads.items()}
    results = Results({name: [] for name in contenders})
    empty = stand.new_database("copied")
    for number in range(ROUNDS):
        for name, contender in contenders.items():
            load = loads[name]
            done = contender.round(bodies[name], len(load.events), load.identities, stand.servers)
            results.rounds[name].append(done)
            say(f"{title}, round {number + 1}: {name} {done.per_second:,.0f} events/s")
        results.copied.append(copy_ledger(contenders["pipeline"].database, empty))
    stand.drop_database("copied")
    return results


def add_figures(report: Report, results: Results, title: str) -> None:
    """The ratios, the service's memory, and where the pipeline's time goes."""
    own = results.rates("pipeline")
    for name, target in TARGETS.items():
        if name in results.rounds:
            rates = results.rates(name)
            note = f"{median(own):,.0f} ÷ {median(rates):,.0f} events/s"
            report.add(ratio("contest", f"{TITLES[name]}, {title}", own, rates, at_least=target, note=note))
    note = f"{median(own):,.0f} ÷ {median(results.copied):,.0f} a second"
    report.add(
        ratio("contest", f"pipeline ÷ COPY into the ledger, {title}", own, results.copied, at_least=0.08, note=note)
    )
    peaks = [item.usage.peak_mib["aggregation"] for item in results.rounds["pipeline"]]
    report.add(
        Figure(
            "contest",
            f"memory of aggregation under full load, {title}",
            max(peaks),
            at_most=250,
            unit="MiB",
            rounds={"peaks": [round(peak, 1) for peak in peaks]},
        )
    )
    for name, rounds in results.rounds.items():
        report.stages[f"{title}: {name}"] = stages(rounds)


def stages(rounds: Sequence[Round]) -> dict[str, float]:
    """CPU microseconds an event and the share of one core, by process, over all rounds."""
    events, seconds = sum(item.events for item in rounds), sum(item.seconds for item in rounds)
    found: dict[str, float] = {}
    for name in rounds[0].usage.cpu:
        used = sum(item.usage.cpu[name] for item in rounds)
        found[f"{name}.us_per_event"] = round(1e6 * used / events, 1)
        found[f"{name}.core_share"] = round(used / seconds, 3)
    client = sum(item.posting.cpu_seconds for item in rounds)
    return {
        **found,
        "client.us_per_event": round(1e6 * client / events, 1),
        "client.core_share": round(client / seconds, 3),
    }
