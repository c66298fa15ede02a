"""Counts who is expected to have reported, by `owes`. Pure. A figure without this is misleading."""

from collections import Counter
from collections.abc import Callable, Iterable
from datetime import date

from services.aggregation.reading.lineage import Lineage
from shared.domain.duties import applies, owes
from shared.domain.periods import Period
from shared.domain.units import Unit
from shared.programme.model import Programme
from shared.registry.snapshot import Registry


class Expectations:
    """Expected reporters and the lineage of units, remembered until the registry changes."""

    def __init__(self, registry: Callable[[], Registry]) -> None:
        self._current = registry
        self._registry = Registry()
        self._reporters: dict[tuple[str, str, Period], list[tuple[Unit, str, tuple[str, ...]]]] = {}
        self._counts: dict[tuple[str, str, Period, int], Counter[str]] = {}
        self._in_force: dict[tuple[tuple[str, ...], int], Counter[str]] = {}
        self._lineage = Lineage(self._registry.units)

    def _refresh(self) -> Registry:
        registry = self._current()
        known = self._registry
        if registry.units is not known.units or registry.programmes is not known.programmes:
            self._registry, self._reporters, self._counts, self._in_force = registry, {}, {}, {}
            self._lineage = Lineage(registry.units)
        return registry

    def lineage(self) -> Lineage:
        """Return the lineage of the units as the registry has them now."""
        self._refresh()
        return self._lineage

    def reporters(self, programme: Programme, subject: str, period: Period) -> list[tuple[Unit, str, tuple[str, ...]]]:
        """List every (unit, agency, levels that it counts at) expected to report the subject for its native period."""
        registry = self._refresh()
        key = (programme.slug, subject, period)
        found = self._reporters.get(key)
        if found is None:
            found = self._reporters[key] = expected_reporters(registry, programme, subject, period)
        return found

    def below(self, programme: Programme, subject: str, period: Period, on: date) -> Counter[str]:
        """Count expected reporters for each unit's uid, climbing the ladder of that day."""
        registry = self._refresh()
        key = (programme.slug, subject, period, registry.units.epoch(on))
        counts = self._counts.get(key)
        if counts is None:
            expected = self.reporters(programme, subject, period)
            counts = self._counts[key] = climb(registry, expected, on)
        return counts

    def answering(self, programme: Programme, indicator: str, period: Period, on: date) -> Counter[str]:
        """Count the units that can report an indicator's period, owed or not, for each uid of that day's ladder."""
        registry = self._refresh()
        key = (programme.slug, f"units:{indicator}", period, registry.units.epoch(on))
        counts = self._counts.get(key)
        if counts is None:
            end = programme.calendar.end(period)
            standing = [
                (unit, "", reporter.reach)
                for reporter in programme.indicator[indicator].reporters
                for unit in registry.units
                if unit.in_force(end) and applies(reporter, unit, end)
            ]
            counts = self._counts[key] = climb(registry, standing, on)
        return counts

    def in_force(self, levels: tuple[str, ...], on: date) -> Counter[str]:
        """Count the units of these levels that stand below each unit on that day."""
        registry = self._refresh()
        key = (levels, registry.units.epoch(on))
        counts = self._in_force.get(key)
        if counts is None:
            standing = [(unit, "", ()) for unit in registry.units if unit.level in levels and unit.in_force(on)]
            counts = self._in_force[key] = climb(registry, standing, on)
        return counts


def climb(registry: Registry, reporters: Iterable[tuple[Unit, str, tuple[str, ...]]], on: date) -> Counter[str]:
    """Count how many of these reporters count at each unit of that day's ladder."""
    counts: Counter[str] = Counter()
    for unit, _, levels in reporters:
        for uid in registry.units.steps(unit.uid, on, levels):
            counts[uid] += 1
    return counts


def expected_reporters(
    registry: Registry, programme: Programme, subject: str, period: Period
) -> list[tuple[Unit, str, tuple[str, ...]]]:
    """List every (unit, agency, levels that it counts at) expected to report the subject for its native period."""
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
    by_level: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    for level, agency, reach in dict.fromkeys(reporters):
        by_level.setdefault(level, []).append((agency, reach))
    end = programme.calendar.end(period)
    owing: dict[tuple[str, str], bool] = {}  # of units in force only the level matters to `owes`
    found: list[tuple[Unit, str, tuple[str, ...]]] = []
    for unit in registry.units:
        if unit.level not in by_level or not unit.in_force(end):
            continue
        for agency, reach in by_level[unit.level]:
            key = (unit.level, agency)
            if key not in owing:
                owed = owes(programme, unit, agency, period)
                owing[key] = slug in (owed.indicators if what == "indicator" else dict(owed.reports))
            if owing[key]:
                found.append((unit, agency, reach))
    return found
