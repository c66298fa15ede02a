"""What a report asks of one agency at one unit, as the programme says it: figures, activities, labels, limits. Pure.

A figure is asked for in the report of the shortest period that the agency owes: a department that reports half-yearly
gives its quarters' figures there, and isn't asked for them again in its yearly report.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from shared.domain.duties import applies, own_options
from shared.domain.periods import Period, period_words
from shared.domain.units import Unit
from shared.programme.base import Label, Named
from shared.programme.indicators import Indicator
from shared.programme.model import Activity, Programme
from shared.programme.reports import Report
from shared.programme.rule_words import age_words
from shared.wording.words import Words

NUMERATOR, DENOMINATOR = "numerator", "denominator"
COMPONENT, PART = "component", "part"  # the first word of a field's name, as in `part.sex.female.numerator`


@dataclass(frozen=True, slots=True)
class Choice:
    """Something with a slug that is chosen or counted, in the reader's language."""

    slug: str
    label: str


@dataclass(frozen=True, slots=True)
class Part:
    """One option of a dimension, of which the figure is asked for apart."""

    dimension: str
    option: str
    label: str

    @property
    def numerator(self) -> str:
        """The name of its numerator's field."""
        return f"{PART}.{self.dimension}.{self.option}.{NUMERATOR}"

    @property
    def denominator(self) -> str:
        """The name of its denominator's field."""
        return f"{PART}.{self.dimension}.{self.option}.{DENOMINATOR}"


@dataclass(frozen=True, slots=True)
class Breakdown:
    """A figure by one dimension; of an `exclusive` one the parts add up to the whole at most."""

    dimension: str
    label: str
    exclusive: bool
    parts: tuple[Part, ...]


@dataclass(frozen=True, slots=True)
class Figure:
    """One indicator of one of its own periods: numerator and denominator, or components that are answered yes or no."""

    indicator: Indicator
    period: Period
    label: str
    period_name: str
    numerator: str
    denominator: str
    age: str | None
    components: tuple[Choice, ...]
    breakdowns: tuple[Breakdown, ...]

    @property
    def key(self) -> str:
        """What tells it from the report's other figures: `child-service-access/2023-Q1`."""
        return f"{self.indicator.slug}/{self.period}"

    @property
    def parts(self) -> Iterator[Part]:
        """All parts, of one dimension after the other."""
        return (part for breakdown in self.breakdowns for part in breakdown.parts)

    @property
    def fields(self) -> tuple[str, ...]:
        """The names of all fields, in the order in which they are asked."""
        if self.components:
            return tuple(f"{COMPONENT}.{item.slug}" for item in self.components)
        names = [NUMERATOR, DENOMINATOR]
        for part in self.parts:
            names += [part.numerator, part.denominator]
        return tuple(names)


@dataclass(frozen=True, slots=True)
class ActivityType:
    """A type of activity that the unit's level holds, with the choices of each of its dimensions."""

    slug: str
    label: str
    dimensions: tuple[tuple[Choice, tuple[Choice, ...]], ...]


@dataclass(frozen=True, slots=True)
class Form:
    """One report of one agency at one unit for one period, in one language."""

    programme: Programme
    report: Report
    unit: Unit
    agency: str
    period: Period
    language: str
    figures: tuple[Figure, ...]
    activities: tuple[ActivityType, ...]
    groups: tuple[Choice, ...]
    lines: tuple[Choice, ...]
    domains: tuple[Choice, ...]

    def figure(self, key: str) -> Figure | None:
        """Look up a figure by its key."""
        return next((figure for figure in self.figures if figure.key == key), None)

    def activity(self, slug: str) -> ActivityType | None:
        """Look up a type of activity."""
        return next((activity for activity in self.activities if activity.slug == slug), None)

    def text(self, label: Label) -> str:
        """Write a label of the programme."""
        return self.programme.text(label, self.language)

    def said(self, words: Words) -> str:
        """Write words of ours."""
        return words.in_language(self.language)

    def own_record(self, mark: str) -> str:
        """Name a record of this seat: the board has one sender for all, and the name says whose the record is."""
        return f"{self.unit.uid}/{self.agency}/{mark}"

    @property
    def title(self) -> str:
        """The report's name."""
        return self.text(self.report.label)

    @property
    def programme_name(self) -> str:
        """What the programme is called in short."""
        return self.text(self.programme.short or self.programme.label)

    @property
    def period_name(self) -> str:
        """The period as an office writes it."""
        return self.said(period_words(str(self.period)))

    @property
    def period_days(self) -> str:
        """Its first and last day."""
        return self.programme.calendar.days(self.period)


