"""What officers have handed in by the form, and what other senders have changed of it since."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from tests.e2e.three_programmes.plans import Owed, Plan
from tests.e2e.told.facts import Changed
from tests.e2e.told.officers import Officer


@dataclass(slots=True)
class Change:
    """How a figure of a handing in stands by now. `number` counts an obligation's handings in; `waits`: to be told."""

    number: int
    before: tuple[int, int]
    now: tuple[int, int] | None
    at: datetime
    waits: bool


class Changes:
    """All of them."""

    def __init__(self) -> None:
        self.handed_in: dict[Owed, list[datetime]] = {}
        self.known: dict[tuple[Owed, str], Change] = {}
        self.told: set[tuple[Owed, int, int, Officer]] = set()

    def number(self, owed: Owed) -> int:
        """How often it was handed in."""
        return len(self.handed_in.get(owed, ()))

    def changed(self, owed: Owed, indicator: str, before: tuple[int, int], now: tuple[int, int] | None,
                at: datetime) -> None:  # fmt: skip
        """Another sender's figure counts now, or none; what is as it was handed in is no change."""
        number = self.number(owed)
        self.known[owed, indicator] = Change(number, before, now, at, waits=now != before)

    def standing(self, owed: Owed) -> Iterator[tuple[str, Change]]:
        """What is changed of the last handing in."""
        for (about, indicator), change in sorted(self.known.items()):
            if about == owed and change.now != change.before and change.number == self.number(owed):
                yield indicator, change

    def due(self, plan: Plan, owed: Owed, now: datetime) -> list[Change]:
        """What is to be told now: the first morning of work since it was changed has come."""
        return [it for _, it in self.standing(owed) if it.waits and _morning_after(plan, it.at) <= now]

    def lines(self, owed: Owed, due: datetime) -> Iterator[Changed]:
        """What is said of it."""
        for indicator, change in self.standing(owed):
            yield Changed(owed, due, indicator, change.before, change.now, "app", change.at)


def _morning_after(plan: Plan, at: datetime) -> datetime:
    """The first opening of work behind an instant."""
    day = at.astimezone(plan.times.zone).date()
    while not plan.times.is_worked(day) or plan.times.morning(day) <= at:
        day += timedelta(days=1)
    return plan.times.morning(day)
