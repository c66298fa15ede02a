"""Turns counters into the figures that people read. Pure. Every figure carries its coverage."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import NamedTuple

from services.aggregation.contribution import Contributor, Delta
from services.aggregation.parts import Counters
from services.aggregation.reading.subjects import Subject
from shared.domain.canonical import EventBody
from shared.domain.periods import Period, Span
from shared.domain.units import Unit
from shared.programme.model import Programme
from shared.programme.soft_checks import percentage, soft_flags
from shared.registry.snapshot import Registry

Cells = Mapping[str, Mapping[str, Counters]]  # counters by unit and `by`


@dataclass(frozen=True, slots=True)
class Coverage:
    """Who was expected and who has spoken; a waived one that hasn't is neither reported nor missing.

    `units`: of how many units in force a share of units is a share, whether anything is owed of the period or not.
    """

    expected: int
    reported: int
    waived: int
    units: int = 0

    @property
    def missing(self) -> int:
        """How many are expected, silent, and not excused."""
        return self.expected - self.reported - self.waived

    def row(self) -> dict[str, object]:
        """As it stands in every figure."""
        return {
            "units_expected": self.expected,
            "units_reported": self.reported,
            "units_missing": self.missing,
            "units_waived": self.waived,
            "coverage": percentage(self.reported, self.expected),
        }


def add(left: Counters, right: Counters, times: int = 1) -> Counters:
    """Add counters up, the right ones `times` times."""
    return Counters(*(a + times * b for a, b in zip(left, right, strict=True)))


def carried_forward(states: Iterable[EventBody], registry: Registry, programme: Programme, period: Period) -> Cells:
    """Make the cells of an indicator of states: a reporter that is silent in the period stands with its last state.

    It hasn't reported for that: what is carried forward counts in the figure, and not among the reporters.
    """
    end = programme.calendar.end(period)
    spoken, carried, contributor = Delta(), Delta(), Contributor(registry)
    for body in states:
        unit = registry.units.get(body.unit)
        if unit is not None and unit.in_force(end):
            delta = spoken if body.data["period"] == str(period) else carried
            contributor.add(delta, body._replace(data={**body.data, "period": str(period)}), 1)
    cells: defaultdict[str, dict[str, Counters]] = defaultdict(dict)
    for delta in (spoken, carried):
        for (uid, *_), parts in delta.cells().items():
            for by, sums in parts.items():
                counters = Counters(*sums) if delta is spoken else Counters(*sums)._replace(reported=0)
                cells[uid][by] = add(cells[uid].get(by, Counters()), counters)
    return cells


def split(subject: Subject, counters: Mapping[str, Counters], by: str) -> list[tuple[dict[str, str], Counters]]:
    """Split a figure by `by`: one or more dimensions, `series`, `component`, `participants` or `money`."""
    if by == "series" and subject.indicator is not None:
        return [
            ({"series": series.slug}, _sum(counters.get(f"{series.dimension}:{option}") for option in series.options))
            for series in subject.indicator.series
            if any(f"{series.dimension}:{option}" in counters for option in series.options)
        ]
    measure = subject.measure
    if by == "sex" and measure is not None and measure.counts == "participants":
        whole = counters.get(subject.part, Counters())
        return [({"sex": "female"}, whole._replace(people=whole.female))] if whole.records else []
    allowed = {"participants": measure.groups, "money": measure.lines}.get(by, ()) if measure is not None else ()
    prefix = f"{subject.part}," if subject.part and by not in {"participants", "money"} else ""
    found: list[tuple[dict[str, str], Counters]] = []
    for name, part in sorted(counters.items()):
        if not name.startswith(prefix) or not name:
            continue
        options = dict(pair.split(":", 1) for pair in name[len(prefix) :].split(","))
        if ",".join(options) == by and (not allowed or options[by] in allowed):
            found.append((options, part))
    return found


def _sum(parts: Iterable[Counters | None]) -> Counters:
    total = Counters()
    for part in parts:
        total = add(total, part or Counters())
    return total


class Value(NamedTuple):
    """A figure: so many of `per` (100, 1,000 …) with what it was made of, or a count (`per` None).

    `counts` is what else an activity counts.
    """

    value: float | None
    numerator: int | None
    denominator: int | None
    per: int | None
    counts: Mapping[str, int] = MappingProxyType({})

    @property
    def exact(self) -> Fraction | None:
        """The value before it was rounded; None where there is none, or where it was made of nothing."""
        if self.value is None or self.numerator is None or not (self.denominator and self.per):
            return None
        return Fraction(self.numerator * self.per, self.denominator)

    def row(self) -> dict[str, object]:
        """As it stands in every figure."""
        made = {"value": self.value, "numerator": self.numerator, "denominator": self.denominator, "per": self.per}
        return {**made, **self.counts}


def value_of(subject: Subject, counters: Counters, coverage: Coverage, divisor: Counters | None) -> Value:
    """Make the figure of these counters."""
    if subject.indicator is not None:
        per = subject.indicator.per
        if counters.records == 0:
            return Value(None, None, None, per)
        denominator = coverage.units if subject.indicator.components else counters.denominator
        return Value(percentage(counters.numerator, denominator, per), counters.numerator, denominator, per)
    number = counted(subject, counters)
    counts = {
        "records": counters.records,
        "participants": counters.people,
        "female": counters.female,
        "amount": counters.amount,
    }
    if subject.divisor is None or divisor is None:
        return Value(number, number, None, None, counts)
    under = counted(subject.divisor, divisor)
    return Value(percentage(number, under), number, under, 100, counts)


def counted(subject: Subject, counters: Counters) -> int:
    """Pick the number that the activity or measure counts."""
    return {"participants": counters.people, "money": counters.amount}.get(subject.counts, counters.records)


class Timeliness(NamedTuple):
    """How many obligations were expected, and how those stand."""

    expected: int
    on_time: int
    late: int
    missing: int
    waived: int
    open: int

    @property
    def due(self) -> int:
        """Those whose deadline has passed or that were met before it."""
        return self.on_time + self.late + self.missing

    @property
    def value(self) -> float | None:
        """Of those that are due, how many per cent came in time."""
        return percentage(self.on_time, self.due)

    def row(self) -> dict[str, object]:
        """As the answer has it."""
        return {"value": self.value, **self._asdict()}


def timeliness(states: Mapping[str, int]) -> Timeliness:
    """Turn obligations by state into what people ask for."""
    return Timeliness(
        expected=sum(states.values()),
        on_time=states.get("met", 0),
        late=states.get("late_met", 0),
        missing=states.get("overdue", 0) + states.get("expired", 0),
        waived=states.get("waived", 0),
        open=states.get("open", 0),
    )


def identity(programme: Programme, unit: Unit, period: Span) -> dict[str, object]:
    """Name the unit, the period and the programme that a row is about."""
    place = {"uid": unit.uid, "code": unit.code, "name": unit.name, "level": unit.level}
    return {**place, "period": str(period), "programme": programme.slug}


def soft_checks(subject: Subject, value: float | None, now: Counters, before: Counters | None) -> list[str]:
    """Flag what makes a reported figure doubtful; nothing is refused for it. `before` is a year earlier."""
    if subject.indicator is None or value is None:
        return []
    earlier = before.denominator if before is not None else None
    return [str(flag) for flag in soft_flags(subject.indicator.checks, value, now.denominator, earlier)]
