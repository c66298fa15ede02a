"""DHIS2's data values and completions, turned into whole records: pure, from parsed rows to events or refusals.

Data values are cells, our records are whole: the values of one unit, period, indicator and agency become one event, and
a set that lacks a part of its record is refused. So is one that deletes a part: only the whole can be withdrawn. Each
import has a fresh id and the time of receipt, so that sending A, then B, then A again ends at A. Comments, who stored a
value and when are personal or not ours: they are not kept.
"""

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Literal, TypeAlias

from services.intake.admission.event_words import Dhis2Words, RuleWords, wanted
from services.intake.admission.refusals import Code, Refusal
from services.intake.admission.rules import AHEAD, out_of_range
from services.intake.formats.dhis2_rows import DEFAULT, Completion, DataValue
from shared.domain.duties import applies
from shared.domain.events import MAX_COUNT, Kind
from shared.domain.periods import PeriodKind, parse_period
from shared.domain.units import Unit
from shared.programme.model import Indicator, IndicatorReporter, Programme, Reporter
from shared.registry.snapshot import Registry
from shared.values.scalars import FIRST_INSTANT, ScalarError, any_instant, whole_number
from shared.wording.words import Common, Told, Words, in_both, listed

SOURCE = "/dhis2"
_PERIOD = re.compile(r"(?P<year>\d{4})(?:(?P<month>\d{2})|Q(?P<quarter>\d)|S(?P<half>\d))?", re.ASCII)
_OUR_PERIOD = re.compile(r"\b(\d{4})-(Q\d|H\d|\d{2})\b(?!-)", re.ASCII)
_DAY = 10  # characters of a day without a time
_TRUTH = {"true": True, "1": True, "false": False, "0": False}
Part = Literal["numerator", "denominator"]
_Combination: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Conflict:
    """What is wrong with the rows at `indexes`; `objects` names what they name."""

    refusal: Refusal
    indexes: tuple[int, ...]
    objects: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Draft:
    """An event to be judged, and the rows that it was made from."""

    event: dict[str, Any]
    indexes: tuple[int, ...]
    objects: Mapping[str, str]

    @property
    def withdraws(self) -> bool:
        """Whether the event withdraws a record: its rows were deleted values, or say that a set is not complete."""
        return bool(self.event["type"] == Kind.RECORD_RETRACTED.type)


class _ConflictError(Exception):
    def __init__(self, code: Code, name: str, expected: Told, got: object) -> None:
        self.refusal = Refusal(code, name, expected, got)


@dataclass(frozen=True, slots=True)
class _Address:
    """Which record a value belongs to."""

    programme: Programme = field(compare=False)
    indicator: Indicator = field(compare=False)
    names: tuple[str, str]  # the slugs of both
    unit: str
    period: str
    agency: str


@dataclass(slots=True)
class _Record:
    """The values of one record as they come together. `parts` by combination of options; the empty one is the whole.

    `deleted` are the names of those that are deleted, by their combination.
    """

    indexes: list[int] = field(default_factory=list)
    parts: dict[_Combination, dict[Part, int]] = field(default_factory=dict)
    components: dict[str, bool] = field(default_factory=dict)
    deleted: dict[_Combination, set[str]] = field(default_factory=dict)


def draft_records(rows: Sequence[DataValue], registry: Registry, now: datetime) -> tuple[list[Draft], list[Conflict]]:
    """Put values together to records. A record of which one value is bad or missing is refused whole."""
    records: dict[_Address, _Record] = {}
    conflicts: list[Conflict] = []
    spoilt: dict[_Address, None] = {}
    for row in rows:
        address: _Address | None = None
        try:
            address, part = _locate(row, registry)
            record = records.setdefault(address, _Record())
            record.indexes.append(row.index)
            _add(record, row, address, part)
        except _ConflictError as error:
            conflicts.append(Conflict(error.refusal, (row.index,), _objects(row)))
            if address is not None:
                spoilt[address] = None
    drafts: list[Draft] = []
    for address, record in records.items():
        objects = {"orgUnit": address.unit, "period": address.period, "indicator": address.indicator.slug}
        refusal = _incomplete(address, record, spoilt=address in spoilt)
        if refusal is None:
            drafts.append(Draft(_event(address, record, now), tuple(record.indexes), objects))
        else:
            conflicts.append(Conflict(refusal, tuple(record.indexes), objects))
    return drafts, conflicts


