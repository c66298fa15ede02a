"""Which steps come due for an obligation, and who reads them: the latest of each level, at work, once a cycle."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache
from typing import Any, NamedTuple

from tests.e2e.three_programmes.duties import Life
from tests.e2e.three_programmes.plans import Plan
from tests.e2e.told.officers import Officer


class Turn(NamedTuple):
    """One turn of a step. `before`: it is for what isn't late yet."""

    step: str
    number: int
    to: int
    at: datetime
    before: bool
    optional: bool


@dataclass(slots=True)
class Alert:
    """A turn that one officer is told of, and how it ended: queued, muted, declined, sent or dropped."""

    officer: Officer
    state: str
    sent_at: datetime | None = None


@dataclass(slots=True)
class Claimed:
    """A turn that came due in a cycle of an obligation, and the unit that was told."""

    cycle: int
    turn: Turn
    unit: str
    alerts: list[Alert] = field(default_factory=list)


@dataclass(slots=True)
class Arrival:
    """That a late report has come, as one officer is told of it; `at`: when that was decided."""

    cycle: int
    at: datetime
    alert: Alert


class Steps:
    """The steps of one programme."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.roles = {item["slug"]: item["role"] for item in plan.file["agencies"]}

    def rests(self, day: date) -> bool:
        """Whether the programme ended more than 92 days ago: nobody is asked for anything any more."""
        return (day - self.plan.ends).days > 92

    def due(self, agency: str, life: Life, claimed: list[Claimed], now: datetime) -> Iterator[Turn]:
        """The turns that are to be told now: of each level the latest, unless this cycle has had it."""
        zone = self.plan.times.zone
        counted_from = max(life.due, life.reopened_at or life.due).astimezone(zone).date()
        climbs = self.roles[agency] != "requested"
        had = {(item.turn.step, item.turn.number) for item in claimed if item.cycle == life.cycle}
        latest: dict[int, Turn] = {}
        for turn in self._turns(counted_from):
            if turn.at <= now and turn.before == (life.state == "open") and (climbs or turn.to == 0):
                latest[turn.to] = turn
        yield from (turn for turn in latest.values() if (turn.step, turn.number) not in had)

    @cache  # noqa: B019 - steps live as long as their test
    def _turns(self, day: date) -> tuple[Turn, ...]:
        """All turns that are counted from a day, in order."""
        return tuple(sorted(self._every_turn(day), key=lambda turn: turn.at))

    def _every_turn(self, day: date) -> Iterator[Turn]:
        times = self.plan.times
        for step in self.plan.file["escalation"]:
            for number in range(step.get("at_most", 1)):
                count = step["working_days"] + number * step.get("repeat_working_days", 0)
                yield Turn(
                    step["slug"], number + 1, step["to"], times.morning(times.working_day(day, count)),
                    step["working_days"] <= 0, step.get("optional", False),
                )  # fmt: skip

    def hears_of_arrival(self, turn: Turn, met_at: datetime, now: datetime) -> bool:
        """Whether who was told by the turn that a report is late hears by now that it came: those above on the next
        working morning.
        """
        times = self.plan.times
        met_on = met_at.astimezone(times.zone).date()
        return turn.to == 0 or now >= times.morning(times.working_day_after(met_on, 1))

    def template(self, slug: str) -> dict[str, Any]:
        return next(step for step in self.plan.file["escalation"] if step["slug"] == slug)
