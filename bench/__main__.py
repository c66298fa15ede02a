"""`make bench`: the pipeline, its peers and the ceilings, in one run. See docs/benchmarks.md.

Settings: `FULL=1` for the long one, `KIP_BENCH_SECONDS` for the length of one measurement (5), `KIP_BENCH_ONLY` for
some parts only (`contest,door,lag,growth,reading,alerts`). Progress goes to standard error; the tables and, as the
last line, one JSON object to standard output.
"""

import os
import shutil
import sys
from collections.abc import Callable
from statistics import median
from time import monotonic

from rich.console import Console

from bench.alerts import measure_alerts
from bench.client import LoadError
from bench.contender import BATCH_SIZE, BenchError, Contender
from bench.contest import Results, add_figures, compare_cells, contest, start_peers
from bench.door import empty_queues, measure_door
from bench.growth import Drainer, measure_duplicates, measure_growth, measure_replicas
from bench.lag import measure_lag
from bench.reading import measure_reading
from bench.report import Report, missing
from bench.stand import Stand
from deploy.local.processes import PROJECT, exit_on_signals
from deploy.local.services import Services
from deploy.local.stack import LocalStack
from shared import __version__

PARTS = ("contest", "door", "lag", "growth", "reading", "alerts")
LONGEST_SECONDS = 14 * 60
SAME_EVENTS = 1000
TWO_PROVINCES = ("20@1", "19@1")  # Lạng Sơn, where Hữu Lũng is, and Thái Nguyên


class Run:
    """One run of the benchmark."""

    def __init__(self, stand: Stand, seconds: float, parts: tuple[str, ...], *, full: bool) -> None:
        self._stand = stand
        self._seconds = seconds
        self._parts = parts
        self._full = full
        self._begun = monotonic()
        self.report = Report()
        self.broken = 0
        self._live = 0.0

    def say(self, line: str) -> None:
        """A line of progress."""
        sys.stderr.write(f"{monotonic() - self._begun:6.0f} s  {line}\n")

    def measure(self) -> None:
        """Every part in turn; one that breaks is reported as broken and the others go on."""
        services, pipeline = self._stand.pipeline()
        self.say("pipeline up")
        if "contest" in self._parts:
            self._part("contest", lambda: self._contest(pipeline))
        if not self._live:
            self._live = self._live_rate(pipeline)
        empty_queues(services)
        for name, work in self._own_parts(services, pipeline).items():
            if name in self._parts:
                self._part(name, work)
        services.stop()
        if "alerts" in self._parts:
            self._part("alerts", lambda: measure_alerts(self._stand, self._seconds, self.report, self.say))

    def _own_parts(self, services: Services, pipeline: Contender) -> dict[str, Callable[[], None]]:
        stand, seconds, report = self._stand, self._seconds, self.report
        drainer = Drainer(stand, pipeline, services)

        def growth() -> None:
            fresh = stand.load(stand.provinces, int(6000 * seconds), "drain")
            one = measure_duplicates(drainer, fresh, pipeline, report, self.say)
            measure_replicas(stand, services, pipeline, fresh, one, report)
            measure_growth(
                stand, drainer, pipeline, self._live, report, self.say, full=self._full, probe=int(6000 * seconds)
            )

        return {
            "door": lambda: measure_door(stand, services, pipeline, seconds, report, self.say),
            "lag": lambda: measure_lag(stand, services, pipeline, self._live, 3 * seconds, report, self.say),
            "growth": growth,
            "reading": lambda: measure_reading(stand, services, pipeline, seconds, report, self.say),
        }

    def _contest(self, pipeline: Contender) -> None:
        stand = self._stand
        peers = start_peers(stand)
        contenders = {"pipeline": pipeline, **peers}
        same = compare_cells(contenders, stand.load(TWO_PROVINCES, SAME_EVENTS, "same"), stand)
        self.say(f"peers up; all four count {same:,} cells alike")
        results: Results | None = None
        for title, within in (("two provinces", TWO_PROVINCES), ("whole country", stand.provinces)):
            results = contest(stand, contenders, within, self._seconds, title, self.say)
            add_figures(self.report, results, title)
        if results is not None:
            self._live = median(results.rates("pipeline"))
        stand.stop_peers()

    def _live_rate(self, pipeline: Contender) -> float:
        load = self._stand.load(self._stand.provinces, int(6000 * self._seconds), "live")
        bodies = self._stand.write("live", load.batches(BATCH_SIZE))
        return pipeline.round(bodies, len(load.events), load.identities, self._stand.servers).per_second

    def _part(self, name: str, work: Callable[[], None]) -> None:
        if monotonic() - self._begun > LONGEST_SECONDS and not self._full:
            self.report.add(missing(name, name, "not measured: the time was over"))
            return
        try:
            work()
        except (BenchError, LoadError, OSError, RuntimeError, ValueError, KeyError) as error:
            self.broken += 1
            self.say(f"{name} broke: {error}")
            self.report.add(missing(name, name, f"broke: {type(error).__name__}: {str(error)[:300]}"))


def main() -> int:
    seconds = float(os.environ.get("KIP_BENCH_SECONDS", "5"))
    full = os.environ.get("FULL", "") not in {"", "0"}
    parts = tuple(os.environ.get("KIP_BENCH_ONLY", ",".join(PARTS)).split(","))
    folder = PROJECT / ".run" / "bench"
    shutil.rmtree(folder, ignore_errors=True)
    with exit_on_signals(), LocalStack(folder, usual_ports=False) as stack:
        run = Run(Stand(stack), seconds, parts, full=full)
        begun = monotonic()
        run.measure()
        run.report.facts = {
            "version": __version__,
            "cores": os.cpu_count(),
            "load_average": os.getloadavg()[0],
            "seconds": round(monotonic() - begun),
            "measurement_seconds": seconds,
            "full": full,
        }
    for data in ("postgres", "rabbitmq", "loads"):
        shutil.rmtree(folder / data, ignore_errors=True)
    run.report.show(Console(width=None if sys.stdout.isatty() else 160))
    return 1 if run.broken else 0


if __name__ == "__main__":
    sys.exit(main())
