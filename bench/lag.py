"""From 202 to visible: single posts into a pipeline at half of its load, and the read API asked until it shows them."""

import json
from collections.abc import Callable
from statistics import median
from time import monotonic, sleep
from typing import Any

import httpx

from bench.client import Sending
from bench.contender import BATCH, BATCH_SIZE, CONNECTIONS, BenchError, Contender
from bench.door import STRUCTURED
from bench.load import lowest_level
from bench.report import Figure, Report
from bench.stand import Stand
from deploy.local.services import Services
from shared.domain.periods import PeriodKind

PATIENCE_SECONDS = 30.0
POLL_SECONDS = 0.01


def measure_lag(
    stand: Stand, services: Services, pipeline: Contender, most: float, seconds: float, report: Report,
    say: Callable[[str], None],
) -> None:  # fmt: skip
    """`most` is the pipeline's events a second in batches of 500."""
    name = "lag from 202 to visible at the nation, p99, at half load"
    pipeline.clear()
    rate = most / 2
    load = stand.load(stand.provinces, int(rate * seconds), "lag")
    bodies = stand.write("lag", load.batches(BATCH_SIZE))
    probe = _Probe(stand, services, pipeline)
    probe.lag()  # the first question also counts who is expected to report
    sending = Sending(pipeline.spec(bodies, BATCH, CONNECTIONS, rate=rate / BATCH_SIZE))
    sleep(1)
    lags: list[float] = []
    until = monotonic() + seconds - 1
    while monotonic() < until:
        lags.append(probe.lag())
    sending.outcome()
    lags.sort()
    worst = lags[int(0.99 * len(lags))]
    say(f"lag at {rate:,.0f} events/s: {len(lags)} probes, p50 {median(lags):.2f} s, p99 {worst:.2f} s")
    note = f"{rate:,.0f} events/s, {len(lags)} probes; p50 {1000 * median(lags):.0f} ms"
    report.add(Figure("lag", name, worst, at_most=1.0, unit="s", note=note))


class _Probe:
    """Posts one activity at a time, in a month that the load leaves alone, and waits for the nation to show it."""

    def __init__(self, stand: Stand, services: Services, pipeline: Contender) -> None:
        programme = stand.programme
        month = programme.calendar.containing(programme.calendar.start(programme.first_period), PeriodKind.MONTH)
        held_on = programme.calendar.end(month)
        self._template = json.loads(stand.load(stand.provinces, 1, "probe").events[0])
        level = lowest_level(programme)
        self._template["subject"] = next(
            unit.uid for unit in stand.units if unit.level == level and unit.in_force(held_on)
        )
        activity = programme.activities[0].slug
        agency = self._template["data"]["agency"]
        self._data: dict[str, Any] = {
            "programme": programme.slug, "activity": activity, "held_on": held_on.isoformat(), "agency": agency,
        }  # fmt: skip
        root = next(unit.uid for unit in stand.units if unit.parent is None)
        self._figure = {"programme": programme.slug, "activity": activity, "within": root, "period": str(month)}
        self._door = pipeline.url
        self._reading = f"{services.url('aggregation')}/v1/rollups"
        self._headers = {**pipeline.headers}
        self._client = httpx.Client(trust_env=False, timeout=PATIENCE_SECONDS)
        self._sent = 0

    def lag(self) -> float:
        """Seconds from the 202 to the first answer that counts the event."""
        self._sent += 1
        name = f"probe-{self._sent}"
        event = {**self._template, "id": name, "data": {**self._data, "record": name}}
        headers = {**self._headers, "content-type": STRUCTURED}
        answer = self._client.post(self._door, content=json.dumps(event), headers=headers)
        accepted = monotonic()
        if answer.status_code != httpx.codes.ACCEPTED:
            raise BenchError(f"a probe was answered {answer.status_code}: {answer.text}")
        while True:
            rows = self._client.get(self._reading, params=self._figure, headers=self._headers).json()["rows"]
            now = monotonic()
            if rows[0]["value"] >= self._sent:
                return now - accepted
            if now - accepted > PATIENCE_SECONDS:
                raise BenchError(f"an accepted event was not visible after {PATIENCE_SECONDS:.0f} s")
            sleep(POLL_SECONDS)
