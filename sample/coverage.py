"""Who was expected to report in 2023, counted from the programme's file and the register alone."""

from collections import Counter
from collections.abc import Iterator

from sample.duties import in_time_of
from sample.scope import Scope
from sample.tally import STATE_REACH
from shared.domain.periods import Period, parse_period
from shared.domain.units import Unit
from shared.programme.model import Programme


def expected_reports(programme: Programme, scope: Scope, report: str, period: str) -> Counter[str]:
    """Count the (unit, agency) that owe the report, for the uid of every unit of 2023 with all that lies below it."""
    counts: Counter[str] = Counter()
    for reporter in programme.report[report].reporters:
        if in_time_of(reporter.since, reporter.until, parse_period(period)):
            for unit in _units_of_2023(scope, reporter.level):
                counts.update(step.uid for step in scope.units.path(unit.uid))
    return counts


def expected_figures(programme: Programme, scope: Scope, indicator: str, period: str) -> Counter[str]:
    """Count the (unit, agency) that are expected to report the indicator, for every uid that their figures reach."""
    counts: Counter[str] = Counter()
    for unit, _ in reporters_of(programme, scope, indicator, parse_period(period)):
        for step in scope.units.path(unit.uid):
            if not programme.indicator[indicator].components or step.level in STATE_REACH[unit.level]:
                counts[step.uid] += 1
    return counts


def reporters_of(programme: Programme, scope: Scope, indicator: str, period: Period) -> Iterator[tuple[Unit, str]]:
    """List every (unit, agency) of the whole country that is expected to report the indicator."""
    for reporter in programme.indicator[indicator].reporters:
        if in_time_of(reporter.since, reporter.until, period):
            for unit in _units_of_2023(scope, reporter.level):
                for agency in reporter.agencies:
                    yield unit, agency


def _units_of_2023(scope: Scope, level: str) -> list[Unit]:
    """List the units of the first epoch, which ran to 30/06/2025."""
    return [unit for unit in scope.units if unit.level == level and unit.uid.endswith("@1")]
