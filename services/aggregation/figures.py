"""From cells to the figures that people read: pure. Every figure carries its coverage."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from services.aggregation.contribution import Contributor, Delta
from services.aggregation.parts import WHOLE, Counters
from services.aggregation.rollup import Said
from shared.duties import owes
from shared.periods import Period, PeriodKind
from shared.programme import Indicator, OverTime, Programme, Report
from shared.registry.snapshot import Registry
from shared.units import Unit


class QueryError(Exception):
    """The question can't be answered as asked. `field` is the parameter; the text says what was expected."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Subject:
    """What a figure is of: its cells' subject, the native periods that make up the asked one, and what covers it."""

    slug: str
    cells: str
    indicator: Indicator | None
    periods: tuple[Period, ...]
    coverage: str
    coverage_period: Period


def indicator_subject(programme: Programme, slug: str, period: Period, today: date) -> Subject:
    """An indicator over a period: its own native one, or the last that has begun of a longer one."""
    indicator = programme.indicator.get(slug)
    if indicator is None:
        raise QueryError("indicator", f"expected one of {', '.join(sorted(programme.indicator))}, got {slug!r}")
    if period.kind.months < indicator.period.months:
        raise QueryError(
            "period", f"{slug} is reported by the {indicator.period}; expected that or longer, got {period}"
        )
    parts = tuple(period.parts(indicator.period))
    last = _last_begun(parts, programme, today)
    periods = parts if indicator.over_time is OverTime.SUM else (last,)
    cells = f"indicator:{slug}"
    return Subject(slug, cells, indicator, periods, cells, last)


def activity_subject(programme: Programme, slug: str, period: Period, today: date) -> Subject:
    """An activity over a period: the sum of its months, covered by the report that tells whether a unit has spoken."""
    if slug not in programme.activity:
        raise QueryError("activity", f"expected one of {', '.join(sorted(programme.activity))}, got {slug!r}")
    report = covering_report(programme, period.kind)
    if report.period.months >= period.kind.months:
        covering = period.within(report.period)
    else:
        covering = _last_begun(tuple(period.parts(report.period)), programme, today)
    months = tuple(period.parts(PeriodKind.MONTH))
    return Subject(slug, f"activity:{slug}", None, months, f"report:{report.slug}", covering)


def covering_report(programme: Programme, kind: PeriodKind) -> Report:
    """The report whose submission says that a unit's activities of a period are in: the most widely owed one of the
    period's own kind, else the shortest that contains it, else the shortest of all."""
    by_length = sorted(programme.reports, key=lambda item: (item.period.months, -len(item.reporters)))
    lowest = by_length[0].reporters[0].level
    own = [item for item in by_length if item.period is kind and any(r.level == lowest for r in item.reporters)]
    containing = [item for item in by_length if item.period.months >= kind.months]
    return (own or [item for item in containing if item is by_length[0]] or by_length)[0]


def _last_begun(parts: Sequence[Period], programme: Programme, today: date) -> Period:
    begun = [part for part in parts if programme.calendar.start(part) <= today]
    return (begun or parts[:1])[-1]


class Expectations:
    """How many reporters are expected below each unit, by `owes`; remembered until the registry changes."""

    def __init__(self) -> None:
        self._registry: Registry | None = None
        self._counts: dict[tuple[str, str, Period], Counter[str]] = {}

    def below(self, registry: Registry, programme: Programme, subject: str, period: Period) -> Counter[str]:
        """Expected reporters of `indicator:…` or `report:…` for each unit's uid on the ladder of the period's end."""
        if registry is not self._registry:
            self._registry, self._counts = registry, {}
        key = (programme.slug, subject, period)
        counts = self._counts.get(key)
        if counts is None:
            counts = self._counts[key] = Counter()
            for unit, _, levels in expected_reporters(registry, programme, subject, period):
                for step in registry.units.path(unit.uid):
                    if not levels or step.level in levels:
                        counts[step.uid] += 1
        return counts


