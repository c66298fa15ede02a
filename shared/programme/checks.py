"""What a programme's models alone can't see: names that point nowhere, and settings that contradict each other.

Names are checked in the file's raw values, so that they are found also where another part of the file is malformed (and
`shared/programme/target_checks.py` does so with targets).
Contradictions are checked in the finished models. Pure functions; each gives (place, reason).
"""

from collections.abc import Iterable, Iterator
from datetime import date
from difflib import get_close_matches
from itertools import combinations, pairwise
from typing import Any
from unicodedata import is_normalized
from zoneinfo import available_timezones

from holidays import list_supported_countries

from shared.domain.periods import PeriodKind
from shared.programme.indicators import Indicator, IndicatorReporter, OverTime
from shared.programme.model import AgencyRole, Measure, Programme
from shared.programme.problems import Place, values_at
from shared.programme.reports import DayOfMonth, Report, Reporter
from shared.programme.sender_checks import sender_faults
from shared.programme.target_checks import survey_faults, target_faults

Fault = tuple[Place, str]
Duty = tuple[Reporter | IndicatorReporter, tuple[str, ...]]  # and the agencies that have it
LONGEST_SHORT_NAME = 40
LONGEST_HOW_TO_REPORT = 200

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
    ("indicators.*.reporters.*.options.~", "dimensions"),
    ("indicators.*.targets.*.stage", "stages"),
    ("indicators.*.objective", "objectives"),
    ("activities.*.follow_up.after.~", "dimensions"),
    ("activities.*.follow_up.until.~", "dimensions"),
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
_UNITS = ("indicators.*.targets.*.own.*.unit", "indicators.*.surveys.*.unit")
_LISTS = (
    "stages",
    "objectives",
    "left_out",
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
    "objectives": "objective",
    "activities": "activity",
    "participant_groups": "participant group",
    "funding_lines": "funding line",
    "measures": "measure",
}


def unknown(what: str, name: object, known: Iterator[str] | frozenset[str] | set[str]) -> str:
    """Say that a name is not known, with the nearest that is."""
    near = get_close_matches(str(name), sorted(known), n=1)
    return f"unknown {what} {name!r}" + (f"; did you mean {near[0]!r}?" if near else "")


def references(raw: Any, levels: frozenset[str] | None, units: frozenset[str] | None = None) -> Iterator[Fault]:
    """Find slugs defined twice, slugs that nothing defines, and levels and units that the register does not have."""
    for pattern in _LISTS:
        for place, items in values_at(raw, pattern):
            yield from _twice(place, items)
    for pattern, kind in _REFERENCES:
        known = _slugs(raw, kind)
        for place, name in values_at(raw, pattern):
            if isinstance(name, str) and name not in known:
                yield place, unknown(_ONE_WORD[kind], name, known)
    yield from _options(raw)
    for patterns, what, there in ((_LEVELS, "level", levels), (_UNITS, "unit", units)):
        for place, name in (found for pattern in patterns for found in values_at(raw, pattern)):
            if there is not None and isinstance(name, str) and name not in there:
                yield place, unknown(what, name, there)


def texts(raw: Any) -> Iterator[Fault]:
    """Find texts that are not in Unicode's composed form (two spellings of one word), or hold stray white space."""
    for place, text in _strings(raw, ()):
        if not is_normalized("NFC", text):
            yield (
                place,
                f"not in Unicode NFC (it looks the same: type it anew, or convert it to composed form): {text!r}",
            )
        if text != text.strip() or "\n" in text:
            yield place, f"white space around the text or a line break in it: {text!r}"


def contradictions(programme: Programme) -> Iterator[Fault]:
    """Find settings that are each well-formed and do not go together."""
    yield from _short(programme)
    yield from _how_to_report(programme)
    yield from _time(programme)
    yield from _stages(programme)
    yield from _agencies(programme)
    for i, report in enumerate(programme.reports):
        place: Place = ("reports", i, "reporters")
        owed: list[Duty] = [(reporter, (reporter.agency,)) for reporter in report.reporters]
        yield from _reporters(programme, place, owed)
        yield from _deadlines(programme, report, place)
    for i, indicator in enumerate(programme.indicators):
        yield from _reporters(programme, ("indicators", i, "reporters"), [(r, r.agencies) for r in indicator.reporters])
        yield from _indicator(indicator, ("indicators", i))
        yield from target_faults(programme, indicator, ("indicators", i))
        yield from survey_faults(indicator, ("indicators", i))
        yield from _narrowed(indicator.options, indicator.breakdowns, ("indicators", i))
    for i, activity in enumerate(programme.activities):
        yield from _narrowed(activity.options, activity.breakdowns, ("activities", i))
        if activity.slug == "all":
            yield ("activities", i, "slug"), "'all' asks for the figures of every activity: no single one has this name"
    for i, measure in enumerate(programme.measures):
        yield from _measure(programme, measure, ("measures", i))
    yield from sender_faults(programme)


