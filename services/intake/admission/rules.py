"""Checks one event against the registry: the only place that decides what the door takes. Pure."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.intake.admission.names import check_names
from services.intake.formats.cloudevents import Event
from services.intake.refusals.event_words import RuleWords
from services.intake.refusals.instants import AHEAD, out_of_range
from services.intake.refusals.refusals import Code, Refusal
from shared.domain.duties import applies
from shared.domain.events import (
    KIND_OF_TYPE,
    ActivityRecorded,
    IndicatorReported,
    Kind,
    Problem,
    RecordRetracted,
    ReportSubmitted,
)
from shared.domain.periods import Period, PeriodCalendar, PeriodKind, parse_period
from shared.domain.units import Unit
from shared.programme.model import Indicator, IndicatorReporter, Programme, Reporter
from shared.registry.snapshot import Key, Registry
from shared.values.scalars import FIRST_INSTANT
from shared.wording.level_words import levels_listed
from shared.wording.words import Common, Told, Words, listed

_LISTED = 12


class Admitted(NamedTuple):
    """An event that may be published: its kind, its unit and the province that its partition follows."""

    kind: Kind
    unit: Unit
    province: str


class _RefusedError(Exception):
    def __init__(self, code: Code, field: str, expected: Told = "", got: object = None) -> None:
        self.refusal = Refusal(code, field, expected, got)


def judge(event: Event, registry: Registry, key: Key, now: datetime) -> Admitted | tuple[Refusal, ...]:
    """Admit the event or say everything that is wrong with it. `now` is the instant of acceptance."""
    return tuple(check_names(event, now.year)) or _judge(event, registry, key, now)


def _judge(event: Event, registry: Registry, key: Key, now: datetime) -> Admitted | tuple[Refusal, ...]:
    kind = KIND_OF_TYPE[event.type]
    if key.kinds is not None and kind not in key.kinds:
        return (Refusal(Code.KIND_NOT_ALLOWED, "type", _names(key.kinds), event.type),)
    if key.programmes is not None and event.data.programme not in key.programmes:
        return (_unknown(Code.PROGRAMME_NOT_ALLOWED, "data.programme", key.programmes, event.data.programme),)
    programme = registry.programmes.get(event.data.programme)
    if programme is None:
        return (_unknown(Code.PROGRAMME_UNKNOWN, "data.programme", registry.programmes, event.data.programme),)
    timing = () if FIRST_INSTANT <= event.time <= now + AHEAD else (out_of_range("time", registry, now, event.time),)
    try:
        on, found = _check(event, programme, now, registry)
        unit = _resolve(registry, event.subject, on)
        if not registry.units.covers(key.subtree, unit.uid):
            raise _RefusedError(Code.UNIT_NOT_ALLOWED, "subject", key.subtree, event.subject)
    except _RefusedError as error:
        return (*timing, error.refusal)
    refusals = (*timing, *found, *_check_unit(event, programme, unit, on))
    if refusals:
        return refusals
    return Admitted(kind, unit, registry.units.province_of(unit.uid))


def _resolve(registry: Registry, code_or_uid: str, on: date) -> Unit:
    unit = registry.units.find(code_or_uid, on)
    if unit is None:
        known = registry.units.by_code(code_or_uid)
        if not known:
            raise _RefusedError(Code.UNIT_UNKNOWN, "subject", RuleWords.UNIT.value, code_or_uid)
    if unit is None or not unit.in_force(on):
        raise _RefusedError(Code.UNIT_NOT_IN_FORCE, "subject", on.isoformat(), code_or_uid)
    return unit


def _check(event: Event, programme: Programme, now: datetime, registry: Registry) -> tuple[date, list[Refusal]]:
    """Find the day on which the unit must be in force, and what is wrong whatever the unit is."""
    today = _today(now, programme.timezone)
    data = event.data
    if isinstance(data, ActivityRecorded):
        if data.activity not in programme.activity:
            unit = registry.units.find(event.subject, data.held_on)
            fitting = {slug for slug, item in programme.activity.items() if unit and unit.level in item.levels}
            expected = _fitting_first(fitting, programme.activity)
            raise _RefusedError(Code.ACTIVITY_UNKNOWN, "data.activity", expected, data.activity)
        return _check_activity(data, programme, today)
    if isinstance(data, IndicatorReported):
        indicator = programme.indicator.get(data.indicator)
        if indicator is None:
            raise _RefusedError(Code.INDICATOR_UNKNOWN, "data.indicator", _names(programme.indicator), data.indicator)
        period = _period(data.period, indicator.period, programme, today)
        return programme.calendar.end(period), _check_figures(data, indicator, programme)
    if isinstance(data, ReportSubmitted):
        return _check_report(data.report, data.period, programme, today), []
    if isinstance(data, Problem):
        return today, []
    return _check_retraction(data, programme, today), []


def _check_activity(data: ActivityRecorded, programme: Programme, today: date) -> tuple[date, list[Refusal]]:
    activity = programme.activity[data.activity]
    if data.held_on > today:
        raise _RefusedError(Code.PERIOD_FUTURE, "data.held_on", today.isoformat(), data.held_on.isoformat())
    _check_time(_month(programme.calendar, data.held_on), programme, "data.held_on")
    allowed = programme.allowed(activity)
    found: list[Refusal] = []
    if data.by:
        found += _check_options(data.by, allowed, "data.by")
    if data.domain is not None and data.domain not in allowed.get("domain", ()):
        found += _check_options({"domain": data.domain}, allowed, "data")
    if data.domain is not None and data.by.get("domain", data.domain) != data.domain:
        expected = RuleWords.SAME_DOMAIN.value.filled(domain=data.domain)
        found.append(Refusal(Code.VALUE_INVALID, "data.by.domain", expected, data.by["domain"]))
    for group in data.participants:
        if group not in programme.groups:
            found.append(_unknown(Code.OPTION_UNKNOWN, f"data.participants.{group}", programme.groups, group))
    for index, money in enumerate(data.money):
        if money.line not in programme.lines:
            found.append(_unknown(Code.OPTION_UNKNOWN, f"data.money.{index}.line", programme.lines, money.line))
    people = sum(data.participants.values())
    if data.female is not None and data.female > people:
        expected = RuleWords.PARTICIPANTS.value.filled(people=people)
        found.append(Refusal(Code.VALUE_INVALID, "data.female", expected, data.female))
    return data.held_on, found


def _check_figures(data: IndicatorReported, indicator: Indicator, programme: Programme) -> list[Refusal]:
    if indicator.components:
        return _check_components(data, indicator)
    found: list[Refusal] = []
    if data.components is not None:
        found.append(Refusal(Code.FIELD_UNKNOWN, "data.components", RuleWords.BOTH_FIGURES.value))
    found += [
        Refusal(Code.FIELD_MISSING, f"data.{field}", Common.WHOLE_NUMBER.value)
        for field in ("numerator", "denominator")
        if getattr(data, field) is None
    ]
    if data.numerator is not None and data.denominator is not None:
        found += _check_ratio(data.numerator, data.denominator, "data")
    allowed = programme.allowed(indicator)
    seen: set[frozenset[tuple[str, str]]] = set()
    for index, split in enumerate(data.breakdown):
        place = f"data.breakdown.{index}"
        found += _check_options(split.by, allowed, f"{place}.by")
        found += _check_ratio(split.numerator, split.denominator, place)
        combination = frozenset(split.by.items())
        if combination in seen:
            found.append(Refusal(Code.VALUE_INVALID, f"{place}.by", RuleWords.COMBINATION_ONCE.value, split.by))
        seen.add(combination)
    return found


def _check_ratio(numerator: int, denominator: int, place: str) -> Iterable[Refusal]:
    if numerator > denominator:
        yield Refusal(Code.NUMERATOR_EXCEEDS_DENOMINATOR, f"{place}.numerator", str(denominator), numerator)


def _check_components(data: IndicatorReported, indicator: Indicator) -> list[Refusal]:
    found = [
        Refusal(Code.FIELD_UNKNOWN, f"data.{field}", RuleWords.COMPONENTS.value)
        for field in ("numerator", "denominator", "breakdown")
        if getattr(data, field)
    ]
    expected = {component.slug for component in indicator.components}
    given = set(data.components or ())
    found += [
        Refusal(Code.FIELD_MISSING, f"data.components.{slug}", Common.TRUTH.value) for slug in sorted(expected - given)
    ]
    found += [_unknown(Code.OPTION_UNKNOWN, "data.components", expected, slug) for slug in sorted(given - expected)]
    return found


def _check_report(slug: str, period_text: str, programme: Programme, today: date) -> date:
    report = programme.report.get(slug)
    if report is None:
        raise _RefusedError(Code.REPORT_UNKNOWN, "data.report", _names(programme.report), slug)
    return programme.calendar.end(_period(period_text, report.period, programme, today))


def _check_retraction(data: RecordRetracted, programme: Programme, today: date) -> date:
    named = [field for field in ("record", "indicator", "report") if getattr(data, field) is not None]
    if len(named) != 1:
        raise _RefusedError(Code.FIELD_MISSING, "data", RuleWords.ONE_OF_THREE.value, named)
    if data.record is not None:
        for field in ("agency", "period"):
            if getattr(data, field) is not None:
                raise _RefusedError(Code.FIELD_UNKNOWN, f"data.{field}", RuleWords.RECORD_ALONE.value)
        return today
    for field in ("agency", "period"):
        if getattr(data, field) is None:
            raise _RefusedError(Code.FIELD_MISSING, f"data.{field}", RuleWords.OF_WHAT_IS_WITHDRAWN.value)
    if data.report is not None:
        return _check_report(data.report, data.period or "", programme, today)
    indicator = programme.indicator.get(data.indicator or "")
    if indicator is None:
        raise _RefusedError(Code.INDICATOR_UNKNOWN, "data.indicator", _names(programme.indicator), data.indicator)
    return programme.calendar.end(_period(data.period or "", indicator.period, programme, today))


def _check_unit(event: Event, programme: Programme, unit: Unit, on: date) -> Iterable[Refusal]:
    """Refuse a unit of a level, or an agency, that doesn't report such a thing for a period that ends on that day."""
    data = event.data
    agency = data.agency
    if agency is not None and agency not in programme.agency:
        expected = _fitting_first(programme.agencies_at.get(unit.level, frozenset()), programme.agency)
        yield Refusal(Code.AGENCY_UNKNOWN, "data.agency", expected, agency)
        return
    levels, agencies = _reporters(event, programme, unit, on)
    if unit.level not in levels:
        yield Refusal(Code.UNIT_WRONG_LEVEL, "subject", levels_listed(levels), event.subject)
    elif agency is not None and agency not in agencies:
        yield _unknown(Code.AGENCY_NOT_ALLOWED, "data.agency", agencies, agency)
    elif isinstance(data, IndicatorReported):
        yield from _check_groups(data, programme.indicator[data.indicator], unit, on)


