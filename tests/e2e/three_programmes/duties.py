"""What obligations become, told again: opened when their period begins, settled by what stands, late after 17:00."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from tests.e2e.three_programmes.ledger import Ledger
from tests.e2e.three_programmes.places import Places
from tests.e2e.three_programmes.plans import Owed, Plan


@dataclass(slots=True)
class Life:
    """How one obligation stands. `reopened_at`: when what had come was withdrawn, unless it was extended since."""

    due: datetime
    state: str
    cycle: int = 1
    met_at: datetime | None = None
    reopened_at: datetime | None = None
    extended: bool = False


class Duties:
    """Every obligation of every programme. `seen`: when this installation began to know the programmes."""

    def __init__(self, plans: Mapping[str, Plan], places: Places, ledger: Ledger, seen: datetime) -> None:
        self.plans, self.places, self.ledger, self.seen = plans, places, ledger, seen
        self.lives: dict[Owed, Life] = {}

    def sweep(self, now: datetime) -> None:
        """Open what has begun, and close what has passed; what was due before anybody could be told has expired."""
        for plan in self.plans.values():
            for owed, due in plan.obligations(plan.day(now), self.places):
                if owed not in self.lives:
                    self.lives[owed] = Life(due, "expired" if due < self.seen else "open")
        self.settle(now)
        for life in self.lives.values():
            if life.state == "open" and life.due < now:
                life.state = "overdue"

    def settle(self, now: datetime) -> None:
        """Bring every obligation to what stands in the ledger."""
        for owed, life in self.lives.items():
            stands = self._stands(owed)
            if stands is None and life.state in {"met", "late_met"}:
                life.cycle, life.state = life.cycle + 1, "open" if now <= life.due else "overdue"
                life.reopened_at = now
            elif stands is not None and stands != life.met_at and life.state != "waived":
                late = "expired" if life.state == "expired" else "late_met"
                life.state = "met" if stands <= life.due else late
            life.met_at = stands

    def _stands(self, owed: Owed) -> datetime | None:
        """Since when what is owed has been there: the report, or all the figures that make it up."""
        plan = self.plans[owed.programme]
        if plan.reports[owed.report].get("completed_by") != "indicators":
            return self.ledger.stands_since(self.ledger.report_key(owed))
        since = [self.ledger.stands_since(key) for key in self._figures(plan, owed)]
        known = [instant for instant in since if instant is not None]
        return max(known) if known and len(known) == len(since) else None

    def _figures(self, plan: Plan, owed: Owed) -> Iterator[tuple[str, ...]]:
        """The figures that the agency owes of the period."""
        for slug, indicator in plan.indicators.items():
            if indicator["period"] == plan.reports[owed.report]["period"]:
                for unit, agency, _ in plan.reporters(slug, owed.period, self.places):
                    if (unit, agency) == (owed.unit, owed.agency):
                        yield ("indicator", *plan.root(slug), unit, agency, owed.period)

    def extend(self, owed: Owed, until: datetime) -> None:
        """A later deadline begins a new cycle."""
        life = self.lives[owed]
        life.due, life.cycle, life.state, life.reopened_at = until, life.cycle + 1, "open", None
        life.extended = True

    def waive(self, owed: Owed) -> None:
        self.lives[owed].state = "waived"

    def waived(self, plan: Plan, period: str) -> set[tuple[str, str]]:
        """Who is excused from a report of the programme for the period."""
        return {
            (owed.unit, owed.agency) for owed, life in self.lives.items()
            if life.state == "waived" and (owed.programme, owed.period) == (plan.slug, period)
        }  # fmt: skip

    def timeliness(self, plan: Plan, report: str, period: str, level: str) -> dict[str, dict[str, int | float | None]]:
        """How many came in time, by the units of a level on the tree of the period's end."""
        on = plan.times.last(period)
        states: dict[str, Counter[str]] = {uid: Counter() for uid in self.places.on(level, on)}
        for owed, life in self.lives.items():
            if (owed.programme, owed.report, owed.period) == (plan.slug, report, period):
                for step in self.places.ladder(owed.unit, on):
                    if step in states:
                        states[step][life.state] += 1
        return {uid: _told(counts) for uid, counts in states.items()}


def _told(states: Counter[str]) -> dict[str, int | float | None]:
    missing = states["overdue"] + states["expired"]
    due = states["met"] + states["late_met"] + missing
    return {
        "expected": states.total(), "on_time": states["met"], "late": states["late_met"], "missing": missing,
        "waived": states["waived"], "open": states["open"],
        "value": round(100 * states["met"] / due, 4) if due else None,
    }  # fmt: skip
