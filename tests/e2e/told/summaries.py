"""On a month's first working morning, or as soon after it as somebody is there: how what was due came in."""

from collections.abc import Iterator, Mapping
from datetime import date, datetime, timedelta

from tests.e2e.three_programmes.duties import Duties
from tests.e2e.three_programmes.places import Places
from tests.e2e.three_programmes.plans import Plan
from tests.e2e.three_programmes.times import kind_of
from tests.e2e.told.facts import Tally
from tests.e2e.told.officers import Officer
from tests.e2e.told.seats import Seat, Seats

LATEST = 4  # periods of a report
UNCOUNTED = frozenset({"waived", "expired"})


class Summaries:
    """Who has had which month's."""

    def __init__(self, plans: Mapping[str, Plan], places: Places, duties: Duties, seats: Seats) -> None:
        self.plans, self.places, self.duties, self.seats = plans, places, duties, seats
        self._done: set[tuple[str, date]] = set()

    def readers(self, plan: Plan, now: datetime) -> Iterator[tuple[Officer, str]]:
        """Who reads one now, each with the unit that it is about."""
        day = plan.day(now)
        first = day.replace(day=1)
        morning = plan.times.morning(plan.times.working_day_after(first - timedelta(days=1), 1))
        if (plan.slug, first) in self._done or now < morning:
            return
        self._done.add((plan.slug, first))
        lead = self.seats.lead(plan.slug, day)
        for level in plan.file.get("summary_levels", ()):
            for unit in self.places.on(level, day):
                if lead is not None and self._about(plan, unit, now):
                    agencies = sorted(self.seats.superiors(plan.slug, lead, day) | {lead})
                    seats = [Seat(unit, agency) for agency in agencies if self.seats.level(plan.slug, agency) == level]
                    for officer in self.seats.readers(plan.slug, seats, day):
                        yield officer, unit

    def _about(self, plan: Plan, unit: str, now: datetime) -> dict[str, list[str]]:
        """By report the latest periods of which something was due at the unit or below it."""
        found: dict[str, set[str]] = {}
        for owed, life in self.duties.lives.items():
            counts = owed.programme == plan.slug and life.due < now and life.state not in UNCOUNTED
            if counts and unit in self.places.ladder(owed.unit, plan.day(now)):
                found.setdefault(owed.report, set()).add(owed.period)
        return {report: sorted(periods, key=plan.times.last)[-LATEST:] for report, periods in found.items()}

    def lines(self, plan: Plan, unit: str, now: datetime) -> Iterator[Tally]:
        """A line for each report and period."""
        for report, periods in self._about(plan, unit, now).items():
            for period in periods:
                states = self._states(plan, report, period, unit, now)
                before = self._states(plan, report, self._before(plan, period), unit, now)
                share = 100 * before.count("met") / len(before) if before else None
                met, late, missing = (states.count(state) for state in ("met", "late_met", "overdue"))
                yield Tally(report, period, len(states), met, late, missing, share)

    def _states(self, plan: Plan, report: str, period: str, unit: str, now: datetime) -> list[str]:
        """How all stand whose time is over, and was when somebody was there to ask for it."""
        return [
            life.state for owed, life in self.duties.lives.items()
            if (owed.programme, owed.report, owed.period) == (plan.slug, report, period)
            and life.due < now and life.state not in UNCOUNTED
            and unit in self.places.ladder(owed.unit, plan.day(now))
        ]  # fmt: skip

    def _before(self, plan: Plan, period: str) -> str:
        return plan.times.containing(plan.times.first(period) - timedelta(days=1), kind_of(period))
