"""Turns tables of cells into events, each cell's place kept, so that an error names sheet, row and column. Pure.

Each upload has fresh ids and the time of receipt: what stands in a second one replaces the first, record by record.
"""

import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from services.intake.formats.json_text import UnreadableError
from services.intake.refusals import Code, Place, Refusal, Rejected
from shared.events import MAX_COUNT, Kind
from shared.scalars import FIRST_DAY, LAST_DAY, ScalarError, day, whole_number
from shared.sheets import (
    BY,
    FALSE,
    FIGURE,
    HEADER_ROWS,
    KEYS,
    MONEY,
    PARTICIPANTS,
    TRUE,
    Header,
    LayoutError,
    column_letters,
    header_in,
    text_of,
)
from shared.spreadsheets.limits import Row as Cells
from shared.spreadsheets.limits import Slice

SOURCE = "/import"
KINDS = frozenset(
    {Kind.INDICATOR_REPORTED, Kind.ACTIVITY_RECORDED, Kind.RECORD_RETRACTED, Kind.REPORT_SUBMITTED}
)  # that a spreadsheet may hold
_FILLED_IN = {"programme", "unit", "agency", "period", "record", "indicator", "component"}  # by the template
_VIETNAMESE_DAY = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", re.ASCII)


@dataclass(slots=True)
class Draft:
    """An event, and where each of its fields stands."""

    event: dict[str, Any]
    places: dict[str, Place]

    def located(self, rejected: Rejected) -> Rejected:
        """The same refusals with the cells that they are about."""
        refusals = [replace(item, place=self._place(item.field)) for item in rejected.refusals]
        return replace(rejected, refusals=tuple(refusals))

    def _place(self, name: str) -> Place:
        while name and name not in self.places:
            name = name.rpartition(".")[0]
        return self.places.get(name) or next(iter(self.places.values()))


@dataclass(frozen=True, slots=True)
class _Row:
    """One row of a table: its cells by technical name, and where it stands."""

    kind: str
    sheet: str
    number: int
    cells: Mapping[str, Any]
    columns: Mapping[str, int]

    def place(self, name: str) -> Place:
        """The cell's place, or the row's where there is no such column."""
        column = self.columns.get(name)
        return Place(self.sheet, self.number, "" if column is None else column_letters(column))

    def text(self, name: str) -> str:
        """A cell as text: a slug, a code, a day."""
        return text_of(self.cells.get(name, ""))

    def empty(self) -> bool:
        """Whether nothing stands in it but what a template fills in."""
        return not any(
            str(value).strip()
            for name, value in self.cells.items()
            if name not in _FILLED_IN and not name.startswith(BY)
        )


@dataclass(slots=True)
class _Reading:
    """What has been read so far. Drafts and refusals share one numbering, in the order of the rows."""

    programme: str
    now: datetime
    drafts: dict[int, Draft] = field(default_factory=dict)
    rejected: list[Rejected] = field(default_factory=list)

    def next_index(self) -> int:
        return len(self.drafts) + len(self.rejected)

    def add(self, kind: Kind, row: _Row, data: dict[str, Any], places: dict[str, Place]) -> Draft:
        draft = Draft(
            {
                "specversion": "1.0",
                "id": uuid.uuid4().hex,
                "source": SOURCE,
                "type": kind.type,
                "subject": row.text("unit"),
                "time": self.now.isoformat(),
                "data": {"programme": row.text("programme") or self.programme, **data},
            },
            {"event": row.place(row.kind), "subject": row.place("unit"), **places},
        )
        self.drafts[self.next_index()] = draft
        return draft

    def refuse(self, row: _Row, name: str, code: Code, expected: str, got: Any) -> None:
        refusal = Refusal(code, name, expected, got, place=row.place(name))
        self.rejected.append(Rejected(self.next_index(), None, (refusal,)))


class _CellError(Exception):
    def __init__(self, name: str, expected: str, got: Any) -> None:
        super().__init__(name)
        self.name = name
        self.expected = expected
        self.got = got


class Drafting:
    """Makes events of a spreadsheet while it is read, slice by slice.

    `programme` is meant where a table has no such column; `now` is the time of receipt.
    """

    def __init__(self, programme: str, now: datetime) -> None:
        self._reading = _Reading(programme, now)
        self._sheet: str | None = None
        self._header: Header | None = None
        self._figures: dict[tuple[str, ...], Draft] = {}  # of the sheet, by what makes rows one record
        self._tables = 0

    def take(self, part: Slice) -> None:
        """Read some rows. Raises UnreadableError where a sheet isn't laid out as a table of ours."""
        if part.sheet != self._sheet:
            self._sheet, self._header, self._figures = part.sheet, None, {}
        for row in part.rows:
            if self._header is None:
                self._look_for_header(part.sheet, row)
            else:
                self._draft(_row(part.sheet, self._header, row))

    def end(self) -> tuple[dict[int, Draft], list[Rejected]]:
        """The events of all tables, by their place in the answer, and the rows that are wrong in themselves.

        Raises UnreadableError when no sheet holds a table.
        """
        if not self._tables:
            raise UnreadableError(f"expected a header row with one of the columns {', '.join(KEYS)}")
        return self._reading.drafts, self._reading.rejected

    def _look_for_header(self, sheet: str, row: Cells) -> None:
        if row.number > HEADER_ROWS:
            return
        try:
            self._header = header_in(sheet, row.number, row.cells)
        except LayoutError as error:
            raise UnreadableError(str(error)) from None
        self._tables += self._header is not None

    def _draft(self, row: _Row) -> None:
        if row.empty():
            return
        try:
            if row.kind == "indicator":
                _read_figure(self._reading, row, self._figures)
            elif row.kind == "activity":
                _read_activity(self._reading, row)
            elif _truth(row, "submitted"):
                data = {name: row.text(name) for name in ("report", "agency", "period")}
                self._reading.add(Kind.REPORT_SUBMITTED, row, data, _places(row, data))
        except _CellError as error:
            self._reading.refuse(row, error.name, Code.VALUE_INVALID, error.expected, error.got)


