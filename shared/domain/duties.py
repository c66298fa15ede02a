"""Decides who is expected to report what: the one rule that coverage and obligations share. Pure."""

from dataclasses import dataclass
from datetime import date

from shared.domain.periods import Period
from shared.domain.units import Unit
from shared.programme.indicators import Indicator, IndicatorReporter
from shared.programme.model import Programme
from shared.programme.reports import DueRule, Reporter


@dataclass(frozen=True, slots=True)
class Owed:
    """What one agency at one unit owes for one period: report slugs with their due rules, and indicator slugs."""

    reports: tuple[tuple[str, DueRule], ...]
    indicators: tuple[str, ...]

    def __bool__(self) -> bool:
        return bool(self.reports or self.indicators)


NOTHING = Owed((), ())


def owes(programme: Programme, unit: Unit, agency: str, period: Period) -> Owed:
    """Say what `agency` at `unit` is expected to report for `period`.

    Nothing before the programme's first or after its last period, for a unit that is not in force on the period's last
    day, at another level than the reporter's, or for a period of another kind than the report's own.
    """
    if not programme.is_owed(period):
        return NOTHING
    end = programme.calendar.end(period)
    if not unit.in_force(end):
        return NOTHING
    reports = tuple(
        (report.slug, reporter.deadline)
        for report in programme.reports
        if report.period is period.kind
        for reporter in report.reporters
        if reporter.agency == agency and applies(reporter, unit, end)
    )
    indicators = tuple(
        indicator.slug
        for indicator in programme.indicators
        if indicator.period is period.kind
        and any(agency in reporter.agencies and applies(reporter, unit, end) for reporter in indicator.reporters)
    )
    return Owed(reports, indicators) if reports or indicators else NOTHING


def applies(reporter: Reporter | IndicatorReporter, unit: Unit, end: date) -> bool:
    """Whether the entry speaks of this unit's level and of a period that ends on that day."""
    return reporter.level == unit.level and holds(reporter, end)


def holds(reporter: Reporter | IndicatorReporter, end: date) -> bool:
    """Whether the entry holds for a period that ends on that day."""
    return (reporter.since is None or reporter.since <= end) and (reporter.until is None or end <= reporter.until)


def own_options(indicator: Indicator, unit: Unit, agency: str, end: date) -> dict[str, set[str]] | None:
    """Find the options that the agency may report for a period that ends on that day, by dimension; all of a dimension
    that isn't there. None where it reports none of this.
    """
    speaking = [it for it in indicator.reporters if agency in it.agencies and applies(it, unit, end)]
    own: dict[str, set[str]] = {}
    for dimension, options in (item for reporter in speaking for item in reporter.options.items()):
        own.setdefault(dimension, set()).update(options)
    return own if speaking else None
