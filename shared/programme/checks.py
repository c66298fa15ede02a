"""What a programme's models alone can't see: names that point nowhere, and settings that contradict each other.

Names are checked in the file's raw values, so that they are found also where another part of the file is malformed.
Contradictions are checked in the finished models. Pure functions; each gives (place, reason).
"""

from collections.abc import Iterator
from datetime import date
from difflib import get_close_matches
from itertools import combinations, pairwise
from typing import Any
from unicodedata import is_normalized
from zoneinfo import available_timezones

from holidays import list_supported_countries

from shared.programme.model import (
    Activity,
    AgencyRole,
    DayOfMonth,
    Indicator,
    IndicatorReporter,
    Measure,
    Programme,
    Reporter,
)
from shared.programme.problems import Place
from shared.programme.sender_checks import sender_faults

Fault = tuple[Place, str]
Duty = tuple[Reporter | IndicatorReporter, tuple[str, ...]]  # and the agencies that have it

# Where a slug stands, and the list of the file that must define it. `*` is every item, `~` every key.
_REFERENCES = (
    ("agencies.*.reports_to.*", "agencies"),
    ("agencies.*.successor", "agencies"),
    ("activities.*.task", "tasks"),
    ("activities.*.breakdowns.*", "dimensions"),
    ("activities.*.options.~", "dimensions"),
    ("indicators.*.breakdowns.*", "dimensions"),
    ("indicators.*.options.~", "dimensions"),
    ("indicators.*.series.*.dimension", "dimensions"),
    ("indicators.*.reporters.*.agencies.*", "agencies"),
    ("indicators.*.targets.*.stage", "stages"),
    ("measures.*.activities.*", "activities"),
    ("measures.*.groups.*", "participant_groups"),
    ("measures.*.lines.*", "funding_lines"),
    ("measures.*.by.~", "dimensions"),
    ("measures.*.breakdowns.*", "dimensions"),
    ("measures.*.ratio_to", "measures"),
    ("reports.*.reporters.*.agency", "agencies"),
)
_LEVELS = (
    "agencies.*.level",
    "activities.*.levels.*",
    "indicators.*.reporters.*.level",
    "indicators.*.reporters.*.reach.*",
    "measures.*.unit_levels.*",
    "reports.*.reporters.*.level",
    "summary_levels.*",
)
_LISTS = (
    "stages",
    "objectives",
    "participant_groups",
    "dimensions",
    "dimensions.*.options",
    "funding_lines",
    "tasks",
    "activities",
    "agencies",
    "indicators",
    "indicators.*.components",
    "indicators.*.series",
    "measures",
    "reports",
    "escalation",
)
_ONE_WORD = {
    "agencies": "agency",
    "tasks": "task group",
    "dimensions": "dimension",
    "stages": "stage",
    "activities": "activity",
    "participant_groups": "participant group",
    "funding_lines": "funding line",
    "measures": "measure",
}


def unknown(what: str, name: object, known: Iterator[str] | frozenset[str] | set[str]) -> str:
    """Say that a name is not known, with the nearest that is."""
    near = get_close_matches(str(name), sorted(known), n=1)
    return f"unknown {what} {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")


def references(raw: Any, levels: frozenset[str] | None) -> Iterator[Fault]:
    """Find slugs defined twice, slugs that nothing defines, and levels that the register of units does not have."""
    for pattern in _LISTS:
        for place, items in _find(raw, pattern):
            yield from _twice(place, items)
    for pattern, kind in _REFERENCES:
        known = _slugs(raw, kind)
        for place, name in _find(raw, pattern):
            if isinstance(name, str) and name not in known:
                yield place, unknown(_ONE_WORD[kind], name, known)
    yield from _options(raw)
    if levels is not None:
        for pattern in _LEVELS:
            yield from (
                (place, unknown("level", name, levels)) for place, name in _find(raw, pattern) if name not in levels
            )


def texts(raw: Any) -> Iterator[Fault]:
    """Find texts that are not in Unicode's composed form (two spellings of one word), or hold stray white space."""
    for place, text in _strings(raw, ()):
        if not is_normalized("NFC", text):
            yield place, f"not in Unicode NFC: {text!r}"
        if text != text.strip() or "\n" in text:
            yield place, f"white space around the text or a line break in it: {text!r}"


def contradictions(programme: Programme) -> Iterator[Fault]:
    """Find settings that are each well-formed and do not go together."""
    yield from _time(programme)
    yield from _stages(programme)
    yield from _agencies(programme)
    for i, report in enumerate(programme.reports):
        place: Place = ("reports", i, "reporters")
        owed: list[Duty] = [(reporter, (reporter.agency,)) for reporter in report.reporters]
        yield from _reporters(programme, place, owed)
        yield from _deadlines(programme, place, report.reporters)
    for i, indicator in enumerate(programme.indicators):
        yield from _reporters(programme, ("indicators", i, "reporters"), [(r, r.agencies) for r in indicator.reporters])
        yield from _indicator(indicator, ("indicators", i))
        yield from _narrowed(indicator, ("indicators", i))
    for i, activity in enumerate(programme.activities):
        yield from _narrowed(activity, ("activities", i))
    for i, measure in enumerate(programme.measures):
        yield from _measure(programme, measure, ("measures", i))
    yield from sender_faults(programme)


