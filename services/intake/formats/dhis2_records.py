"""Turns DHIS2's data values, as parsed rows, into whole records: events or refusals. Pure.

Data values are cells, our records are whole: the values of one unit, period, indicator and agency become one event, and
a set that lacks a part of its record is refused. So is one that deletes a part: only the whole can be withdrawn. Each
import has a fresh id and the time of receipt, so that sending A, then B, then A again ends at A.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, TypeAlias

from services.intake.formats.dhis2 import Conflict, ConflictError, Draft, agency_of, event_of, period_of, truth, unit_of
from services.intake.formats.dhis2_programmes import Element, element_of
from services.intake.formats.dhis2_rows import DEFAULT, DataValue
from services.intake.refusals.event_words import Dhis2Words
from shared.domain.events import MAX_COUNT, Kind
from shared.domain.refusals import Code, Refusal
from shared.domain.rule_words import wanted
from shared.programme.indicators import Indicator
from shared.programme.model import Programme
from shared.registry.snapshot import Registry
from shared.values.scalars import ScalarError, whole_number
from shared.wording.words import Common, listed

_TRUTH = {"true": True, "1": True, "false": False, "0": False}
Part = Literal["numerator", "denominator"]
_Combination: TypeAlias = tuple[tuple[str, str], ...]


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
    elements: dict[tuple[str, str], Element] = {}
    for row in rows:
        address: _Address | None = None
        try:
            address, part = _locate(row, registry, elements)
            record = records.setdefault(address, _Record())
            record.indexes.append(row.index)
            _add(record, row, address, part)
        except ConflictError as error:
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


def _locate(row: DataValue, registry: Registry, elements: dict[tuple[str, str], Element]) -> tuple[_Address, str]:
    """Find the record that a value belongs to, and its part: numerator, denominator or a component's slug.

    `elements` remembers what is found: a few data elements make up thousands of values.
    """
    name = (row.element, row.period)
    element = elements.get(name)
    if element is None:
        element = elements[name] = element_of(row.element, row.period, registry)
    programme, indicator, part = element
    period = period_of(row.period, indicator.period)
    unit = unit_of(row.unit, period, programme, registry)
    agency = agency_of(row.attribute, programme, indicator.reporters, unit, period)
    return _Address(programme, indicator, (programme.slug, indicator.slug), unit.uid, period, agency), part


def _add(record: _Record, row: DataValue, address: _Address, part: str) -> None:
    combination = _combination(row.combination, address)
    if truth("deleted", row.deleted, absent=False):
        record.deleted.setdefault(combination, set()).add(part)
        return
    text = str(row.value).strip()
    if address.indicator.components:
        if text.lower() not in _TRUTH:
            raise ConflictError(Code.VALUE_INVALID, "value", wanted(Common.TRUTH.value), row.value)
        if part in record.components:
            raise ConflictError(Code.VALUE_INVALID, "dataElement", Dhis2Words.ONCE.value, row.element)
        record.components[part] = _TRUTH[text.lower()]
        return
    try:
        number = whole_number(text, most=MAX_COUNT, zeros=True)
    except ScalarError as error:
        raise ConflictError(Code.VALUE_INVALID, "value", wanted(error.expected), row.value) from None
    cell = record.parts.setdefault(combination, {})
    name: Part = "numerator" if part == "numerator" else "denominator"
    if name in cell:
        raise ConflictError(Code.VALUE_INVALID, "dataElement", Dhis2Words.ONCE.value, row.element)
    cell[name] = number


def _combination(text: str, address: _Address) -> _Combination:
    """Read `domain:health` or, for several dimensions, `domain:health,sex:female`; nothing for the whole.

    A component has no parts.
    """
    programme = address.programme
    if text in DEFAULT:
        return ()
    if address.indicator.components:
        raise ConflictError(Code.OPTION_UNKNOWN, "categoryOptionCombo", Dhis2Words.NO_COMBINATION.value, text)
    mapped = programme.dhis2.category_option_combos.get(text)
    if mapped is not None:
        return tuple(sorted(mapped.items()))
    pairs = [tuple(pair.strip().split(":", 1)) for pair in text.split(",")]
    if any(len(pair) != 2 or pair[0] not in programme.options for pair in pairs):
        raise ConflictError(
            Code.OPTION_UNKNOWN,
            "categoryOptionCombo",
            Dhis2Words.COMBINATION.value,
            text,
        )
    return tuple(sorted((pair[0], pair[1]) for pair in pairs))


def _incomplete(address: _Address, record: _Record, *, spoilt: bool) -> Refusal | None:
    """Say why the record is not whole; None where it is."""
    if spoilt:
        return Refusal(
            Code.RECORD_INCOMPLETE,
            "dataValues",
            Dhis2Words.ALL_RIGHT.value,
        )
    if record.deleted:
        return _partly_deleted(address, record)
    if address.indicator.components:
        missing = sorted(set(address.indicator.parts) - set(record.components))
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
    """Say why the deletion of some values is no withdrawal: it takes all that make the whole, and no value beside.

    Nobody here knows which values the record has, so that what is left of it can't be told.
    """
    whole = address.indicator.parts
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
        return event_of(Kind.RECORD_RETRACTED, address.unit, data, now)
    if record.components:
        data["components"] = record.components
    else:
        data.update(record.parts[()].items())
        data["breakdown"] = [{"by": dict(by), **cell} for by, cell in record.parts.items() if by]
    return event_of(Kind.INDICATOR_REPORTED, address.unit, data, now)


def _objects(row: DataValue) -> dict[str, str]:
    return {"dataElement": row.element, "orgUnit": row.unit, "period": row.period}