def _slugs(raw: Any, kind: str) -> set[str]:
    return {slug for _, slug in values_at(raw, f"{kind}.*.slug") if isinstance(slug, str)}


def _twice(place: Place, items: Any) -> Iterator[Fault]:
    seen: set[str] = set()
    for here, slug in values_at(items, "*.slug"):
        if isinstance(slug, str) and slug in seen:
            yield place + here, f"{slug!r} is defined twice"
        elif isinstance(slug, str):
            seen.add(slug)


def _options(raw: Any) -> Iterator[Fault]:
    """Find options that their dimension does not have."""
    known = {
        dimension["slug"]: {slug for _, slug in values_at(dimension, "options.*.slug") if isinstance(slug, str)}
        for _, dimension in values_at(raw, "dimensions.*")
        if isinstance(dimension, dict) and isinstance(dimension.get("slug"), str)
    }
    named: list[tuple[Place, str, Any]] = []
    named += [(place, "domain", name) for place, name in values_at(raw, "agencies.*.domains.*")]
    for place, series in values_at(raw, "indicators.*.series.*"):
        if isinstance(series, dict) and isinstance(series.get("dimension"), str):
            named += [(place + here, series["dimension"], name) for here, name in values_at(series, "options.*")]
    for pattern in ("indicators.*.options", "indicators.*.reporters.*.options", "activities.*.options"):
        for place, options in values_at(raw, pattern):
            for _, dimension in values_at(options, "~"):
                named += [(place + here, dimension, name) for here, name in values_at(options, f"{dimension}.*")]
    for pattern in ("measures.*.by", "activities.*.follow_up.after", "activities.*.follow_up.until"):
        for place, by in values_at(raw, pattern):
            named += [((*place, dimension), dimension, by[dimension]) for _, dimension in values_at(by, "~")]
    for place, dimension, name in named:
        options = known.get(dimension)
        if not isinstance(name, str):
            continue  # the models say so
        if options is None and dimension == "domain":
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


def _short(programme: Programme) -> Iterator[Fault]:
    for language, text in (programme.short.texts if programme.short else {}).items():
        if len(text) > LONGEST_SHORT_NAME:
            yield ("short", language), f"longer than {LONGEST_SHORT_NAME} letters: a text message has room for 160"


def _how_to_report(programme: Programme) -> Iterator[Fault]:
    longest = LONGEST_HOW_TO_REPORT
    for language, text in (programme.how_to_report.texts if programme.how_to_report else {}).items():
        if len(text) > longest:
            yield ("how_to_report", language), f"longer than {longest} letters: it is one line of a letter"
        if len(text.splitlines()) > 1 or text.endswith("."):
            yield ("how_to_report", language), "expected one line without a full stop: the letter sets it"


def _time(programme: Programme) -> Iterator[Fault]:
    if programme.timezone not in available_timezones():
        yield ("timezone",), unknown("time zone", programme.timezone, available_timezones())
    if programme.holidays.country not in list_supported_countries():
        yield ("holidays", "country"), f"the package `holidays` has no country {programme.holidays.country!r}"
    if programme.working_hours.start >= programme.working_hours.end:
        yield ("working_hours",), "must end later than they start"
    for i, language in enumerate(programme.languages):
        if language in programme.languages[:i]:
            yield ("languages", i), f"{language!r} stands there already"
    calendar = programme.calendar
    if calendar.start(programme.first_period) > calendar.end(programme.last_period):
        yield ("first_period",), f"{programme.first_period} comes after the last_period {programme.last_period}"


