"""Checks one event against the registry: the only place that decides what the door takes. Pure."""

from collections.abc import Collection, Iterable
from datetime import date, datetime
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from services.intake.admission.names import check_names
from services.intake.admission.offices import outside_office
from services.intake.admission.poster import Poster
from services.intake.formats.cloudevents import Event
from services.intake.refusals.event_words import OfficeWords
from services.intake.refusals.instants import AHEAD, out_of_range
from shared.domain.data_rules import (
    LISTED,
    activity_faults,
    closed,
    day_fault,
    figure_faults,
    foreign_options,
    names,
    unknown,
)
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
from shared.domain.periods import Period, PeriodKind, parse_period
from shared.domain.refusals import Code, Refusal
from shared.domain.rule_words import RuleWords
from shared.domain.units import Unit
from shared.programme.families import Families
from shared.programme.indicators import Indicator, IndicatorReporter
from shared.programme.model import Programme
from shared.programme.reports import Reporter
from shared.registry.snapshot import Registry
from shared.values.scalars import FIRST_INSTANT
from shared.wording.level_words import levels_listed
from shared.wording.words import Common, Told, Words, joined, listed


class Admitted(NamedTuple):
    """An event that may be published: its kind, its unit and the province that its partition follows."""

    kind: Kind
    unit: Unit
    province: str


class _RefusedError(Exception):
    def __init__(self, code: Code, field: str, expected: Told = "", got: object = None) -> None:
        self.refusal = Refusal(code, field, expected, got)

    @classmethod
    def of(cls, refusal: Refusal) -> "_RefusedError":
        return cls(refusal.code, refusal.field, refusal.expected, refusal.got)


def judge(event: Event, registry: Registry, poster: Poster, now: datetime) -> Admitted | tuple[Refusal, ...]:
    """Admit the event or say everything that is wrong with it. `now` is the instant of acceptance."""
    return tuple(check_names(event, now.year)) or _judge(event, registry, poster, now)


def check_revision(event: Event, poster: Poster) -> tuple[Refusal, ...]:
    """Refuse an explicit event without a revision that it needs, and one in an officer's name that has any: it corrects
    what was accepted before.
    """
    data = event.data
    if poster.acting is not None and "revision" in data.model_fields_set:
        return (Refusal(Code.FIELD_UNKNOWN, "data.revision", OfficeWords.NO_REVISION.value),)
    if poster.acting is None and isinstance(data, RecordRetracted) and data.revision is None:
        return (Refusal(Code.FIELD_MISSING, "data.revision", Common.WHOLE_NUMBER.value),)
    return ()


def _judge(event: Event, registry: Registry, poster: Poster, now: datetime) -> Admitted | tuple[Refusal, ...]:
    key = poster.key
    kind = KIND_OF_TYPE[event.type]
    if key.kinds is not None and kind not in key.kinds:
        return (Refusal(Code.KIND_NOT_ALLOWED, "type", names(key.kinds), event.type),)
    if key.programmes is not None and key.programmes.isdisjoint(_programmes(event, registry.families)):
        return (unknown(Code.PROGRAMME_NOT_ALLOWED, "data.programme", key.programmes, event.data.programme),)
    programme = registry.programmes.get(event.data.programme)
    if programme is None:
        return (unknown(Code.PROGRAMME_UNKNOWN, "data.programme", registry.programmes, event.data.programme),)
    timing = () if FIRST_INSTANT <= event.time <= now + AHEAD else (out_of_range("time", registry, now, event.time),)
    try:
        on, found = _check(event, programme, now, registry)
        unit = _resolve(registry, event.subject, on, or_gone=_withdraws_activity(event))
        if not poster.reaches(registry.units, unit.uid):
            raise _RefusedError(Code.UNIT_NOT_ALLOWED, "subject", ", ".join(poster.subtrees), event.subject)
        _check_office(event, unit, programme, poster, registry, now)
    except _RefusedError as error:
        return (*timing, error.refusal)
    refusals = (*timing, *found, *_check_unit(event, programme, unit, on))
    if refusals:
        return refusals
    return Admitted(kind, unit, registry.units.province_of(unit.uid))


def _check_office(
    event: Event, unit: Unit, programme: Programme, poster: Poster, registry: Registry, now: datetime
) -> None:
    if poster.acting is not None:
        today = _today(now, programme.timezone)
        outside = outside_office(event, unit, poster.acting.officer, programme, registry.units, today)
        if outside is not None:
            raise _RefusedError(outside.code, outside.field, outside.expected, outside.got)


def _programmes(event: Event, families: Families) -> Collection[str]:
    """Name the programmes whose keys may post the event: of a figure all that share it, else its own."""
    data = event.data
    indicator = data.indicator if isinstance(data, (IndicatorReported, RecordRetracted)) else None
    return families.programmes(data.programme, indicator)


