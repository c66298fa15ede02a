"""A programme as the model reads it: the values of `programme.yaml`, and what the documents say that they mean."""

from collections.abc import Iterator
from datetime import date, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML

from tests.e2e.three_programmes.places import Places
from tests.e2e.three_programmes.times import Moved, Times, kind_of

Thing = dict[str, Any]


class Owed(NamedTuple):
    """An obligation's name."""

    programme: str
    report: str
    period: str
    unit: str
    agency: str


class Plan:
    """One programme."""

    def __init__(self, folder: Path) -> None:
        self.file: Thing = YAML(typ="safe", pure=True).load(folder / "programme.yaml")
        self.slug: str = self.file["slug"]
        self.times = Times(self.file)
        self.languages: list[str] = self.file.get("languages", ["vi", "en"])
        self.stages: list[Thing] = self.file["stages"]
        self.begins = self.times.first(str(self.stages[0]["first"]))  # of what is accepted
        self.owes_from = self.times.first(str(self.file["first_period"]))
        self.ends = self.times.last(str(self.file["last_period"]))
        self.indicators: dict[str, Thing] = {item["slug"]: item for item in self.file["indicators"]}
        self.reports: dict[str, Thing] = {item["slug"]: item for item in self.file["reports"]}
        self.activities: dict[str, Thing] = {item["slug"]: item for item in self.file["activities"]}
        self.measures: dict[str, Thing] = {item["slug"]: item for item in self.file["measures"]}
        self.dimensions: dict[str, Thing] = {item["slug"]: item for item in self.file["dimensions"]}

    def day(self, now: datetime) -> date:
        return now.astimezone(self.times.zone).date()

    def accepts(self, period: str) -> bool:
        return self._belongs(period, self.begins)

    def _belongs(self, period: str, begins: date) -> bool:
        """Whether the period lies in the time from a day to the programme's last; a week does with its last day."""
        first, last = self.times.first(period), self.times.last(period)
        return begins <= (last if kind_of(period) == "week" else first) and last <= self.ends

    def is_owed(self, period: str) -> bool:
        """A longer period that begins before the first one owed isn't owed."""
        return self._belongs(period, self.owes_from)

    def span(self, period: str) -> tuple[date, date]:
        """First and last day of a period, or of a stage by its slug."""
        for stage in self.stages:
            if stage["slug"] == period:
                return self.times.first(str(stage["first"])), self.times.last(str(stage["last"]))
        return self.times.first(period), self.times.last(period)

    def root(self, indicator: str) -> tuple[str, str]:
        """Under which programme and indicator its records are kept."""
        programme, _, slug = self.indicators[indicator].get("same_as", "").partition("/")
        return (programme, slug) if slug else (self.slug, indicator)

    def holds(self, reporter: Thing, period: str) -> bool:
        """Whether a duty holds for a period: by its last day."""
        end = self.times.last(period)
        return (reporter.get("since") or end) <= end <= (reporter.get("until") or end)

    def reporters(self, indicator: str, period: str, places: Places) -> Iterator[tuple[str, str, Thing]]:
        """Whoever can report a native period of an indicator: (unit, agency, entry), of units in force at its end."""
        for entry in self.indicators[indicator].get("reporters", ()):
            if self.holds(entry, period):
                for unit in places.on(entry["level"], self.times.last(period)):
                    for agency in entry["agencies"]:
                        yield unit, agency, entry

    def obligations(self, day: date, places: Places) -> Iterator[tuple[Owed, datetime]]:
        """Whatever is owed of periods that have begun by the day, with its deadline."""
        for slug, report in self.reports.items():
            for period in self.times.ending_in(self.owes_from, self.ends, report["period"]):
                if self.is_owed(period) and self.times.first(period) <= day:
                    for entry in report["reporters"]:
                        if self.holds(entry, period):
                            due = self.times.due(entry["deadline"], period)
                            for unit in places.on(entry["level"], self.times.last(period)):
                                yield Owed(self.slug, slug, period, unit, entry["agency"]), due

    def moved(self, owed: Owed) -> Moved | None:
        """Why the deadline by the programme's rule isn't on the day on which it would be."""
        (entry,) = (
            entry for entry in self.reports[owed.report]["reporters"]
            if entry["agency"] == owed.agency and self.holds(entry, owed.period)
        )  # fmt: skip
        return self.times.moved(entry["deadline"], owed.period)


class Line(NamedTuple):
    """What a figure is held against."""

    target: float
    of: str | None
    stands_at: Fraction
    lower: bool
    strict: bool

    def on_track(self, value: Fraction) -> bool:
        if value == self.stands_at:
            return not self.strict
        return (value < self.stands_at) == self.lower

    def attainment(self, value: Fraction) -> float | None:
        """How much of the target is reached, in per cent."""
        over, under = (exact(self.target), value) if self.lower else (value, exact(self.target))
        return round(float(100 * over / under), 4) if under else None


def exact(number: float) -> Fraction:
    return Fraction(str(number))


def line_of(plan: Plan, indicator: Thing, period: str, ladder: tuple[str, ...]) -> Line | None:
    """The target of the stage that the native period ends in, and where the line to it stands by then: it goes by
    months. The nearest unit of the ladder that has a target of its own has the say.
    """
    times, end = plan.times, plan.times.last(period)
    targets = {target["stage"]: target for target in indicator.get("targets", ())}
    former: Thing | None = None
    for stage in plan.stages:
        first, last = plan.span(stage["slug"])
        target = targets.get(stage["slug"])
        if first <= end <= last and target is not None:
            value, of = _goal(target, ladder)
            gone = times.month_of(end) - times.month_of(first) + 1
            whole = times.month_of(last) - times.month_of(first) + 1
            begin = _begin(indicator, target, former, ladder)
            way = Fraction(1) if target.get("course") == "hold" else Fraction(gone, whole)
            lower, strict = indicator.get("better") == "lower", target.get("strict", False)
            return Line(value, of, begin + (exact(value) - begin) * way, lower, strict)
        former = target or former
    return None


def _goal(target: Thing, ladder: tuple[str, ...]) -> tuple[float, str | None]:
    own = {item["unit"]: item["value"] for item in target.get("own", ())}
    return next(((own[uid], uid) for uid in ladder if uid in own), (target["value"], None))


def _begin(indicator: Thing, target: Thing, former: Thing | None, ladder: tuple[str, ...]) -> Fraction:
    if "baseline" in target:
        return exact(target["baseline"])
    if former is None or indicator["over_time"] == "cumulative":
        return Fraction(0)
    return exact(_goal(former, ladder)[0])
