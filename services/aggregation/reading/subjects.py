"""Finds what a figure is of. Pure. From slug and period to the cells that make it up and the reports that cover it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from shared.domain.periods import Period, PeriodKind, Span, words_of
from shared.http.read_api import QueryError, none_of
from shared.http.read_words import ReadWords
from shared.programme.families import Families, Name
from shared.programme.indicators import Indicator, OverTime
from shared.programme.model import Measure, Programme
from shared.programme.reports import Report
from shared.wording.words import joined

ALL = "all"  # `activity=all`: whatever was held
TASK = "task"  # `by=task`: by the group of tasks that an activity's type belongs to
_BY_TASK = frozenset({"records", "participants", "money"})  # what can be added up over types of activities


@dataclass(frozen=True, slots=True)
class Subject:
    """What a figure is of.

    `cells` are the subjects of its cells and `part` the `by` of its whole; `periods` are the native ones that make up
    the asked one; `coverage` (of `coverage_period`) says who has spoken. `divisor` is the subject of the figure that
    this one is divided by. `kept_by` is the programme under which cells and records stand: of an indicator that several
    share, the root's. `outside` of its programme's time there is no figure, whoever else has one.
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
    kept_by: str
    divisor: "Subject | None" = None
    outside: bool = False

    @property
    def field(self) -> str:
        """The parameter that names it, and the column of the rows that says so."""
        return "activity" if self.indicator is None and self.measure is None else "indicator"

    @property
    def counts(self) -> str:
        """`ratio`, `share_of_units`, or what a measure counts; an activity counts its records."""
        if self.indicator is not None:
            return self.indicator.value
        return self.measure.counts if self.measure is not None else "records"

    @property
    def by_task(self) -> bool:
        """Whether it is counted from several types of activities, and so can be split by task group."""
        several = self.measure is not None or self.slug == ALL
        return several and self.indicator is None and self.counts in _BY_TASK

    @property
    def spoken_by(self) -> str:
        """The subject of the cells and records that say who has spoken: `coverage`, as those are kept."""
        return self.coverage if self.indicator is None else self.cells[0]


def subject_of(programme: Programme, field: str, slug: str, period: Span, today: date, families: Families) -> Subject:
    """Find the subject of `indicator=<indicator or measure>` or `activity=<activity or all>` over a period."""
    if field == "activity":
        if slug == ALL:
            cells = tuple(f"activity:{name}" for name in programme.activity)
            return _counted(programme, slug, cells, "", None, period, today)
        if slug not in programme.activity:
            raise none_of("activity", [ALL, *sorted(programme.activity)], slug)
        return _counted(programme, slug, (f"activity:{slug}",), "", None, period, today)
    if slug in programme.indicator:
        return _indicator(programme, programme.indicator[slug], period, today, families.root(programme.slug, slug))
    measures = {measure.slug: measure for measure in programme.measures}
    if slug in measures:
        return _measure(programme, measures, slug, period, today)
    raise none_of("indicator", sorted((*programme.indicator, *measures)), slug)


def _indicator(programme: Programme, indicator: Indicator, period: Span, today: date, root: Name) -> Subject:
    """Take its own native period, or the last that has begun of a longer one; of these only what its programme accepts,
    because others may share its cells.
    """
    slug = indicator.slug
    if not indicator.period.makes_up(period.kind):
        kind = words_of(indicator.period)
        raise QueryError("period", ReadWords.SHORTER_PERIOD.value.filled(slug=slug, kind=kind, got=period))
    parts = tuple(programme.calendar.parts(period, indicator.period))
    accepted = tuple(part for part in parts if programme.accepts(part))
    last = last_begun(accepted or parts, programme, today)
    periods = accepted or parts if indicator.over_time is OverTime.SUM else (last,)
    kept_by, kept_as = root
    return Subject(
        slug=slug, cells=(f"indicator:{kept_as}",), part="", indicator=indicator, measure=None,
        period=period, periods=periods, coverage=f"indicator:{slug}", coverage_period=last,
        kept_by=kept_by, outside=not accepted,
    )  # fmt: skip


