"""What DHIS2's values and completions have in common: its names, read as ours, and what becomes of its rows. Pure.

Comments, who stored a value and when are personal or not ours: they are not kept.
"""

import re
import uuid
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.intake.formats.dhis2_rows import DEFAULT
from services.intake.refusals.event_words import Dhis2Words
from shared.domain.duties import applies
from shared.domain.events import Kind
from shared.domain.periods import PeriodKind, parse_period
from shared.domain.refusals import Code, Refusal
from shared.domain.rule_words import RuleWords, wanted
from shared.domain.units import Unit
from shared.programme.indicators import IndicatorReporter
from shared.programme.model import Programme
from shared.programme.reports import Reporter
from shared.registry.snapshot import Registry
from shared.wording.words import Common, Told, Words, in_both

SOURCE = "/dhis2"
_PERIOD = re.compile(
    r"(?P<year>\d{4})(?:(?P<month>\d{2})|Q(?P<quarter>\d)|S(?P<half>\d)|W(?P<week>\d{1,2}))?", re.ASCII
)
_OUR_PERIOD = re.compile(r"\b(\d{4})-(?:(Q\d|H\d|\d{2})|W0?([1-9]\d?))\b(?!-)", re.ASCII)


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


class ConflictError(Exception):
    """A row can't be read: why."""

    def __init__(self, code: Code, name: str, expected: Told, got: object) -> None:
        self.refusal = Refusal(code, name, expected, got)


def truth(name: str, value: object, *, absent: bool) -> bool:
    """Read a boolean, which DHIS2's clients write as a text as well, in any case; `absent` is what nothing means."""
    text = value.strip().lower() if isinstance(value, str) else value
    if text is None or text == "":
        return absent
    if text is True or text == "true":
        return True
    if text is False or text == "false":
        return False
    raise ConflictError(Code.VALUE_INVALID, name, wanted(Common.TRUTH.value), value)


def period_of(text: str, kind: PeriodKind) -> str:
    """Read a period of this kind: `202603` is 2026-03, `2026Q1` is 2026-Q1, `2026S1` is 2026-H1, `2026` is 2026,
    `2026W7` is 2026-W07.

    Raises ConflictError, as `truth`, `unit_of` and `agency_of` do.
    """
    written = _PERIOD.fullmatch(text)
    expected = Dhis2Words[kind.name].value
    if written is None:
        raise ConflictError(Code.PERIOD_INVALID, "period", expected, text)
    ours = written["year"]
    if written["month"]:
        ours += f"-{written['month']}"
    elif written["quarter"]:
        ours += f"-Q{written['quarter']}"
    elif written["half"]:
        ours += f"-H{written['half']}"
    elif written["week"]:
        ours += f"-W{written['week']:0>2}"
    try:
        period = parse_period(ours)
    except ValueError:
        raise ConflictError(Code.PERIOD_INVALID, "period", expected, text) from None
    if period.kind is not kind:
        raise ConflictError(Code.PERIOD_INVALID, "period", expected, text)
    return str(period)


def written_for_dhis2(told: Told) -> Words:
    """Write each of our periods in a text as `period_of` reads it: none after 2023-Q1 is none after 2023Q1."""
    vi, en = (_OUR_PERIOD.sub(_dhis2_period, text) for text in in_both(told))
    return Words(vi, en)


def _dhis2_period(found: re.Match[str]) -> str:
    year, part, week = found.groups()
    return f"{year}W{week}" if week else year + part.replace("H", "S")


def unit_of(text: str, period: str, programme: Programme, registry: Registry) -> Unit:
    """Find the unit of a code or mapped name that is in force at the end of one of our periods."""
    code, end = programme.dhis2.org_units.get(text, text), programme.calendar.end(parse_period(period))
    unit = registry.units.find(code, end)
    if unit is None and registry.units.by_code(code):
        raise ConflictError(Code.UNIT_NOT_IN_FORCE, "orgUnit", end.isoformat(), text)
    if unit is None:
        raise ConflictError(Code.UNIT_UNKNOWN, "orgUnit", RuleWords.UNIT.value, text)
    return unit


def agency_of(
    text: str, programme: Programme, entries: Sequence[Reporter | IndicatorReporter], unit: Unit, period: str
) -> str:
    """Return the agency that the attribute option combination names or, where only one can be meant, that one."""
    if text not in DEFAULT:
        return programme.dhis2.attribute_option_combos.get(text, text.removeprefix("agency:"))
    on = programme.calendar.end(parse_period(period))
    speaking = list(_agencies(entry for entry in entries if applies(entry, unit, on)))
    if len(speaking) > 1:
        raise ConflictError(
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


def event_of(kind: Kind, unit: str, data: dict[str, Any], now: datetime) -> dict[str, Any]:
    """Make the CloudEvent of an import at this time, under an id of its own."""
    return {
        "specversion": "1.0",
        "id": uuid.uuid4().hex,
        "source": SOURCE,
        "type": kind.type,
        "subject": unit,
        "time": now.isoformat(),
        "data": data,
    }