def _find(values: Any, pattern: str) -> list[tuple[Place, Any]]:
    """Find the values at the places of a pattern; places that are missing or of another shape give nothing."""
    found: list[tuple[Place, Any]] = [((), values)]
    for step in pattern.split("."):
        found = [((*place, key), value) for place, here in found for key, value in _step(here, step)]
    return found


def _step(here: Any, step: str) -> list[tuple[str | int, Any]]:
    if step == "*":
        return list(enumerate(here)) if isinstance(here, list) else []
    if not isinstance(here, dict):
        return []
    if step == "~":
        return [(key, key) for key in here]
    return [(step, here[step])] if step in here else []


def _slugs(raw: Any, kind: str) -> set[str]:
    return {slug for _, slug in _find(raw, f"{kind}.*.slug") if isinstance(slug, str)}


def _twice(place: Place, items: Any) -> Iterator[Fault]:
    seen: set[str] = set()
    for here, slug in _find(items, "*.slug"):
        if isinstance(slug, str) and slug in seen:
            yield place + here, f"{slug!r} is defined twice"
        elif isinstance(slug, str):
            seen.add(slug)


def _options(raw: Any) -> Iterator[Fault]:
    """Find options that their dimension does not have."""
    known = {
        dimension["slug"]: {slug for _, slug in _find(dimension, "options.*.slug") if isinstance(slug, str)}
        for _, dimension in _find(raw, "dimensions.*")
        if isinstance(dimension, dict) and isinstance(dimension.get("slug"), str)
    }
    named: list[tuple[Place, str, Any]] = []
    named += [(place, "domain", name) for place, name in _find(raw, "agencies.*.domains.*")]
    named += [(place, "group", name) for place, name in _find(raw, "indicators.*.reporters.*.groups.*")]
    for place, series in _find(raw, "indicators.*.series.*"):
        if isinstance(series, dict) and isinstance(series.get("dimension"), str):
            named += [(place + here, series["dimension"], name) for here, name in _find(series, "options.*")]
    for kind in ("indicators", "activities"):
        for place, options in _find(raw, f"{kind}.*.options"):
            for _, dimension in _find(options, "~"):
                named += [(place + here, dimension, name) for here, name in _find(options, f"{dimension}.*")]
    for place, by in _find(raw, "measures.*.by"):
        named += [((*place, dimension), dimension, by[dimension]) for _, dimension in _find(by, "~")]
    for place, dimension, name in named:
        options = known.get(dimension)
        if not isinstance(name, str):
            continue  # the models say so
        if options is None and dimension in ("domain", "group"):
            yield place, f"there is no dimension {dimension!r}"
        elif options is not None and name not in options:
            yield place, unknown(f"option of dimension {dimension!r}", name, options)


def _strings(values: Any, place: Place) -> Iterator[tuple[Place, str]]:
    if isinstance(values, str):
        yield place, values
    elif isinstance(values, dict):
        for key, value in values.items():
            yield from _strings(value, (*place, key))
    elif isinstance(values, list):
        for i, value in enumerate(values):
            yield from _strings(value, (*place, i))


def _time(programme: Programme) -> Iterator[Fault]:
    if programme.timezone not in available_timezones():
        yield ("timezone",), unknown("time zone", programme.timezone, available_timezones())
    if programme.holidays.country not in list_supported_countries():
        yield ("holidays", "country"), f"the package `holidays` has no country {programme.holidays.country!r}"
    if programme.working_hours.start >= programme.working_hours.end:
        yield ("working_hours",), "must end later than they start"
    if programme.first_period.first_month > programme.last_period.last_month:
        yield ("first_period",), f"{programme.first_period} comes after the last_period {programme.last_period}"


def _stages(programme: Programme) -> Iterator[Fault]:
    for i, stage in enumerate(programme.stages):
        if stage.first.first_month > stage.last.last_month:
            yield ("stages", i, "first"), f"{stage.first} comes after the stage's last, {stage.last}"
        if stage.last.last_month > programme.last_period.last_month:
            yield ("stages", i, "last"), f"{stage.last} goes past the last_period {programme.last_period}"
    for i, (before, stage) in enumerate(pairwise(programme.stages), start=1):
        if stage.first.first_month <= before.last.last_month:
            yield ("stages", i, "first"), f"{stage.first} is not after {before.last}, the end of stage {before.slug!r}"
    if not programme.stages:
        yield ("stages",), "at least one stage is needed"
    elif programme.first_period.first_month < programme.stages[0].first.first_month:
        yield ("first_period",), f"{programme.first_period} lies before the first stage"