def _measure(programme: Programme, measures: dict[str, Measure], slug: str, period: Span, today: date) -> Subject:
    measure = measures[slug]
    if measure.counts == "timeliness":
        return _timeliness(programme, measure, period)
    if measure.counts == "followed_up":
        return _followed_up(programme, measure, period, today)
    narrowed = measure.groups or measure.lines or measure.by
    part = f"measure:{slug}" if narrowed else ""
    if measure.counts == "units":
        part = f"unit:{slug}"
    cells = tuple(f"activity:{activity}" for activity in measure.activities)
    divisor = _measure(programme, measures, measure.ratio_to, period, today) if measure.ratio_to else None
    return _counted(programme, slug, cells, part, measure, period, today, divisor)


def _followed_up(programme: Programme, measure: Measure, period: Span, today: date) -> Subject:
    """Count all follow-ups up to the period's end, over all records that were due for one by then."""
    (activity,) = measure.activities
    rule = programme.activity[activity].follow_up
    if rule is None:
        raise ValueError(f"{measure.slug} counts follow-ups, and {activity} has none")
    (until,), (after,) = rule.until.items(), rule.after.items()
    counted = _counted(programme, measure.slug, (f"activity:{activity}",), ":".join(until), measure, period, today)
    first = programme.first_accepted(PeriodKind.MONTH)
    months = tuple(first.shift(count) for count in range(counted.periods[-1].ordinal - first.ordinal + 1))
    due = replace(counted, part=":".join(after), periods=months[: max(0, len(months) - rule.months)])
    return replace(counted, periods=months, divisor=due)


def _timeliness(programme: Programme, measure: Measure, period: Span) -> Subject:
    reports = [report for report in programme.reports if report.period is period.kind]
    if not reports or not isinstance(period, Period):
        kinds = joined([words_of(kind) for kind in sorted({report.period for report in programme.reports})], ", ")
        raise QueryError("period", ReadWords.OF_REPORTS.value.filled(slug=measure.slug, kinds=kinds, got=period))
    cells = tuple(f"obligation:{report.slug}" for report in reports)
    covering = covering_report(programme, period.kind)
    return Subject(
        measure.slug, cells, "", None, measure, period, (period,), f"report:{covering.slug}", period, programme.slug
    )


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
    if not PeriodKind.MONTH.makes_up(period.kind):
        raise QueryError("period", ReadWords.COUNTED_BY_MONTH.value.filled(slug=slug, got=period))
    calendar, report = programme.calendar, covering_report(programme, period.kind)
    if isinstance(period, Period) and period.kind.makes_up(report.period):
        covering = calendar.within(period, report.period)
    else:
        covering = last_begun(calendar.parts(period, report.period), programme, today)
    months = tuple(calendar.parts(period, PeriodKind.MONTH))
    covered_by = f"report:{report.slug}"
    return Subject(slug, cells, part, None, measure, period, months, covered_by, covering, programme.slug, divisor)


def by_tasks(programme: Programme, subject: Subject) -> list[tuple[str | None, Subject]]:
    """Take what is counted apart by task group, in the programme's order; last, under None, what belongs to none."""
    tasks = [*(item.slug for item in programme.tasks), None]
    parts = [(task, _of_task(programme, subject, task)) for task in tasks]
    return [(task, part) for task, part in parts if part.cells]


def _of_task(programme: Programme, subject: Subject, task: str | None) -> Subject:
    cells = [cell for cell in subject.cells if programme.activity[cell.partition(":")[2]].task == task]
    divisor = _of_task(programme, subject.divisor, task) if subject.divisor is not None else None
    return replace(subject, cells=tuple(cells), divisor=divisor)


def covering_report(programme: Programme, kind: PeriodKind) -> Report:
    """Pick the report whose submission says that a unit's activities of a period are in: the most widely owed one of
    the period's own kind, else the shortest that contains it, else the shortest of all."""
    by_length = sorted(programme.reports, key=lambda item: (-item.period.in_a_year, -len(item.reporters)))
    lowest = by_length[0].reporters[0].level
    own = [item for item in by_length if item.period is kind and any(r.level == lowest for r in item.reporters)]
    containing = [item for item in by_length if kind.makes_up(item.period)]
    return (own or [item for item in containing if item is by_length[0]] or by_length)[0]


def last_begun(parts: Sequence[Period], programme: Programme, today: date) -> Period:
    """Pick the last of these periods that has begun; the first where none has."""
    begun = [part for part in parts if programme.calendar.start(part) <= today]
    return (begun or parts[:1])[-1]