def _reporters(event: Event, programme: Programme, unit: Unit, on: date) -> tuple[Collection[str], Collection[str]]:
    """Find the levels that report such a thing, and the agencies that do so at this unit."""
    data = event.data
    at_unit = programme.agencies_at.get(unit.level, frozenset())
    if isinstance(data, ActivityRecorded):
        return programme.activity[data.activity].levels, at_unit
    entries: tuple[Reporter | IndicatorReporter, ...] = ()
    if isinstance(data, (IndicatorReported, RecordRetracted)) and data.indicator is not None:
        entries = programme.indicator[data.indicator].reporters
    elif isinstance(data, (ReportSubmitted, RecordRetracted)) and data.report is not None:
        entries = programme.report[data.report].reporters
    if not entries:
        return (unit.level,), at_unit
    speaking = [entry for entry in entries if applies(entry, unit, on)]
    agencies = {
        slug
        for entry in speaking
        for slug in (entry.agencies if isinstance(entry, IndicatorReporter) else (entry.agency,))
    }
    return {entry.level for entry in entries}, agencies


def _check_groups(data: IndicatorReported, indicator: Indicator, unit: Unit, on: date) -> Iterable[Refusal]:
    """Refuse groups of another agency's field: two agencies would count the same persons."""
    speaking = [item for item in indicator.reporters if data.agency in item.agencies and applies(item, unit, on)]
    groups = {group for item in speaking for group in item.groups}
    for index, split in enumerate(data.breakdown if groups else ()):
        group = split.by.get("group")
        if group is not None and group not in groups:
            yield _unknown(Code.OPTION_UNKNOWN, f"data.breakdown.{index}.by.group", groups, group)


