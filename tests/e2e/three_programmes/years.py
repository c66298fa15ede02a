"""Lives the two years: moves the clock, sends what was drawn, and holds the services' answers against the model's."""

import itertools
import json
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

from typer.testing import CliRunner

from cli.main import app
from deploy.local.http import LOCAL
from tests.e2e.three_programmes.duties import Duties, Life
from tests.e2e.three_programmes.figures import Figures
from tests.e2e.three_programmes.held import Held
from tests.e2e.three_programmes.history import History
from tests.e2e.three_programmes.ledger import Ledger
from tests.e2e.three_programmes.places import Places
from tests.e2e.three_programmes.plans import Owed, Plan
from tests.e2e.three_programmes.questions import LEVELS, Asked, Known, Rows
from tests.system import System

SEEN, ENDS = "2024-12-15T08:00:00+07:00", "2026-12-29T09:00:00+07:00"
STATES = {"open", "met", "late_met", "overdue", "expired", "waived"}
KINDS = ("activity.recorded", "indicator.reported", "report.submitted", "record.retracted")
KINDS_OF_PERIODS = ("week", "month", "quarter", "half-year", "year")
POSTED = 2_000  # events of one request
DECISIONS = 2  # at each stop
LOOK_EVERY = 5  # stops; obligations are looked at whenever the clock stops
PATIENCE = 15.0  # seconds
YEAR = timedelta(days=365)
# Days about which something turns: deadlines, the last days of old units, a programme's end and its rest.
TURNS = (
    "2024-12-18", "2025-03-02", "2025-06-16", "2025-06-30", "2025-07-02", "2025-12-14", "2025-12-15", "2025-12-18",
    "2026-03-17", "2026-12-14", "2026-12-15", "2026-12-17", "2026-12-29",
)  # fmt: skip


