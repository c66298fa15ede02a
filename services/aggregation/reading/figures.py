"""Turns counters into the figures that people read. Pure. Every figure carries its coverage."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import NamedTuple

from services.aggregation.contribution import Contributor, Delta
from services.aggregation.parts import Counters
from services.aggregation.reading.subjects import Subject
from shared.domain.canonical import EventBody
from shared.domain.periods import Period, Span
from shared.domain.units import Unit
from shared.programme.model import Programme
from shared.registry.snapshot import Registry

Cells = Mapping[str, Mapping[str, Counters]]  # counters by unit and `by`


@dataclass(frozen=True, slots=True)
class Coverage:
    """Who was expected and who has spoken; a waived one that hasn't is neither reported nor missing."""

    expected: int
    reported: int
    waived: int

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


def percentage(numerator: int, denominator: int) -> float | None:
    """Divide, in per cent, to four places; None where the denominator is 0."""
    return round(100 * numerator / denominator, 4) if denominator else None


def add(left: Counters, right: Counters, times: int = 1) -> Counters:
    """Add counters up, the right ones `times` times."""
    return Counters(*(a + times * b for a, b in zip(left, right, strict=True)))


def carried_forward(states: Iterable[EventBody], registry: Registry, programme: Programme, period: Period) -> Cells:
    """Make the cells of an indicator of states: a reporter that is silent in the period stands with its last state."""
    end = programme.calendar.end(period)
    delta, contributor = Delta(), Contributor(registry)
    for body in states:
        unit = registry.units.get(body.unit)
        if unit is not None and unit.in_force(end):
            contributor.add(delta, body._replace(data={**body.data, "period": str(period)}), 1)
    cells: defaultdict[str, dict[str, Counters]] = defaultdict(dict)
    for (uid, *_), parts in delta.cells().items():
        for by, sums in parts.items():
            cells[uid][by] = add(cells[uid].get(by, Counters()), Counters(*sums))
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
    """A figure: a percentage with what it was made of, or a count. `counts` is what else an activity counts."""

    value: float | None
    numerator: int | None
    denominator: int | None
    counts: Mapping[str, int] = MappingProxyType({})

    def row(self) -> dict[str, object]:
        """As it stands in every figure."""
        return {"value": self.value, "numerator": self.numerator, "denominator": self.denominator, **self.counts}


def value_of(subject: Subject, counters: Counters, coverage: Coverage, divisor: Counters | None) -> Value:
    """Make the figure of these counters."""
    if subject.indicator is not None:
        if counters.records == 0:
            return Value(None, None, None)
        denominator = coverage.expected if subject.indicator.components else counters.denominator
        return Value(percentage(counters.numerator, denominator), counters.numerator, denominator)
    number = counted(subject, counters)
    counts = {
        "records": counters.records,
        "participants": counters.people,
        "female": counters.female,
        "amount": counters.amount,
    }
    if subject.divisor is None or divisor is None:
        return Value(number, number, None, counts)
    under = counted(subject.divisor, divisor)
    return Value(percentage(number, under), number, under, counts)


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


def identity(unit: Unit, period: Span) -> dict[str, object]:
    """Name the unit and the period that a row is about."""
    return {"uid": unit.uid, "code": unit.code, "name": unit.name, "level": unit.level, "period": str(period)}


def attainment(programme: Programme, subject: Subject, value: float | None) -> dict[str, object]:
    """Work out the stage's target, how much of it is reached, and whether the value lies on the straight line to it."""
    nothing: dict[str, object] = {"target": None, "on_track": None, "attainment": None}
    indicator, period = subject.indicator, subject.periods[-1]
    if indicator is None:
        return nothing
    stages = {stage.slug: stage for stage in programme.stages}
    baseline = indicator.baseline_percent or 0.0
    for target in indicator.targets:
        stage = stages[target.stage]
        if period.first_month > stage.last.last_month:
            baseline = target.percent
            continue
        if period.last_month < stage.first.first_month:
            break
        if value is None:
            return {**nothing, "target": target.percent}
        span = stage.last.last_month - stage.first.first_month + 1
        elapsed = period.last_month - stage.first.first_month + 1
        line = baseline + (target.percent - baseline) * elapsed / span
        reached = round(100 * value / target.percent, 4) if target.percent else None
        return {"target": target.percent, "on_track": value >= line, "attainment": reached}
    return nothing


def soft_checks(subject: Subject, value: float | None, now: Counters, before: Counters | None) -> list[str]:
    """Flag what makes a reported figure doubtful; nothing is refused for it. `before` is a year earlier."""
    if subject.indicator is None or value is None:
        return []
    checks, flags = subject.indicator.checks, []
    change = checks.denominator_change
    if change is not None and before is not None and before.denominator:
        moved = abs(now.denominator - before.denominator) / before.denominator
        if moved > change:
            flags.append("denominator_changed")
    if checks.minimum is not None and value < checks.minimum:
        flags.append("below_minimum")
    if checks.maximum is not None and value > checks.maximum:
        flags.append("above_maximum")
    return flags