def _period(text: str, kind: PeriodKind, programme: Programme, today: date) -> Period:
    try:
        period = parse_period(text)
    except ValueError:
        raise _RefusedError(Code.PERIOD_INVALID, "data.period", RuleWords[kind.name].value, text) from None
    if period.kind is not kind:
        raise _RefusedError(Code.PERIOD_INVALID, "data.period", RuleWords[kind.name].value, text)
    if programme.calendar.start(period) > today:
        current = programme.calendar.containing(today, kind)
        raise _RefusedError(Code.PERIOD_FUTURE, "data.period", str(current), text)
    _check_time(period, programme, "data.period")
    return period


def _check_time(period: Period, programme: Programme, field: str) -> None:
    if not programme.accepts(period):
        span = RuleWords.SPAN.value.filled(first=programme.stages[0].first, last=programme.last_period)
        raise _RefusedError(Code.PERIOD_CLOSED, field, span, str(period))


def _check_options(by: dict[str, str], allowed: dict[str, frozenset[str]], place: str) -> Iterable[Refusal]:
    for dimension, option in by.items():
        if dimension not in allowed:
            yield _unknown(Code.OPTION_UNKNOWN, f"{place}.{dimension}", allowed, dimension)
        elif option not in allowed[dimension]:
            yield _unknown(Code.OPTION_UNKNOWN, f"{place}.{dimension}", allowed[dimension], option)


def _unknown(code: Code, field: str, known: Iterable[str], got: object) -> Refusal:
    return Refusal(code, field, _names(known), got)


def _fitting_first(fitting: Collection[str], known: Iterable[str]) -> Words:
    """List all names, those that fit the unit's level before the others."""
    return listed([*sorted(fitting), *sorted(set(known) - set(fitting))], _LISTED)


def _names(known: Iterable[str]) -> Words:
    return listed(sorted(known), _LISTED)


@lru_cache(maxsize=64)
def _today(now: datetime, timezone: str) -> date:
    """Return the day that it is there. Remembered, because all events of a request ask for the same instant."""
    return now.astimezone(zone(timezone)).date()


@lru_cache(maxsize=4096)
def _month(calendar: PeriodCalendar, day: date) -> Period:
    """Return the month in which the day lies. Remembered, because days come again and again."""
    return calendar.containing(day, PeriodKind.MONTH)


@lru_cache(maxsize=16)
def zone(name: str) -> ZoneInfo:
    """Return the time zone of this name, read once."""
    return ZoneInfo(name)
