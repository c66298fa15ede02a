"""Reads an officers' file against what is known: the officers, what is wrong with it, and notes."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import NamedTuple, TypeVar

from cli.officers.cells import Addresses, RowError, absence, one_line, quiet_hours, yes_or_no
from cli.officers.rows import NOT_A_ROW, FileError, OfficerRows, faults_in
from shared.domain.units import Unit, Units
from shared.programme.base import LANGUAGES
from shared.programme.model import Programme
from shared.registry.destinations import Destinations
from shared.registry.officers import Officer, person

COLUMNS = ("name", "role", "unit", "agency", "channels", "language")
NEEDED = frozenset(COLUMNS) - {"language"}
MAY_BE_THERE = ("quiet", "away_until", "deputy", "optional", "programmes")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Known:
    """What rows are checked against. `names` are the officers that are registered already, as (unit, name)."""

    units: Units
    programmes: tuple[Programme, ...]
    now: datetime
    names: frozenset[tuple[str, str]] = frozenset()
    destinations: Destinations = field(default_factory=Destinations)

    def of_theirs(self, slugs: Collection[str]) -> Sequence[Programme]:
        """List the programmes of one who belongs to these; none named: all."""
        return [item for item in self.programmes if item.slug in slugs] or self.programmes

    def days(self, slugs: Collection[str]) -> list[date]:
        """List which day it is in the time zones of those programmes: one day, or for some hours two."""
        return sorted({item.today(self.now) for item in self.of_theirs(slugs)})


class OfficersRead(NamedTuple):
    """A file's officers, a line for each problem (where, column, what was expected, what came), and notes on it."""

    officers: list[Officer]
    problems: list[str]
    notes: list[str]


def read_officers(path: Path, known: Known) -> OfficersRead:
    """Read a file of officers against what is known."""
    officers: list[tuple[str, Officer]] = []
    problems: list[str] = []
    seen: dict[tuple[str, str, str], int] = {}
    file = OfficerRows(path, COLUMNS, MAY_BE_THERE)
    try:
        rows = list(file.read())
    except FileError as error:
        return OfficersRead([], [str(error)], [])
    for line, cells in rows:
        place = f"{path}:{line}"
        officer = _officer(cells, known)
        if not isinstance(officer, Officer):
            problems += [f"{place}: {fault}" for fault in officer]
            continue
        first = seen.setdefault((officer.unit, officer.agency, person(officer.name)), line)
        if first != line:
            problems.append(f"{place}: name: {officer.name} of {officer.unit} is in line {first} already")
        officers.append((place, officer))
    officers, unknown = _as_registered(officers, known)
    return OfficersRead([officer for _, officer in officers], [*problems, *unknown], file.notes)


def _as_registered(
    officers: Sequence[tuple[str, Officer]], known: Known
) -> tuple[list[tuple[str, Officer]], list[str]]:
    """Give officers and their deputies the names under which they are registered; say what is wrong with deputies."""
    before = {(unit, person(name)): name for unit, name in sorted(known.names)}
    before |= {(unit, name): name for unit, name in known.names}  # as it stands there comes first
    named = [
        (place, replace(o, name=before.get((o.unit, o.name)) or before.get((o.unit, person(o.name)), o.name)))
        for place, o in officers
    ]
    names = known.names | {(officer.unit, officer.name) for _, officer in named}
    by_person = {(unit, person(name)): name for unit, name in sorted(names)}
    found: list[tuple[str, Officer]] = []
    problems: list[str] = []
    for place, officer in named:
        deputy = officer.deputy
        if deputy is not None and (officer.unit, deputy) not in names:
            deputy = by_person.get((officer.unit, person(deputy)))
        if officer.deputy is not None and (deputy is None or person(deputy) == person(officer.name)):
            expected = f"another officer of {officer.unit}, here or imported before"
            problems.append(f"{place}: {RowError('deputy', expected, officer.deputy)}")
        found.append((place, replace(officer, deputy=deputy)))
    return found, problems