def _read_figure(reading: _Reading, row: _Row, figures: dict[tuple[str, ...], Draft]) -> None:
    """Rows of one indicator, unit, agency and period are one record: the whole, its parts, or its components."""
    key = tuple(row.text(name) for name in FIGURE)
    draft = figures.get(key)
    if draft is None:
        data = {name: row.text(name) for name in ("indicator", "agency", "period")}
        draft = figures[key] = reading.add(Kind.INDICATOR_REPORTED, row, data, _places(row, data))
    data = draft.event["data"]
    component = row.text("component")
    if component:
        data.setdefault("components", {})[component] = _truth(row, "value")
        draft.places[f"data.components.{component}"] = row.place("value")
        return
    figures_of_row = {name: _count(row, name) for name in ("numerator", "denominator") if row.text(name)}
    by = {name.removeprefix(BY): row.text(name) for name in row.cells if name.startswith(BY) and row.text(name)}
    if by:
        split = data.setdefault("breakdown", [])
        draft.places |= {
            f"data.breakdown.{len(split)}.{name}": row.place(name) for name in ("numerator", "denominator")
        }
        draft.places |= {f"data.breakdown.{len(split)}.by.{name}": row.place(BY + name) for name in by}
        draft.places[f"data.breakdown.{len(split)}"] = row.place("indicator")
        split.append({"by": by, **figures_of_row})
        return
    if data.keys() & {"numerator", "denominator"}:
        raise _CellError("indicator", "each record's whole in one row", data["indicator"])
    data.update(figures_of_row)
    draft.places |= {f"data.{name}": row.place(name) for name in ("numerator", "denominator")}


def _read_activity(reading: _Reading, row: _Row) -> None:
    record = row.text("record")
    if _truth(row, "withdraw"):
        withdrawn: dict[str, Any] = {"record": record, "revision": 0}
        reading.add(Kind.RECORD_RETRACTED, row, withdrawn, _places(row, withdrawn))
        return
    data: dict[str, Any] = {name: row.text(name) for name in ("activity", "record", "agency") if row.text(name)}
    data["held_on"] = _day(row, "held_on")
    if row.text("domain"):
        data["domain"] = row.text("domain")
    if row.text("female"):
        data["female"] = _count(row, "female")
    places = _places(row, data)
    for name in row.cells:
        if not row.text(name):
            continue
        if name.startswith(PARTICIPANTS):
            data.setdefault("participants", {})[name.removeprefix(PARTICIPANTS)] = _count(row, name)
            places[f"data.{name}"] = row.place(name)
        elif name.startswith(MONEY):
            money = data.setdefault("money", [])
            places[f"data.money.{len(money)}"] = row.place(name)
            money.append({"line": name.removeprefix(MONEY), "amount": _count(row, name)})
        elif name.startswith(BY):
            data.setdefault("by", {})[name.removeprefix(BY)] = row.text(name)
            places[f"data.{name}"] = row.place(name)
    reading.add(Kind.ACTIVITY_RECORDED, row, data, places)


def _row(sheet: str, header: Header, row: Cells) -> _Row:
    cells: Sequence[Any] = row.cells
    by_name = {name: cells[index] for name, index in header.columns.items() if index < len(cells)}
    return _Row(header.kind, sheet, row.number, by_name, header.columns)


def _places(row: _Row, data: Mapping[str, Any]) -> dict[str, Place]:
    return {f"data.{name}": row.place(name) for name in (*data, "programme")}


def _count(row: _Row, name: str) -> int:
    try:
        return whole_number(row.text(name).replace(" ", ""), most=MAX_COUNT)
    except ScalarError as error:
        raise _CellError(name, error.expected, row.cells.get(name)) from None


def _truth(row: _Row, name: str) -> bool:
    text = row.text(name).lower()
    if text in TRUE:
        return True
    if text in FALSE:
        return False
    raise _CellError(name, "Có or Không", row.cells.get(name))


def _day(row: _Row, name: str) -> str:
    """A day as 2023-03-09; people write 9/3/2023."""
    text = row.text(name)
    written = _VIETNAMESE_DAY.fullmatch(text)
    try:
        return day(f"{written[3]}-{written[2]:0>2}-{written[1]:0>2}" if written else text).isoformat()
    except ScalarError:
        expected = f"a day like 09/03/2023, of the years {FIRST_DAY.year} to {LAST_DAY.year}"
        raise _CellError(name, expected, row.cells.get(name)) from None