class Years:
    """One run of it. `seen`: the instant at which the services began."""

    def __init__(
        self, system: System, plans: Mapping[str, Plan], register: Path, seen: datetime, chance: Random
    ) -> None:
        self.system, self.plans, self.chance, self.now = system, plans, chance, seen
        self.places = Places(register)
        self.ledger = Ledger(plans)
        self.duties = Duties(plans, self.places, self.ledger, seen)
        self.history = History(plans, self.places, self.ledger, chance)
        self.decider = system.add_source("decider", "--kinds", "obligation.decide")
        self.compared: Counter[str] = Counter()
        self.sent = 0
        self.stops = [seen]
        self.differing: list[Any] = []

    def go_to(self, now: datetime) -> None:
        """Move the clock, sweep, and send what is said at this instant."""
        ticked = CliRunner().invoke(app, ["tick", "--now", now.isoformat()], env=dict(self.system.environment))
        assert ticked.exit_code == 0, (ticked.output, ticked.exception)
        self.now = now
        self.stops.append(now)
        self.duties.sweep(now)
        events = self.history.at(now)
        for event in events:
            self.ledger.take(event, now)
        for first in range(0, len(events), POSTED):
            answer = self.system.post(events[first : first + POSTED])
            assert answer.status_code == 202, answer.text[:2000]
        self.sent += len(events)
        self._refuse()
        self.duties.settle(now)
        self.system.wait_until(lambda: self._applied() >= self.sent, "all is applied")

    def _applied(self) -> float:
        metric = "kip_events_applied_total"
        return sum(self.system.metric("aggregation", metric, kind=kind) for kind in KINDS)

    def _refuse(self) -> None:
        """Send what must be refused, each for its reason."""
        wrong = list(self.history.refused(self.now))
        if not wrong:
            return
        answer = self.system.post([event for event, _ in wrong], partial="true")
        said = {item["id"]: [error["code"] for error in item["errors"]] for item in answer.json()["rejected"]}
        differing = [(event, code, said.get(event["id"])) for event, code in wrong if said.get(event["id"]) != [code]]
        assert differing == [], differing[:5]
        self.compared["refusals"] += len(wrong)

    def check_obligations(self) -> None:
        """Every obligation of every programme: its deadline, state, cycle, and when it was met."""
        wanted = {owed: _shown(life) for owed, life in self.duties.lives.items()}
        self._until_equal("obligations", wanted, lambda: dict(self._obligations()))
        self.compared["obligations"] += len(wanted)

    def _obligations(self) -> Iterator[tuple[Owed, tuple[Any, ...]]]:
        for row in self._pages("notifications", "/v1/obligations", limit="1000"):
            owed = Owed(row["programme"], row["report"], row["period"], row["unit"], row["agency"])
            met_at = row["met_at"] and datetime.fromisoformat(row["met_at"])
            life = Life(datetime.fromisoformat(row["due_at"]), row["state"], row["cycle"], self._stop_before(met_at))
            yield owed, _shown(life)

    def _stop_before(self, instant: datetime | None) -> datetime | None:
        """The stop of the clock after which something came: the clock goes on from it as we do."""
        return instant and max(stop for stop in self.stops if stop <= instant)

    def _pages(self, service: str, path: str, **query: str) -> Iterator[dict[str, Any]]:
        after: dict[str, str] = {}
        while True:
            answer = LOCAL.get(
                f"{self.system.services.url(service)}{path}", params={**query, **after},
                headers={"Authorization": f"Bearer {self.system.reader_key}"}, timeout=30,
            )  # fmt: skip
            assert answer.status_code == 200, answer.text
            page = answer.json()
            yield from page["rows"]
            if page["next"] is None:
                return
            after = {"after": page["next"]}

    def decide(self, most: int = DECISIONS) -> list[Owed]:
        """Extend or waive a few of what is open or overdue, by an operator's key; nothing may be on its way."""
        late = [owed for owed, life in self.duties.lives.items() if life.state in {"open", "overdue"}]
        chosen = self.chance.sample(late, min(most, len(late)))
        for owed in chosen:
            (row,) = (
                row for row in self._pages(
                    "notifications", "/v1/obligations", programme=owed.programme, report=owed.report, unit=owed.unit,
                    period=owed.period, limit="100",
                ) if row["agency"] == owed.agency
            )  # fmt: skip
            if self.chance.random() < 0.6:
                self.duties.waive(owed)
                self._post_decision(row["id"], "waive", {})
            else:
                times, life = self.plans[owed.programme].times, self.duties.lives[owed]
                day = times.working_day_after(max(life.due, self.now).astimezone(times.zone).date(), 8)
                self.duties.extend(owed, datetime.combine(day, times.due_time, times.zone))
                self._post_decision(row["id"], "extend", {"until": day.isoformat()})
        return chosen

    def _post_decision(self, name: str, what: str, body: dict[str, str]) -> None:
        answer = LOCAL.post(
            f"{self.system.services.url('notifications')}/v1/obligations/{name}/{what}",
            content=json.dumps({**body, "reason": "lũ quét"}),
            headers={"Authorization": f"Bearer {self.decider}", "Content-Type": "application/json"}, timeout=30,
        )  # fmt: skip
        assert answer.status_code == 200, answer.text

    def check_timeliness(self) -> None:
        """How the reports of the last year came in, at every level."""
        for plan in self.plans.values():
            for slug, report in plan.reports.items():
                for period in plan.times.ending_in(plan.day(self.now) - YEAR, plan.ends, report["period"]):
                    if plan.is_owed(period) and plan.times.first(period) <= plan.day(self.now):
                        for level in LEVELS:
                            self._check_timeliness(plan, slug, period, level)

    def _check_timeliness(self, plan: Plan, slug: str, period: str, level: str) -> None:
        wanted = self.duties.timeliness(plan, slug, period, level)
        query = {"programme": plan.slug, "report": slug, "period": period, "level": level}

        def found() -> dict[str, Any]:
            rows = self._pages("aggregation", "/v1/timeliness", **query)
            return {row["uid"]: {name: row[name] for name in wanted.get(row["uid"], row)} for row in rows}

        self._until_equal(str(query), wanted, found)
        self.compared["timeliness"] += len(wanted)

    def check_figures(self, shares: Mapping[str, float]) -> None:
        """A share of all questions that can be asked of the last two years, by field."""
        known = Known(self.plans, self.places, self.ledger, self.duties, self.now)
        figures, held = Figures(known), Held(known)
        for asked in self._questions():
            if self.chance.random() < shares[asked.field]:
                self._check(asked, figures.rows(asked) if asked.field == "indicator" else held.rows(asked))

    def _check(self, asked: Asked, wanted: Rows) -> None:
        self._until_equal(str(asked), wanted, lambda: self._found(asked, wanted))
        self.compared[f"{asked.field}{' parts' if asked.by else ''} figures"] += len(wanted)

    def _found(self, asked: Asked, wanted: Rows) -> Rows:
        """The service's rows, with what the model says something about."""
        query = {"programme": asked.programme, "period": asked.period, "level": asked.level}
        query["activity" if asked.field == "activity" else "indicator"] = asked.slug
        query |= {"view": "as_of_today" if asked.today else "as_reported", **({"by": asked.by} if asked.by else {})}
        found = {}
        for row in self._pages("aggregation", "/v1/rollups", **query):
            row["reason"] = row["reason"] and row["reason"]["code"]
            key = row["uid"], row["by"][asked.by] if asked.by else ""
            found[key] = {name: row.get(name) for name in wanted.get(key, row)}
        return found

    def _questions(self) -> Iterator[Asked]:
        for plan in self.plans.values():
            for field, slug, native, by in _subjects(plan):
                for period in self._periods(plan, native):
                    for level, today in itertools.product(LEVELS, (False, True)):
                        yield Asked(plan.slug, field, slug, level, period, today, by)

    def _periods(self, plan: Plan, native: str) -> Iterator[str]:
        """Periods of every length of which a native one has begun, and stages."""
        today = plan.day(self.now)
        for kind in KINDS_OF_PERIODS[KINDS_OF_PERIODS.index(native) :]:
            for period in plan.times.ending_in(today - 2 * YEAR, today + YEAR, kind):
                if plan.times.first(plan.times.ending_in(*plan.span(period), native)[0]) <= today:
                    yield period
        yield from (stage["slug"] for stage in plan.stages if plan.span(stage["slug"])[0] <= today)

    def _until_equal(self, what: str, wanted: Mapping[Any, Any], find: Callable[[], Mapping[Any, Any]]) -> None:
        """Compare, for as long as something may be on its way; what differs in the end is kept to be told together."""
        deadline = time.monotonic() + (PATIENCE if not self.differing else 0)
        while (found := find()) != wanted and time.monotonic() < deadline:
            time.sleep(0.2)
        for key in sorted(found.keys() | wanted.keys(), key=str):
            mine, theirs = wanted.get(key), found.get(key)
            if mine != theirs:
                self.differing.append((self.now.isoformat(), what, key, _apart(mine, theirs)))