def draft_completions(
    rows: Sequence[Completion], registry: Registry, now: datetime
) -> tuple[list[Draft], list[Conflict]]:
    """A completed data set is a submitted report; one that is no longer complete withdraws it.

    Where one request says both of a report, nothing tells which of the two holds: both are refused.
    """
    drafts: dict[tuple[str, ...], dict[str, list[Draft]]] = {}  # by report and kind of event
    conflicts: list[Conflict] = []
    for row in rows:
        objects = {"dataSet": row.data_set, "orgUnit": row.unit, "period": row.period}
        try:
            _check_date(row, registry, now)
            completed = _truth("completed", row.completed, absent=True)
            programme, slug = _report(row.data_set, registry)
            period = _period(row.period, programme.report[slug].period)
            unit = _unit(row.unit, period, programme, registry)
            agency = _agency(row.attribute, programme, programme.report[slug].reporters, unit, period)
        except _ConflictError as error:
            conflicts.append(Conflict(error.refusal, (row.index,), objects))
            continue
        data = {"programme": programme.slug, "report": slug, "agency": agency, "period": period, "revision": 0}
        kind = Kind.REPORT_SUBMITTED if completed else Kind.RECORD_RETRACTED
        report = programme.slug, slug, agency, period, unit.uid
        draft = Draft(_wrap(kind, unit.uid, data, now), (row.index,), objects)
        drafts.setdefault(report, {}).setdefault(kind, []).append(draft)
    agreed: list[Draft] = []
    for said in drafts.values():
        several = [draft for kind in said.values() for draft in kind]
        if len(said) == 1:
            agreed += several
        else:
            refusal = Refusal(Code.RECORD_REPEATED, "completed", Dhis2Words.ONE_OF_BOTH.value)
            conflicts += [Conflict(refusal, draft.indexes, draft.objects) for draft in several]
    return agreed, conflicts


def _check_date(row: Completion, registry: Registry, now: datetime) -> None:
    """The day or time of a completion is not kept (what counts is when it was accepted), but it has to be one."""
    if not row.date:
        return
    try:
        date = any_instant(row.date if len(row.date) > _DAY else f"{row.date}T00:00:00", assumed=UTC)
    except ScalarError:
        raise _ConflictError(
            Code.VALUE_INVALID,
            row.dated_by,
            Dhis2Words.DAY.value,
            row.date,
        ) from None
    if not FIRST_INSTANT <= date <= now + AHEAD:
        found = out_of_range(row.dated_by, registry, now, date)
        raise _ConflictError(found.code, found.field, found.expected, row.date)


def _locate(row: DataValue, registry: Registry) -> tuple[_Address, str]:
    """The record that a value belongs to, and its part: numerator, denominator or a component's slug."""
    for programme in registry.programmes.values():
        target = programme.dhis2.data_elements.get(row.element, row.element)
        slug, _, part = target.rpartition(".")
        indicator = programme.indicator.get(slug)
        if indicator is not None and part in _parts(indicator):
            period = _period(row.period, indicator.period)
            unit = _unit(row.unit, period, programme, registry)
            agency = _agency(row.attribute, programme, indicator.reporters, unit, period)
            return _Address(programme, indicator, (programme.slug, slug), unit.uid, period, agency), part
    raise _ConflictError(
        Code.INDICATOR_UNKNOWN,
        "dataElement",
        Dhis2Words.DATA_ELEMENT.value,
        row.element,
    )


def _parts(indicator: Indicator) -> list[str]:
    return [component.slug for component in indicator.components] or ["numerator", "denominator"]


