"""Who hands in which report of 2023, and when: most in time, a handful late, some never."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum

from sample import workdays
from sample.scope import Scope
from shared.domain.periods import Period, PeriodKind
from shared.domain.units import Unit
from shared.programme.model import Programme
from shared.programme.reports import Report, Reporter

YEAR = Period(PeriodKind.YEAR, 2023)
YEN_VUONG = "06412@1"
HOA_THANG = "06460@1"
HUU_LUNG = "186@1"
EARLY_SHARE = 0.45


class Fate(StrEnum):
    """What becomes of one duty."""

    EARLY = "early"  # before the reminder
    IN_TIME = "in time"  # after the reminder, before the deadline
    LATE = "late"  # on the day of the overdue notice
    VERY_LATE = "very late"  # five working days after the deadline
    FIGURES_ONLY = "figures only"  # sends the figures in time and forgets to hand in the report
    SILENT = "silent"


# How many of each fate a report and period has at a level; the others are in time.
DRAWN = {
    "commune": {Fate.LATE: 3, Fate.VERY_LATE: 2, Fate.FIGURES_ONLY: 1, Fate.SILENT: 3},
    "district": {Fate.LATE: 1, Fate.SILENT: 1},
    "province": {Fate.LATE: 1, Fate.SILENT: 1},
}


@dataclass(frozen=True, slots=True)
class Duty:
    """One report that one agency at one unit owes for a period."""

    unit: Unit
    agency: str
    report: str
    period: Period
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Submission:
    """A duty and what becomes of it. `at` is when its figures are posted; None: never."""

    duty: Duty
    fate: Fate
    at: datetime | None

    @property
    def handed_in_at(self) -> datetime | None:
        """When the report itself is handed in; None: never."""
        return None if self.fate is Fate.FIGURES_ONLY else self.at


def duties(programme: Programme, scope: Scope) -> Iterator[Duty]:
    """List everything that the taking-part units owe for 2023."""
    for report in programme.reports:
        for reporter in report.reporters:
            yield from _duties_of(report, reporter, scope)


def _duties_of(report: Report, reporter: Reporter, scope: Scope) -> Iterator[Duty]:
    for period in workdays.CALENDAR.parts(YEAR, report.period):
        if in_time_of(reporter.since, reporter.until, period):
            due_at = workdays.due_at(reporter.deadline, period)
            for unit in scope.at(reporter.level):
                yield Duty(unit, reporter.agency, report.slug, period, due_at)


def in_time_of(since: date | None, until: date | None, period: Period) -> bool:
    """Tell whether a period ends between two days (inclusive; None is open)."""
    end = workdays.CALENDAR.end(period)
    return (since is None or since <= end) and (until is None or end <= until)


def submissions(seed: int, programme: Programme, scope: Scope) -> list[Submission]:
    """Draw what becomes of every duty."""
    pools: dict[tuple[str, Period, str], list[Duty]] = {}
    for duty in duties(programme, scope):
        pools.setdefault((duty.report, duty.period, duty.unit.level), []).append(duty)
    found: list[Submission] = []
    for (report, period, level), pool in pools.items():
        rng = random.Random(f"{seed}/submissions/{report}/{period}/{level}")
        fates = _draw_fates(rng, pool, level)
        for index, duty in enumerate(pool):
            usual = Fate.EARLY if rng.random() < EARLY_SHARE else Fate.IN_TIME
            fate = fates.get(index, usual)
            found.append(Submission(duty, fate, _instant(rng, duty, fate)))
    return found


def _draw_fates(rng: random.Random, pool: list[Duty], level: str) -> dict[int, Fate]:
    """Draw the fates that are not the usual one, by place in the pool."""
    fates: dict[int, Fate] = {}
    if pool[0].report == "progress-quarterly" and str(pool[0].period) == "2023-Q1" and level == "commune":
        fates = _first_quarter_of_huu_lung(rng, pool)
    # Yên Vượng has its one silence: in the other periods it is as usual.
    free = [index for index, duty in enumerate(pool) if index not in fates and duty.unit.uid != YEN_VUONG]
    wanted = [fate for fate, number in DRAWN[level].items() for _ in range(number)]
    return fates | dict(zip(rng.sample(free, len(wanted)), wanted, strict=True))


def _first_quarter_of_huu_lung(rng: random.Random, pool: list[Duty]) -> dict[int, Fate]:
    """Make Yên Vượng silent and two of its neighbours late, so that the district's digest has several lines."""
    places = {duty.unit.uid: index for index, duty in enumerate(pool) if duty.unit.parent == HUU_LUNG}
    silent, very_late = places.pop(YEN_VUONG), places.pop(HOA_THANG)
    return {silent: Fate.SILENT, very_late: Fate.VERY_LATE, rng.choice(sorted(places.values())): Fate.LATE}


def _instant(rng: random.Random, duty: Duty, fate: Fate) -> datetime | None:
    due_on = duty.due_at.date()
    match fate:
        case Fate.SILENT:
            return None
        case Fate.EARLY:
            day = workdays.shift(due_on, -1 - rng.randint(1, 3))
        case Fate.LATE:
            day = workdays.shift(due_on, 1)
        case Fate.VERY_LATE:
            day = workdays.shift(due_on, 5)
        case _:
            day = due_on if rng.random() < 0.5 else workdays.shift(due_on, -1)
    return working_instant(rng, day)


def working_instant(rng: random.Random, day: date) -> datetime:
    """Draw an instant of a day between 09:00 and 16:00: after the morning's messages, before any deadline."""
    return workdays.at(day, 9) + timedelta(seconds=rng.randrange(7 * 3600))