def _withdraws_activity(event: Event) -> bool:
    """Whether it withdraws an activity. That names no day: a unit may say it that has gone since it held it."""
    return isinstance(event.data, RecordRetracted) and event.data.record is not None


def _resolve(registry: Registry, code_or_uid: str, on: date, *, or_gone: bool) -> Unit:
    found = registry.units.find(code_or_uid, on)
    known = [found] if found is not None else registry.units.by_code(code_or_uid)
    if not known:
        raise _RefusedError(Code.UNIT_UNKNOWN, "subject", RuleWords.UNIT.value, code_or_uid)
    unit = known[-1]
    gone = unit.valid_to is not None and unit.valid_to < on
    if not (unit.in_force(on) or (or_gone and gone)):
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
        fault = day_fault(data, programme, today)
        if fault is not None:
            raise _RefusedError.of(fault)
        return data.held_on, activity_faults(data, programme)
    if isinstance(data, IndicatorReported):
        indicator = _indicator(data.indicator, programme)
        period = _figure_period(data.period, indicator, programme, today, registry.families)
        return programme.calendar.end(period), figure_faults(data, indicator, programme)
    if isinstance(data, ReportSubmitted):
        return _check_report(data.report, data.period, programme, today), []
    if isinstance(data, Problem):
        return today, _check_problem(event, data, programme, today)
    return _check_retraction(data, programme, today, registry.families), []


def _indicator(slug: str, programme: Programme) -> Indicator:
    """Look up an indicator that units report."""
    indicator = programme.indicator.get(slug)
    if indicator is None:
        raise _RefusedError(Code.INDICATOR_UNKNOWN, "data.indicator", names(programme.indicator), slug)
    if indicator.value == "survey":
        reported = [item.slug for item in programme.indicators if item.value != "survey"]
        raise _RefusedError(Code.INDICATOR_SURVEYED, "data.indicator", names(reported), slug)
    return indicator


def _check_problem(event: Event, data: Problem, programme: Programme, today: date) -> list[Refusal]:
    """Check the field. Outside a programme's time nobody would hear of a new problem; an old one may be resolved."""
    first, last = programme.heard_days
    if KIND_OF_TYPE[event.type] is Kind.PROBLEM_RAISED and not first <= today <= last:
        span = RuleWords.SPAN.value.filled(first=first, last=last)
        raise _RefusedError(Code.PROGRAMME_AT_REST, "data.programme", span, programme.slug)
    if data.domain is None:
        return []
    known = programme.options.get("domain", frozenset())
    return [] if data.domain in known else [unknown(Code.OPTION_UNKNOWN, "data.domain", known, data.domain)]


def _check_report(slug: str, period_text: str, programme: Programme, today: date) -> date:
    report = programme.report.get(slug)
    if report is None:
        raise _RefusedError(Code.REPORT_UNKNOWN, "data.report", names(programme.report), slug)
    period = _period(period_text, report.period, programme, today)
    if not programme.accepts(period):
        raise _RefusedError.of(closed(programme, "data.period", period))
    return programme.calendar.end(period)


def _check_retraction(data: RecordRetracted, programme: Programme, today: date, families: Families) -> date:
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
    indicator = _indicator(data.indicator or "", programme)
    return programme.calendar.end(_figure_period(data.period or "", indicator, programme, today, families))


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
        yield unknown(Code.AGENCY_NOT_ALLOWED, "data.agency", agencies, agency)
    elif isinstance(data, IndicatorReported):
        yield from foreign_options(data, programme.indicator[data.indicator], unit, on)


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
    return period


def _figure_period(text: str, indicator: Indicator, programme: Programme, today: date, families: Families) -> Period:
    """Read the period of a figure: one that any programme accepts which shares it."""
    period = _period(text, indicator.period, programme, today)
    if not programme.accepts(period) and not families.accepts(programme.slug, indicator.slug, period):
        spans = families.accepted(programme.slug, indicator.slug)
        words = [RuleWords.SPAN.value.filled(first=first, last=last) for first, last in spans]
        raise _RefusedError(Code.PERIOD_CLOSED, "data.period", joined(words, ", "), str(period))
    return period


def _fitting_first(fitting: Collection[str], known: Iterable[str]) -> Words:
    """List all names, those that fit the unit's level before the others."""
    return listed([*sorted(fitting), *sorted(set(known) - set(fitting))], LISTED)


@lru_cache(maxsize=64)
def _today(now: datetime, timezone: str) -> date:
    """Return the day that it is there. Remembered, because all events of a request ask for the same instant."""
    return now.astimezone(zone(timezone)).date()


@lru_cache(maxsize=16)
def zone(name: str) -> ZoneInfo:
    """Return the time zone of this name, read once."""
    return ZoneInfo(name)