def _add(record: _Record, row: DataValue, address: _Address, part: str) -> None:
    combination = _combination(row.combination, address)
    if _truth("deleted", row.deleted, absent=False):
        record.deleted.setdefault(combination, set()).add(part)
        return
    text = str(row.value).strip()
    if address.indicator.components:
        if text.lower() not in _TRUTH:
            raise _ConflictError(Code.VALUE_INVALID, "value", wanted(Common.TRUTH.value), row.value)
        if part in record.components:
            raise _ConflictError(Code.VALUE_INVALID, "dataElement", Dhis2Words.ONCE.value, row.element)
        record.components[part] = _TRUTH[text.lower()]
        return
    try:
        number = whole_number(text, most=MAX_COUNT, zeros=True)
    except ScalarError as error:
        raise _ConflictError(Code.VALUE_INVALID, "value", wanted(error.expected), row.value) from None
    cell = record.parts.setdefault(combination, {})
    name: Part = "numerator" if part == "numerator" else "denominator"
    if name in cell:
        raise _ConflictError(Code.VALUE_INVALID, "dataElement", Dhis2Words.ONCE.value, row.element)
    cell[name] = number


def _truth(name: str, value: object, *, absent: bool) -> bool:
    """A boolean, which DHIS2's clients write as a text as well, in any case; `absent` is what nothing means."""
    text = value.strip().lower() if isinstance(value, str) else value
    if text is None or text == "":
        return absent
    if text is True or text == "true":
        return True
    if text is False or text == "false":
        return False
    raise _ConflictError(Code.VALUE_INVALID, name, wanted(Common.TRUTH.value), value)


def _combination(text: str, address: _Address) -> _Combination:
    """`domain:health` or, for several dimensions, `domain:health,sex:female`; nothing for the whole.

    A component has no parts.
    """
    programme = address.programme
    if text in DEFAULT:
        return ()
    if address.indicator.components:
        raise _ConflictError(Code.OPTION_UNKNOWN, "categoryOptionCombo", Dhis2Words.NO_COMBINATION.value, text)
    mapped = programme.dhis2.category_option_combos.get(text)
    if mapped is not None:
        return tuple(sorted(mapped.items()))
    pairs = [tuple(pair.strip().split(":", 1)) for pair in text.split(",")]
    if any(len(pair) != 2 or pair[0] not in programme.options for pair in pairs):
        raise _ConflictError(
            Code.OPTION_UNKNOWN,
            "categoryOptionCombo",
            Dhis2Words.COMBINATION.value,
            text,
        )
    return tuple(sorted((pair[0], pair[1]) for pair in pairs))


def _incomplete(address: _Address, record: _Record, *, spoilt: bool) -> Refusal | None:
    """Why the record is not whole."""
    if spoilt:
        return Refusal(
            Code.RECORD_INCOMPLETE,
            "dataValues",
            Dhis2Words.ALL_RIGHT.value,
        )
    if record.deleted:
        return _partly_deleted(address, record)
    if address.indicator.components:
        missing = sorted(set(_parts(address.indicator)) - set(record.components))
        names = [f"{address.indicator.slug}.{slug}" for slug in missing]
    else:
        names = [
            f"{address.indicator.slug}.{part}" + (f" ({', '.join(':'.join(pair) for pair in by)})" if by else "")
            for by, cell in {(): {}, **record.parts}.items()
            for part in ("numerator", "denominator")
            if part not in cell
        ]
    return Refusal(Code.RECORD_INCOMPLETE, "dataElement", ", ".join(names)) if names else None


def _partly_deleted(address: _Address, record: _Record) -> Refusal | None:
    """Why the deletion of some values is no withdrawal: it takes all that make the record's whole, and no value beside.

    Nobody here knows which values the record has, so that what is left of it can't be told.
    """
    whole = _parts(address.indicator)
    if not record.parts and not record.components and record.deleted.get((), set()) >= set(whole):
        return None
    names = listed(f"{address.indicator.slug}.{part}" for part in whole)
    return Refusal(Code.RECORD_INCOMPLETE, "deleted", Dhis2Words.ALL_OR_NONE.value.filled(names=names))