def _stages(programme: Programme) -> Iterator[Fault]:
    start, end = programme.calendar.start, programme.calendar.end
    for i, stage in enumerate(programme.stages):
        if start(stage.first) > end(stage.last):
            yield ("stages", i, "first"), f"{stage.first} comes after the stage's last, {stage.last}"
        if end(stage.last) > end(programme.last_period):
            yield ("stages", i, "last"), f"{stage.last} goes past the last_period {programme.last_period}"
    for i, (before, stage) in enumerate(pairwise(programme.stages), start=1):
        if start(stage.first) <= end(before.last):
            yield ("stages", i, "first"), f"{stage.first} is not after {before.last}, the end of stage {before.slug!r}"
    if not programme.stages:
        yield ("stages",), "at least one stage is needed"
    elif programme.calendar.belongs_from(programme.first_period) < start(programme.stages[0].first):
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


def _deadlines(programme: Programme, report: Report, place: Place) -> Iterator[Fault]:
    """Check that at least one working day lies between cut-off and deadline: Decree 09/2019/NĐ-CP, art. 8.5.

    A day after the cut-off that rolls to the next working day is at least the first working day after it.
    """
    for i, reporter in enumerate(report.reporters):
        rule, here = reporter.deadline, (*place, i, "deadline", "day_of_month")
        if not isinstance(rule, DayOfMonth):
            continue
        if report.period is PeriodKind.WEEK:
            yield here, "a week is due so many working days after its Sunday: expected after_cutoff_working_days"
        elif rule.month == "last" and rule.day_of_month <= (programme.cutoff_day or 31):
            cutoff = "the month's last day" if programme.cutoff_day is None else f"day {programme.cutoff_day}"
            reason = f"day {rule.day_of_month} leaves no working day after the cut-off, {cutoff} (art. 8.5)"
            yield here, f"{reason}; `month: following` means that day of the month after"


def _indicator(indicator: Indicator, place: Place) -> Iterator[Fault]:
    for i, reporter in enumerate(indicator.reporters):
        yield from _narrowed(reporter.options, indicator.breakdowns, (*place, "reporters", i))
    for i, series in enumerate(indicator.series):
        if series.dimension not in indicator.breakdowns:
            yield (*place, "series", i, "dimension"), f"{series.dimension!r} is no breakdown of this indicator"
    if "least" in indicator.model_fields_set and not indicator.sensitive:
        yield (*place, "least"), "belongs to an indicator that is `sensitive: true`"
    if indicator.sensitive:
        yield from _sensitive(indicator, place)


# How figures over time would give a small count away that each period by itself hides.
_TELLING = {
    OverTime.CUMULATIVE: "a period's figure less the one before tells what is new, however few",
    OverTime.STATE: "what a silent unit said before stands in sums, and what is hidden is worked out without it",
}


def _sensitive(indicator: Indicator, place: Place) -> Iterator[Fault]:
    """Check that small numbers can be kept: what is hidden is worked out for each native period by itself."""
    if indicator.value != "ratio":
        yield (*place, "sensitive"), "belongs to an indicator of value ratio: of others no persons are counted"
    elif indicator.over_time in _TELLING:
        reason = f"of a sensitive indicator expected sum or stock, got {indicator.over_time}"
        cure = "report each period's own count, as sum"
        yield (*place, "over_time"), f"{reason}: {_TELLING[indicator.over_time]}; {cure}"
    for i, reporter in enumerate(indicator.reporters):
        if reporter.reach:
            reason = "a sensitive indicator is published at every level: what is hidden is worked out from all of them"
            yield (*place, "reporters", i, "reach"), reason


def _narrowed(options: Iterable[str], breakdowns: tuple[str, ...], place: Place) -> Iterator[Fault]:
    for dimension in options:
        if dimension not in breakdowns:
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
    if measure.counts == "followed_up":
        yield from _followed_up(programme, measure, place)
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


def _followed_up(programme: Programme, measure: Measure, place: Place) -> Iterator[Fault]:
    known = [programme.activity[slug] for slug in measure.activities if slug in programme.activity]
    if len(measure.activities) != 1 or any(item.follow_up is None for item in known):
        yield (*place, "activities"), "a measure that counts followed_up names one activity, which has a `follow_up`"
    for name in ("by", "breakdowns", "ratio_to"):
        if getattr(measure, name):
            yield (*place, name), "a measure that counts followed_up is not split or divided any further"