class _Row:
    """One row, read cell by cell: what is wrong with any of them is kept, so that all of it is said at once."""

    def __init__(self, cells: Mapping[str, str]) -> None:
        without_value = [*faults_in(cells)]
        self.faults = [RowError(*fault) for fault in without_value]
        self._cells = cells
        self._without_value = {name for name, *_ in without_value}

    def read(self, column: str, reader: Callable[[str], Value], otherwise: Value) -> Value:
        """Read a cell; `otherwise` where it can't be used."""
        return next(iter(self.read_each(column, lambda text: [text], reader)), otherwise)

    def read_each(
        self, column: str, split: Callable[[str], Sequence[str]], reader: Callable[[str], Value]
    ) -> list[Value]:
        """Read the parts of a cell, those that can be used."""
        text = self._cells.get(column, "")
        if column in self._without_value:
            return []
        if not text and column in NEEDED:
            self.faults.append(RowError(column, "a text", ""))
            return []
        found: list[Value] = []
        for part in split(text):
            try:
                found.append(reader(part))
            except RowError as error:
                self.faults.append(error)
        return found


def _officer(cells: Mapping[str, str], known: Known) -> Officer | list[RowError]:
    """Read a row: the officer, or all that is wrong with it."""
    if NOT_A_ROW in cells:
        expected = "cells in the header's columns alone; a cell with the separator in quotes"
        return [RowError("row", expected, cells[NOT_A_ROW])]
    row = _Row(cells)
    programmes = tuple(row.read_each("programmes", _words, lambda slug: _programme(slug, known)))
    of_theirs = known.of_theirs(programmes)
    unit = row.read("unit", lambda text: _unit(text, known, known.days(programmes)), None)
    agency = row.read("agency", lambda text: _agency(text, of_theirs, unit), "")
    channels = tuple(row.read_each("channels", str.split, Addresses(known.destinations).read))
    nobody: tuple[date | None, str | None] = (None, None)
    away_until, deputy = row.read("away_until", lambda text: absence(text, cells.get("deputy", "")), nobody)
    officer = Officer(
        name=row.read("name", partial(one_line, "name"), ""), role=row.read("role", partial(one_line, "role"), ""),
        unit=unit.uid if unit else "", agency=agency, channels=channels,
        language=row.read("language", lambda text: _language(text, of_theirs), ""),
        quiet=row.read("quiet", quiet_hours, None), away_until=away_until, deputy=deputy,
        optional=row.read("optional", partial(yes_or_no, "optional", default=True), True),
        programmes=programmes,
    )  # fmt: skip
    return row.faults or officer


def _agency(text: str, programmes: Sequence[Programme], unit: Unit | None) -> str:
    """Read the slug of an agency of the unit's level; where the unit isn't known, of any."""
    fitting = {a.slug for it in programmes for a in it.agencies if unit is None or a.level == unit.level}
    if text not in fitting:
        expected = ", ".join(sorted(fitting)) or "none: no agency sits there"
        raise RowError("agency", f"an agency of a {unit.level if unit else 'unit'} ({expected})", text)
    return text


def _language(text: str, programmes: Sequence[Programme]) -> str:
    """Read one of the programmes' languages; the first of them for an empty cell."""
    spoken = {language for programme in programmes for language in programme.languages}
    languages = [language for language in LANGUAGES if language in spoken]
    if text and text not in languages:
        raise RowError("language", f"one of {', '.join(sorted(languages))}", text)
    return text or languages[0]


def _unit(text: str, known: Known, days: Sequence[date]) -> Unit:
    """Find the unit. Where programmes have two days at this hour, a code has to mean the same unit on both."""
    first, *others = (known.units.find(text, day) for day in days)
    if first is None or any(other != first for other in others):
        when = " and ".join(map(str, days)) + _meant(text, known.units, days[0])
        raise RowError("unit", f"a uid, or the code of a unit in force on {when}", text)
    return first


def _meant(text: str, units: Units, day: date) -> str:
    """Say which unit may be meant: one whose code a spreadsheet took for a number, or the successor of a former one."""
    unit = next((found for zeros in ("0", "00") if (found := units.find(zeros + text, day))), None)
    if unit is not None:
        return f" ({unit.code} is {unit.name}: were its leading zeros lost?)"
    former = units.by_code(text)
    heir = units.stands_for(former[-1].uid, day) if former else None
    return f" ({former[-1].name} was; now {heir} {units[heir].name})" if heir else ""


def _words(text: str) -> list[str]:
    """Take the slugs of the programmes that an officer belongs to apart; none for an empty cell, which means all."""
    return list(dict.fromkeys(text.replace(",", " ").split()))


def _programme(slug: str, known: Known) -> str:
    there = {programme.slug for programme in known.programmes}
    if slug not in there:
        raise RowError("programmes", f"programmes that are loaded ({', '.join(sorted(there))})", slug)
    return slug