def _event(address: _Address, record: _Record, now: datetime) -> dict[str, Any]:
    data: dict[str, Any] = {
        "programme": address.programme.slug,
        "indicator": address.indicator.slug,
        "agency": address.agency,
        "period": address.period,
        "revision": 0,
    }
    if record.deleted:
        return _wrap(Kind.RECORD_RETRACTED, address.unit, data, now)
    if record.components:
        data["components"] = record.components
    else:
        data.update(record.parts[()].items())
        data["breakdown"] = [{"by": dict(by), **cell} for by, cell in record.parts.items() if by]
    return _wrap(Kind.INDICATOR_REPORTED, address.unit, data, now)


def _wrap(kind: Kind, unit: str, data: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": uuid.uuid4().hex,
        "source": SOURCE,
        "type": kind.type,
        "subject": unit,
        "time": now.isoformat(),
        "data": data,
    }


def _period(text: str, kind: PeriodKind) -> str:
    """`202603` is 2026-03, `2026Q1` is 2026-Q1, `2026S1` is 2026-H1, `2026` is 2026: a period of this kind."""
    written = _PERIOD.fullmatch(text)
    expected = Dhis2Words[kind.name].value
    if written is None:
        raise _ConflictError(Code.PERIOD_INVALID, "period", expected, text)
    ours = written["year"]
    if written["month"]:
        ours += f"-{written['month']}"
    elif written["quarter"]:
        ours += f"-Q{written['quarter']}"
    elif written["half"]:
        ours += f"-H{written['half']}"
    try:
        period = parse_period(ours)
    except ValueError:
        raise _ConflictError(Code.PERIOD_INVALID, "period", expected, text) from None
    if period.kind is not kind:
        raise _ConflictError(Code.PERIOD_INVALID, "period", expected, text)
    return str(period)


def written_for_dhis2(told: Told) -> Words:
    """The same with each of our periods as `_period` reads it: none after 2023-Q1 is none after 2023Q1."""
    vi, en = (_OUR_PERIOD.sub(lambda found: found[1] + found[2].replace("H", "S"), text) for text in in_both(told))
    return Words(vi, en)


def _unit(text: str, period: str, programme: Programme, registry: Registry) -> Unit:
    code, end = programme.dhis2.org_units.get(text, text), programme.calendar.end(parse_period(period))
    unit = registry.units.find(code, end)
    if unit is None and registry.units.by_code(code):
        raise _ConflictError(Code.UNIT_NOT_IN_FORCE, "orgUnit", end.isoformat(), text)
    if unit is None:
        raise _ConflictError(Code.UNIT_UNKNOWN, "orgUnit", RuleWords.UNIT.value, text)
    return unit


def _report(text: str, registry: Registry) -> tuple[Programme, str]:
    for programme in registry.programmes.values():
        slug = programme.dhis2.data_sets.get(text, text)
        if slug in programme.report:
            return programme, slug
    known = sorted(slug for programme in registry.programmes.values() for slug in programme.report)
    raise _ConflictError(Code.REPORT_UNKNOWN, "dataSet", listed(known), text)


def _agency(
    text: str, programme: Programme, entries: Sequence[Reporter | IndicatorReporter], unit: Unit, period: str
) -> str:
    """The agency that the attribute option combination names or, where only one can be meant, that one."""
    if text not in DEFAULT:
        return programme.dhis2.attribute_option_combos.get(text, text.removeprefix("agency:"))
    on = programme.calendar.end(parse_period(period))
    speaking = list(_agencies(entry for entry in entries if applies(entry, unit, on)))
    if len(speaking) > 1:
        raise _ConflictError(
            Code.FIELD_MISSING,
            "attributeOptionCombo",
            Dhis2Words.AGENCY.value.filled(names=", ".join(speaking)),
            text,
        )
    # None at this unit: the validation, which is told of some agency, says which level reports this.
    return (speaking or list(_agencies(iter(entries))))[0]


def _agencies(entries: Iterator[Reporter | IndicatorReporter]) -> Iterator[str]:
    seen: dict[str, None] = {}
    for entry in entries:
        slugs = entry.agencies if isinstance(entry, IndicatorReporter) else (entry.agency,)
        seen.update(dict.fromkeys(slugs))
    yield from seen


def _objects(row: DataValue) -> dict[str, str]:
    return {"dataElement": row.element, "orgUnit": row.unit, "period": row.period}
