"""Decides who is expected to report what: the one rule that coverage and obligations share. Pure."""

from dataclasses import dataclass
from datetime import date

from shared.domain.periods import Period
from shared.domain.units import Unit
from shared.programme.model import DueRule, IndicatorReporter, Programme, Reporter


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
    if period.first_month < programme.first_period.first_month or period.last_month > programme.last_period.last_month:
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
    return (
        reporter.level == unit.level
        and (reporter.since is None or reporter.since <= end)
        and (reporter.until is None or end <= reporter.until)
    )