def _subjects(plan: Plan) -> Iterator[tuple[str, str, str, str]]:
    """What can be asked of a programme: field, slug, native period, and what it is split by. Small numbers of sensitive
    indicators have a proof of their own.
    """
    for slug, indicator in plan.indicators.items():
        if not indicator.get("sensitive"):
            splits = [*indicator.get("breakdowns", ()), *(["series"] if "series" in indicator else [])]
            for by in ("", *splits, *(["component"] if "components" in indicator else [])):
                yield "indicator", slug, indicator["period"], by
    for slug in plan.activities:
        yield "activity", slug, "month", ""
    for slug, measure in plan.measures.items():
        if measure["counts"] not in {"timeliness", "followed_up"}:
            yield "measure", slug, "month", ""


def _shown(life: Life) -> tuple[Any, ...]:
    return life.due, life.state, life.cycle, life.met_at


def _apart(mine: Any, theirs: Any) -> Any:
    """What the model says and what the service says, only where they differ."""
    if not isinstance(mine, dict) or not isinstance(theirs, dict):
        return mine, theirs
    return {name: (mine[name], theirs.get(name)) for name in mine if mine[name] != theirs.get(name)}


def stops(seen: datetime, ends: datetime, chance: Random) -> Iterator[datetime]:
    """Instants between: those at which something turns, and others up to six weeks apart; now in the morning, now
    in the evening, when a day further east has begun.
    """
    fixed = sorted(datetime.fromisoformat(f"{turn}T09:00:00+07:00") for turn in TURNS)
    now = seen
    while now < ends:
        then = (now + timedelta(days=chance.randint(25, 45))).replace(hour=chance.choice((9, 20)))
        now = min([then, ends, *(turn for turn in fixed if turn > now)])
        yield now


def live(
    system: System, folders: Sequence[Path], register: Path, chance: Random, shares: Mapping[str, float]
) -> Counter[str]:
    """Live the two years with all services and these programmes; how much was compared. `shares`: of all that can be
    asked at a time, what is asked (1 is everything).
    """
    plans = {plan.slug: plan for plan in map(Plan, folders)}
    seen, ends = datetime.fromisoformat(SEEN), datetime.fromisoformat(ENDS)
    years = Years(system, plans, register, seen, chance)
    for number, stop in enumerate(stops(seen, ends, chance)):
        years.go_to(stop)
        years.check_obligations()
        if number % LOOK_EVERY == 0 or stop == ends:
            years.check_timeliness()
            years.check_figures(shares)
        years.decide()
    assert years.differing == [], f"{len(years.differing)} differ, (model, service): {years.differing[:10]}"
    assert {life.state for life in years.duties.lives.values()} == STATES
    return years.compared
