"""Finds what a figure is of. Pure. From slug and period to the cells that make it up and the reports that cover it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from shared.domain.periods import Period, PeriodKind, Span, words_of
from shared.http.read_api import QueryError, none_of
from shared.http.read_words import ReadWords
from shared.programme.model import Indicator, Measure, OverTime, Programme, Report
from shared.wording.words import joined


@dataclass(frozen=True, slots=True)
class Subject:
    """What a figure is of.

    `cells` are the subjects of its cells and `part` the `by` of its whole; `periods` are the native ones that make up
    the asked one; `coverage` (of `coverage_period`) says who has spoken. `divisor` is the subject of the figure that
    this one is divided by.
    """

    slug: str
    cells: tuple[str, ...]
    part: str
    indicator: Indicator | None
    measure: Measure | None
    period: Span
    periods: tuple[Period, ...]
    coverage: str
    coverage_period: Period
    divisor: "Subject | None" = None

    @property
    def counts(self) -> str:
        """`ratio`, `share_of_units`, or what a measure counts; an activity counts its records."""
        if self.indicator is not None:
            return self.indicator.value
        return self.measure.counts if self.measure is not None else "records"


def subject_of(programme: Programme, field: str, slug: str, period: Span, today: date) -> Subject:
    """Find the subject of `indicator=<indicator or measure>` or `activity=<activity>` over a period."""
    if field == "activity":
        if slug not in programme.activity:
            raise none_of("activity", sorted(programme.activity), slug)
        return _counted(programme, slug, (f"activity:{slug}",), "", None, period, today)
    if slug in programme.indicator:
        return _indicator(programme, programme.indicator[slug], period, today)
    measures = {measure.slug: measure for measure in programme.measures}
    if slug in measures:
        return _measure(programme, measures, slug, period, today)
    raise none_of("indicator", sorted((*programme.indicator, *measures)), slug)


def _indicator(programme: Programme, indicator: Indicator, period: Span, today: date) -> Subject:
    """Take its own native period, or the last that has begun of a longer one."""
    slug = indicator.slug
    if period.kind.months < indicator.period.months:
        kind = words_of(indicator.period)
        raise QueryError("period", ReadWords.SHORTER_PERIOD.value.filled(slug=slug, kind=kind, got=period))
    parts = tuple(period.parts(indicator.period))
    last = last_begun(parts, programme, today)
    periods = parts if indicator.over_time is OverTime.SUM else (last,)
    cells = f"indicator:{slug}"
    return Subject(slug, (cells,), "", indicator, None, period, periods, cells, last)


def _measure(programme: Programme, measures: dict[str, Measure], slug: str, period: Span, today: date) -> Subject:
    measure = measures[slug]
    if measure.counts == "timeliness":
        return _timeliness(programme, measure, period)
    narrowed = measure.groups or measure.lines or measure.by
    part = f"measure:{slug}" if narrowed else ""
    if measure.counts == "units":
        part = f"unit:{slug}"
    cells = tuple(f"activity:{activity}" for activity in measure.activities)
    divisor = _measure(programme, measures, measure.ratio_to, period, today) if measure.ratio_to else None
    return _counted(programme, slug, cells, part, measure, period, today, divisor)


def _timeliness(programme: Programme, measure: Measure, period: Span) -> Subject:
    reports = [report for report in programme.reports if report.period is period.kind]
    if not reports or not isinstance(period, Period):
        kinds = joined([words_of(kind) for kind in sorted({report.period for report in programme.reports})], ", ")
        raise QueryError("period", ReadWords.OF_REPORTS.value.filled(slug=measure.slug, kinds=kinds, got=period))
    cells = tuple(f"obligation:{report.slug}" for report in reports)
    covering = covering_report(programme, period.kind)
    return Subject(measure.slug, cells, "", None, measure, period, (period,), f"report:{covering.slug}", period)


def _counted(
    programme: Programme,
    slug: str,
    cells: tuple[str, ...],
    part: str,
    measure: Measure | None,
    period: Span,
    today: date,
    divisor: Subject | None = None,
) -> Subject:
    """Count it from activities: the sum of its months, covered by the report that tells whether a unit has spoken."""
    report = covering_report(programme, period.kind)
    if isinstance(period, Period) and report.period.months >= period.kind.months:
        covering = period.within(report.period)
    else:
        covering = last_begun(tuple(period.parts(report.period)), programme, today)
    months = tuple(period.parts(PeriodKind.MONTH))
    return Subject(slug, cells, part, None, measure, period, months, f"report:{report.slug}", covering, divisor)


def covering_report(programme: Programme, kind: PeriodKind) -> Report:
    """Pick the report whose submission says that a unit's activities of a period are in: the most widely owed one of
    the period's own kind, else the shortest that contains it, else the shortest of all."""
    by_length = sorted(programme.reports, key=lambda item: (item.period.months, -len(item.reporters)))
    lowest = by_length[0].reporters[0].level
    own = [item for item in by_length if item.period is kind and any(r.level == lowest for r in item.reporters)]
    containing = [item for item in by_length if item.period.months >= kind.months]
    return (own or [item for item in containing if item is by_length[0]] or by_length)[0]


def last_begun(parts: Sequence[Period], programme: Programme, today: date) -> Period:
    """Pick the last of these periods that has begun; the first where none has."""
    begun = [part for part in parts if programme.calendar.start(part) <= today]
    return (begun or parts[:1])[-1]