def _agencies(programme: Programme) -> Iterator[Fault]:
    leads = [i for i, agency in enumerate(programme.agencies) if agency.role is AgencyRole.LEADS]
    for i in leads[1:]:
        first = programme.agencies[leads[0]].slug
        yield (
            ("agencies", i, "role"),
            f"{first!r} leads the programme already; of its own field an agency `leads-field`",
        )
    for i, agency in enumerate(programme.agencies):
        if agency.successor is not None and agency.until is None:
            yield ("agencies", i, "successor"), "needs an `until`: when the successor takes over"
        followed: set[str] = set()
        current = agency.successor
        while current in programme.agency and current not in followed:
            followed.add(current)
            current = programme.agency[current].successor
        if agency.slug in followed:
            yield ("agencies", i, "successor"), "an agency can't succeed itself, through others either"


def _reporters(programme: Programme, place: Place, reporters: list[Duty]) -> Iterator[Fault]:
    """Check level and end of the agencies that report, and duties that stand twice."""
    for i, (reporter, agencies) in enumerate(reporters):
        for agency in (programme.agency[slug] for slug in agencies if slug in programme.agency):
            if agency.level != reporter.level:
                reason = f"agency {agency.slug!r} sits at level {agency.level!r}, not at {reporter.level!r}"
                yield (*place, i, "level"), reason
            if agency.until is not None and (reporter.until or date.max) > agency.until:
                yield (*place, i, "until"), f"agency {agency.slug!r} ends on {agency.until}: report until then at most"
        if reporter.since is not None and reporter.until is not None and reporter.since > reporter.until:
            yield (*place, i, "since"), f"{reporter.since} comes after the until, {reporter.until}"
    for (_, (first, some)), (i, (second, others)) in combinations(enumerate(reporters), 2):
        if set(some) & set(others) and first.level == second.level and _overlap(first, second):
            yield (*place, i), f"{', '.join(sorted(set(some) & set(others)))} reports this already at the same time"


def _overlap(first: Reporter | IndicatorReporter, second: Reporter | IndicatorReporter) -> bool:
    return (first.since or date.min) <= (second.until or date.max) and (second.since or date.min) <= (
        first.until or date.max
    )


def _deadlines(programme: Programme, place: Place, reporters: tuple[Reporter, ...]) -> Iterator[Fault]:
    """Check that at least one working day lies between cut-off and deadline: Decree 09/2019/NĐ-CP, art. 8.5.

    A day after the cut-off that rolls to the next working day is at least the first working day after it.
    """
    for i, reporter in enumerate(reporters):
        rule = reporter.deadline
        if isinstance(rule, DayOfMonth) and rule.day_of_month <= (programme.cutoff_day or 31):
            cutoff = "the month's last day" if programme.cutoff_day is None else f"day {programme.cutoff_day}"
            reason = f"day {rule.day_of_month} leaves no working day after the cut-off, {cutoff} (art. 8.5)"
            yield (*place, i, "deadline", "day_of_month"), reason


def _indicator(indicator: Indicator, place: Place) -> Iterator[Fault]:
    for i, reporter in enumerate(indicator.reporters):
        if reporter.groups and "group" not in indicator.breakdowns:
            yield (*place, "reporters", i, "groups"), "needs the breakdown 'group'"
    for i, series in enumerate(indicator.series):
        if series.dimension not in indicator.breakdowns:
            yield (*place, "series", i, "dimension"), f"{series.dimension!r} is no breakdown of this indicator"


def _narrowed(item: Indicator | Activity, place: Place) -> Iterator[Fault]:
    for dimension in item.options:
        if dimension not in item.breakdowns:
            yield (*place, "options", dimension), f"{dimension!r} is not among the breakdowns"


def _measure(programme: Programme, measure: Measure, place: Place) -> Iterator[Fault]:
    for name, given, kind in (
        ("groups", measure.groups, "participants"),
        ("lines", measure.lines, "money"),
        ("unit_levels", measure.unit_levels, "units"),
    ):
        if given and measure.counts != kind:
            yield (*place, name), f"belongs to a measure that counts {kind}, this one counts {measure.counts}"
    if measure.counts == "units" and not measure.unit_levels:
        yield (*place, "unit_levels"), "missing: of which units is this the share?"
    if measure.counts != "timeliness" and not measure.activities:
        yield (*place, "activities"), "missing: what is counted?"
    needed: dict[str, Place] = {
        **{slug: ("breakdowns", i) for i, slug in enumerate(measure.breakdowns)},
        **{slug: ("by", slug) for slug in measure.by},
    }
    for dimension, where in needed.items():
        for slug in measure.activities:
            activity = programme.activity.get(slug)
            if activity is not None and dimension not in activity.breakdowns:
                yield (*place, *where), f"activity {slug!r} does not carry the dimension {dimension!r}"
