"""What indicators that are one figure must have in common: a record of one is read as a record of each. Pure."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from typing import NamedTuple

from shared.domain.duties import holds
from shared.domain.periods import Period, PeriodKind
from shared.programme.families import Families, Member, Name, root_of
from shared.programme.indicators import Indicator, IndicatorReporter, OverTime
from shared.programme.model import Programme
from shared.programme.problems import Place


class FamilyFault(NamedTuple):
    """What is wrong with a `same_as`: in which programme, where in its file, why, and which indicator it names."""

    programme: str
    place: Place
    reason: str
    root: Name


class _Speaker(NamedTuple):
    """An agency that reports at a level, what it may report and how far that goes."""

    agency: str
    options: tuple[tuple[str, tuple[str, ...]], ...]
    reach: tuple[str, ...]


def family_faults(programmes: Mapping[str, Programme]) -> Iterator[FamilyFault]:
    """Find each `same_as` that can't hold among these programmes."""
    families = Families(programmes)
    for slug, programme in sorted(programmes.items()):
        for i, indicator in enumerate(programme.indicators):
            if indicator.same_as is not None:
                place: Place = ("indicators", i)
                for where, reason in _faults(programmes, families, Member(programme, indicator)):
                    yield FamilyFault(slug, (*place, *where), reason, root_of(indicator))


def _faults(programmes: Mapping[str, Programme], families: Families, member: Member) -> Iterator[tuple[Place, str]]:
    name = member.programme.slug, member.indicator.slug
    root = root_of(member.indicator)
    broken = _unsound(programmes, name, root)
    if broken is not None:
        yield ("same_as",), broken
        return
    family = families.members(*name)
    own = [item.indicator.slug for item in family if item.programme.slug == member.programme.slug]
    if own[0] != member.indicator.slug:
        yield ("same_as",), f"{own[0]!r} of this programme is the same as {'/'.join(root)} already: one of them"
    for where, reason in _unlike(member, family[0]):
        yield where, f"{reason}: the same answer can't serve both"
    for other in family:
        clash = None if other.indicator is member.indicator else _clash(member, other, family)
        if clash is not None:
            yield ("reporters",), clash


def _unsound(programmes: Mapping[str, Programme], name: Name, root: Name) -> str | None:
    """Say why the name leads to no root."""
    slug, indicator = root
    written = "/".join(root)
    if slug == name[0]:
        return f"{written} is of this programme: name an indicator of another one"
    known = programmes.get(slug)
    if known is None:
        return f"there is no programme {slug!r}: load it first or with this one, or leave this line out"
    found = known.indicator.get(indicator)
    if found is None:
        return f"programme {slug!r} has no indicator {indicator!r}; it has {', '.join(sorted(known.indicator))}"
    if found.same_as == "/".join(name):
        return f"{written} says the same of this one: one of the two stands by itself"
    if found.same_as is not None:
        return f"{written} is itself the same as {found.same_as}: name the one that stands by itself"
    return None


def _unlike(member: Member, root: Member) -> Iterator[tuple[Place, str]]:
    """Find the settings of the root that the member doesn't have."""
    mine, its = member.indicator, root.indicator
    whose = f"{root.programme.slug}/{its.slug}"
    if "survey" in {mine.value, its.value}:
        yield ("value",), f"nobody reports a survey's figure, {mine.slug} or {whose}"
        return
    for field, read in _ALIKE.items():
        if read(mine) != read(its):
            yield (field,), f"{_told(read(mine))} here, {_told(read(its))} in {whose}"
    for field in ("cutoff_day", "timezone"):
        here, there = getattr(member.programme, field), getattr(root.programme, field)
        if here != there:
            yield ("same_as",), f"{field} is {_told(here)} here, {_told(there)} in programme {root.programme.slug!r}"
    if mine.over_time is OverTime.CUMULATIVE and _beginnings(member, root) != _beginnings(root, member):
        where = f"here or in programme {root.programme.slug!r} only"
        yield ("same_as",), f"a stage begins {where}, and with it the figure counts anew"
    options, others = member.programme.allowed(mine), root.programme.allowed(its)
    for dimension in mine.breakdowns:
        differing = options[dimension] ^ others.get(dimension, options[dimension])
        if differing:
            yield (
                ("breakdowns",),
                f"{', '.join(sorted(differing))} of {dimension!r} is an option here or in {whose} only",
            )
        elif _exclusive(member.programme, dimension) != _exclusive(root.programme, dimension) and dimension in others:
            yield ("breakdowns",), f"{dimension!r} is exclusive here or in {whose} only"


def _beginnings(member: Member, other: Member) -> set[date]:
    """List the days in the other's time on which the member counts anew."""
    first, last = other.programme.accepted_days
    starts = {member.programme.calendar.start(stage.first) for stage in member.programme.stages}
    return {day for day in starts if first <= day <= last}


def _levels(indicator: Indicator) -> list[str]:
    return sorted({reporter.level for reporter in indicator.reporters})


# What has to be the same in both, each under the field that a fault is told of.
_ALIKE: Mapping[str, Callable[[Indicator], object]] = {
    "value": lambda item: item.value,
    "over_time": lambda item: item.over_time.value,
    "period": lambda item: item.period.value,
    "components": lambda item: sorted(component.slug for component in item.components),
    "breakdowns": lambda item: sorted(item.breakdowns),
    "reporters": _levels,
    "sensitive": lambda item: item.least if item.sensitive else False,
}


def _exclusive(programme: Programme, dimension: str) -> bool:
    return any(item.slug == dimension and item.exclusive for item in programme.dimensions)


def _told(value: object) -> str:
    if isinstance(value, list):
        return ", ".join(value) or "nothing"
    return "nothing" if value is None else str(value)


def _clash(member: Member, other: Member, family: tuple[Member, ...]) -> str | None:
    """Say where both have reporters, and others at one level for one period: of two agencies a unit counts twice.

    Asked of every period that any of the family accepts: what one programme takes may be posted under another's name.
    """
    whose = f"{other.programme.slug}/{other.indicator.slug}"
    for period in _accepted(family, member.indicator.period):
        for level in _levels(member.indicator):
            mine, its = _speaking(member, level, period), _speaking(other, level, period)
            if mine and its and mine != its:
                unlike = ", ".join(sorted({speaker.agency for speaker in mine ^ its}))
                reason = "a unit would count twice, or for one of both only"
                return f"{level} for {period}: {unlike} not as in {whose}: {reason}"
    return None


def _accepted(family: tuple[Member, ...], kind: PeriodKind) -> Iterator[Period]:
    calendar = family[0].programme.calendar
    days = [member.programme.accepted_days for member in family]
    period = calendar.containing(min(first for first, _ in days), kind)
    while calendar.end(period) <= max(last for _, last in days):
        if any(member.programme.accepts(period) for member in family):
            yield period
        period = period.shift(1)


def _speaking(member: Member, level: str, period: Period) -> frozenset[_Speaker]:
    end = member.programme.calendar.end(period)
    return frozenset(
        _Speaker(agency, _parts(reporter), tuple(sorted(reporter.reach)))
        for reporter in member.indicator.reporters
        if reporter.level == level and holds(reporter, end)
        for agency in reporter.agencies
    )


def _parts(reporter: IndicatorReporter) -> tuple[tuple[str, tuple[str, ...]], ...]:
    return tuple(sorted((dimension, tuple(sorted(options))) for dimension, options in reporter.options.items()))