def expected_reporters(
    registry: Registry, programme: Programme, subject: str, period: Period
) -> list[tuple[Unit, str, tuple[str, ...]]]:
    """Every (unit, agency, levels that it counts at) expected to report the subject for its native period."""
    what, _, slug = subject.partition(":")
    reporters: list[tuple[str, str, tuple[str, ...]]]
    if what == "indicator":
        reporters = [
            (reporter.level, agency, reporter.reach)
            for reporter in programme.indicator[slug].reporters
            for agency in reporter.agencies
        ]
    else:
        reporters = [(reporter.level, reporter.agency, ()) for reporter in programme.report[slug].reporters]
    wanted = {level for level, _, _ in reporters}
    found: list[tuple[Unit, str, tuple[str, ...]]] = []
    for unit in registry.units:
        if unit.level not in wanted:
            continue
        for level, agency, reach in dict.fromkeys(reporters):
            if level == unit.level:
                owed = owes(programme, unit, agency, period)
                if slug in (owed.indicators if what == "indicator" else [report for report, _ in owed.reports]):
                    found.append((unit, agency, reach))
    return found


def carried_forward(
    states: Iterable[Said], registry: Registry, programme: Programme, period: Period
) -> dict[str, dict[str, Counters]]:
    """The cells of an indicator of states: a reporter that is silent in the period stands with its last state."""
    end = programme.calendar.end(period)
    delta, contributor = Delta(), Contributor(registry)
    for said in states:
        unit = registry.units.get(said.unit)
        if unit is not None and unit.in_force(end):
            contributor.add(delta, said._replace(data={**said.data, "period": str(period)}), 1)
    steps = {number: uids for uids, number in delta.ladders.items()}
    cells: dict[str, dict[str, Counters]] = defaultdict(dict)
    for key, sums in delta.sums.items():
        for uid in steps[key.ladder]:
            held = cells[uid].get(key.by, Counters())
            cells[uid][key.by] = Counters(*map(sum, zip(held, sums, strict=True)))
    return cells


def figure(
    unit: Unit,
    subject: Subject,
    programme: Programme,
    asked: Period,
    cells: Mapping[str, Counters],
    coverage: tuple[int, int],
    as_of: datetime,
) -> dict[str, Any]:
    """One row: the value with its counters, its coverage (expected, reported) and its target.

    `cells` are the unit's counters by `by`; `value` is a percentage for an indicator and the number of records for an
    activity, None where nobody has reported.
    """
    expected, reported = coverage
    whole = cells.get(WHOLE, Counters())
    row: dict[str, Any] = {
        "uid": unit.uid,
        "code": unit.code,
        "name": unit.name,
        "level": unit.level,
        "period": str(asked),
        **_values(subject, whole, expected),
        "units_expected": expected,
        "units_reported": reported,
        "units_missing": expected - reported,
        "target": None,
        "on_track": None,
        "as_of": as_of.isoformat(),
        "approximate": False,
    }
    if subject.indicator is not None:
        row |= attainment(programme, subject.indicator, subject.periods[-1], row["value"])
    return row


def _values(subject: Subject, counters: Counters, expected: int) -> dict[str, Any]:
    if subject.indicator is None:
        return {
            "value": counters.records,
            "numerator": counters.records,
            "denominator": None,
            "records": counters.records,
            "participants": counters.people,
            "female": counters.female,
            "amount": counters.amount,
        }
    denominator = expected if subject.indicator.components else counters.denominator
    if counters.reported == 0:
        return {"value": None, "numerator": None, "denominator": None}
    value = round(100 * counters.numerator / denominator, 4) if denominator else None
    return {"value": value, "numerator": counters.numerator, "denominator": denominator}


def attainment(programme: Programme, indicator: Indicator, period: Period, value: float | None) -> dict[str, Any]:
    """The stage's target and whether the value lies on the straight line from the baseline to it."""
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
            return {"target": target.percent, "on_track": None}
        span = stage.last.last_month - stage.first.first_month + 1
        elapsed = period.last_month - stage.first.first_month + 1
        line = baseline + (target.percent - baseline) * elapsed / span
        return {"target": target.percent, "on_track": value >= line}
    return {"target": None, "on_track": None}