def form_of(
    programme: Programme, report: Report, unit: Unit, agency: str, period: Period, language: str
) -> Form | None:
    """Make the form of a report in one of the programme's languages; None where the agency owes no such report."""
    if report.slug not in _reports_owed(programme, unit, agency, period):
        return None
    language = programme.language_for(language)

    def choices(items: Iterable[Named]) -> tuple[Choice, ...]:
        return tuple(Choice(item.slug, programme.text(item.label, language)) for item in items)

    domain = next((item for item in programme.dimensions if item.slug == "domain"), None)
    return Form(
        programme,
        report,
        unit,
        agency,
        period,
        language,
        tuple(
            _figure(programme, indicator, native, unit, agency, language)
            for indicator, native in _asked(programme, report, unit, agency, period)
        ),
        tuple(_activity(programme, item, language) for item in programme.activities if unit.level in item.levels),
        choices(programme.participant_groups),
        choices(programme.funding_lines),
        choices(domain.options) if domain is not None else (),
    )


def _reports_owed(programme: Programme, unit: Unit, agency: str, period: Period) -> frozenset[str]:
    """Name the reports of the period's kind that the agency hands in for the unit, owed or given as history."""
    end = programme.calendar.end(period)
    return frozenset(
        report.slug
        for report in programme.reports
        if report.period is period.kind
        and any(reporter.agency == agency and applies(reporter, unit, end) for reporter in report.reporters)
    )


def _asked(
    programme: Programme, report: Report, unit: Unit, agency: str, period: Period
) -> Iterator[tuple[Indicator, Period]]:
    for indicator in programme.indicators:
        if not indicator.period.makes_up(report.period):
            continue
        for native in programme.calendar.parts(period, indicator.period):
            reports_it = own_options(indicator, unit, agency, programme.calendar.end(native)) is not None
            if reports_it and not _in_a_shorter_report(programme, report, unit, agency, native):
                yield indicator, native


def _in_a_shorter_report(programme: Programme, report: Report, unit: Unit, agency: str, native: Period) -> bool:
    """Whether the agency is asked for a figure of this period in a report of a shorter one too."""
    return any(
        other.period.in_a_year > report.period.in_a_year
        and native.kind.makes_up(other.period)
        and other.slug in _reports_owed(programme, unit, agency, programme.calendar.within(native, other.period))
        for other in programme.reports
    )


def _figure(
    programme: Programme, indicator: Indicator, period: Period, unit: Unit, agency: str, language: str
) -> Figure:
    years = indicator.age_max_completed_years or programme.age_max_completed_years
    return Figure(
        indicator,
        period,
        programme.text(indicator.label, language),
        period_words(str(period)).in_language(language),
        programme.text(indicator.numerator, language),
        programme.text(indicator.denominator, language),
        None if years is None else age_words(years).in_language(language),
        tuple(Choice(item.slug, programme.text(item.label, language)) for item in indicator.components),
        () if indicator.components else tuple(_breakdowns(programme, indicator, period, unit, agency, language)),
    )


def _breakdowns(
    programme: Programme, indicator: Indicator, period: Period, unit: Unit, agency: str, language: str
) -> Iterator[Breakdown]:
    """List the parts that an event of this agency may carry, in the programme's order."""
    allowed = programme.allowed(indicator)
    own = own_options(indicator, unit, agency, programme.calendar.end(period)) or {}
    for dimension in programme.dimensions:
        parts = tuple(
            Part(dimension.slug, option.slug, programme.text(option.label, language))
            for option in dimension.options
            if option.slug in allowed.get(dimension.slug, ()) and option.slug in own.get(dimension.slug, (option.slug,))
        )
        if parts:
            yield Breakdown(dimension.slug, programme.text(dimension.label, language), dimension.exclusive, parts)


def _activity(programme: Programme, activity: Activity, language: str) -> ActivityType:
    allowed = programme.allowed(activity)
    dimensions = tuple(
        (
            Choice(dimension.slug, programme.text(dimension.label, language)),
            tuple(
                Choice(option.slug, programme.text(option.label, language))
                for option in dimension.options
                if option.slug in allowed[dimension.slug]
            ),
        )
        for dimension in programme.dimensions
        if dimension.slug in allowed
    )
    return ActivityType(activity.slug, programme.text(activity.label, language), dimensions)
