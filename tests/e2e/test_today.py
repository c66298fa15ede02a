"""Useful at once: on any day one key and one post show a figure with its target, and the obligation that it belongs to.

Nothing here holds a date that the clock can pass: what is current is asked of the programmes that are shipped.
"""

import json
import re
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

import httpx
import pytest

from deploy.local.http import LOCAL
from services.notifications.obligations.deadlines import deadline_of
from shared.domain.duties import owes
from shared.domain.periods import Period
from shared.programme.indicators import Indicator
from shared.programme.model import Programme
from shared.runtime.clock import SystemClock
from tests.local.kip_up import Up
from tests.shipped import shipped_programme, shipped_units
from tests.system import ROOT, System, kip, wait_until

PROGRAMMES = [shipped_programme(path.parent.name) for path in sorted(ROOT.glob("programmes/*/programme.yaml"))]
UNITS = shipped_units()
COMMUNE = "06475@2"
MAY = ("--read", "--kinds", "indicator.reported")
STARTS = [
    "2026-12-17T08:00:00+07:00",
    "2027-02-08T08:00:00+07:00",
    "2031-01-02T08:00:00+07:00",
    "2031-06-02T08:00:00+07:00",
]


@dataclass(frozen=True)
class Case:
    """What can be reported on a day: an indicator of the commune for the current period, or for the last there was."""

    programme: Programme
    indicator: Indicator
    agency: str
    period: Period

    def target(self) -> float:
        """The target of the stage that the period lies in."""
        stages, calendar = {stage.slug: stage for stage in self.programme.stages}, self.programme.calendar
        end = calendar.end(self.period)
        return next(
            target.value
            for target in self.indicator.targets
            if calendar.start(stages[target.stage].first) <= end <= calendar.end(stages[target.stage].last)
        )


def case_on(now: datetime) -> Case:
    """Find what to report: of the programmes those that lasts longest, of its periods the current or the last one."""
    unit = UNITS[COMMUNE]
    for programme in sorted(PROGRAMMES, key=lambda item: item.calendar.end(item.last_period), reverse=True):
        for indicator in programme.indicators:
            agencies = [entry.agencies[0] for entry in indicator.reporters if entry.level == unit.level]
            if indicator.value != "ratio" or not agencies or not indicator.targets or indicator.sensitive:
                continue
            today = now.astimezone(ZoneInfo(programme.timezone)).date()
            period = programme.calendar.containing(today, indicator.period)
            while not programme.accepts(period):
                period = period.shift(-1)
            return Case(programme, indicator, agencies[0], period)
    raise AssertionError("no shipped programme has an indicator that a commune reports")


def obligations_expected(case: Case, first_seen: datetime) -> dict[tuple[str, str], str]:
    """The commune's obligations for the indicator's period: open, or expired where the deadline had passed before; none
    where the programme is at rest.
    """
    if case.programme.at_rest(first_seen.astimezone(ZoneInfo(case.programme.timezone)).date()):
        return {}
    owed = owes(case.programme, UNITS[COMMUNE], case.agency, case.period)
    return {
        (report, str(case.period)): (
            "expired" if deadline_of(case.programme, rule, case.period).due_at < first_seen else "open"
        )
        for report, rule in owed.reports
    }


def check(url: Callable[[str], str], key: str, started: datetime, now: datetime) -> None:
    """Post one figure with one key; it shows with its target, and its obligation stands as the day has it."""
    case = case_on(now)
    asked = {"programme": case.programme.slug, "indicator": case.indicator.slug, "period": str(case.period)}
    event = {
        "specversion": "1.0", "id": uuid.uuid4().hex, "source": "/today", "type": "vn.kip.indicator.reported.v1",
        "subject": COMMUNE, "time": now.isoformat(),
        "data": {**asked, "agency": case.agency, "numerator": 45, "denominator": 50},
    }  # fmt: skip
    authorized = {"Authorization": f"Bearer {key}"}
    answer = LOCAL.post(
        f"{url('intake')}/v1/events", headers={**authorized, "Content-Type": "application/cloudevents+json"},
        content=json.dumps(event), timeout=30,
    )  # fmt: skip
    assert answer.status_code == 202, answer.text

    def figures() -> httpx.Response:
        return LOCAL.get(
            f"{url('aggregation')}/v1/rollups", params={**asked, "within": COMMUNE}, headers=authorized, timeout=30
        )

    def figure() -> dict[str, object]:
        found = figures()
        assert found.status_code == 200, found.text
        (row,) = found.json()["rows"]
        return dict(row)

    # Each service hears of a new key by itself: the one that answers may know it a moment after the one that took it.
    wait_until(lambda: figures().status_code != 401, "aggregation knows the key")
    wait_until(lambda: figure()["value"] == 90, "the figure shows")
    assert figure()["target"] == case.target()

    def obligations() -> dict[tuple[str, str], str]:
        found = LOCAL.get(
            f"{url('notifications')}/v1/obligations", headers=authorized, timeout=30,
            params={"programme": case.programme.slug, "unit": COMMUNE, "period": str(case.period), "limit": 100},
        )  # fmt: skip
        assert found.status_code == 200, found.text
        return {(row["report"], row["period"]): row["state"] for row in found.json()["rows"]}

    def swept() -> bool:
        metrics = LOCAL.get(f"{url('notifications')}/metrics", timeout=30).text
        return re.search(r"^kip_sweep_last_success_timestamp_seconds [1-9]", metrics, re.MULTILINE) is not None

    wait_until(swept, "a sweep has opened what is owed")  # where nothing is, before it too
    expected = obligations_expected(case, started)
    wait_until(lambda: obligations() == expected, f"obligations are {expected}")


@pytest.mark.long
@pytest.mark.timeout(900)
def test_kip_up_is_useful_today(tmp_path):
    started = SystemClock().now()
    up = Up(tmp_path, None)
    try:
        up.wait_for("Ctrl-C stops everything")
        assert "the machine's own clock" in up.text
        settings = up.settings()
        key = json.loads(kip("source", "add", "an-app", *MAY, "--json", environment=settings))["key"]
        check(
            lambda name: f"http://127.0.0.1:{settings[f'KIP_{name.upper()}_PORT']}", key, started, SystemClock().now()
        )
    finally:
        up.stop()


@pytest.fixture(params=STARTS)
def on_a_day(request, stack, rabbitmq, new_database, loaded_template) -> Iterator[tuple[System, datetime]]:
    """All services that begin on that day, with all programmes that are shipped."""
    url = new_database(loaded_template)
    kip("load", "programmes", environment={"KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": url})
    start = datetime.fromisoformat(request.param)
    vhost = rabbitmq.add_vhost(f"today-{start:%Y%m%d}")
    system = System(
        stack, vhost, url, ("intake", "aggregation", "notifications"), {"KIP_CLOCK": request.param},
    )  # fmt: skip
    yield system, start
    system.services.stop()
    rabbitmq.delete_vhost(f"today-{start:%Y%m%d}")


@pytest.mark.timeout(300)
def test_it_is_useful_on_any_other_day(on_a_day):
    system, start = on_a_day
    key = system.add_source("an-app", *MAY)
    check(system.services.url, key, start, start)
