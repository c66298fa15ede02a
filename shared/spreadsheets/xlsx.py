"""Reads XLSX row by row, in memory for one row and the texts that cells share, whatever the file says of its size."""

import re
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import BinaryIO

from shared.sheets.rows import Cell, Hidden, Merge, Row, Slice
from shared.sheets.words import FileWords
from shared.spreadsheets.limits import LAST_ROW, MERGES, Limits, SheetError, too_many_rows
from shared.spreadsheets.package import Package, Workbook, as_text, local_name, no_xlsx
from shared.values.personal_data import named
from shared.values.scalars import shown
from shared.wording.words import Common, Words

_PLACE = re.compile(r"([A-Z]{1,3})([1-9][0-9]{0,6})")
_RANGE = re.compile(rf"{_PLACE.pattern}:{_PLACE.pattern}")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,4})?", re.ASCII)
_NUMBER_CHARS = 400
_TRUE = frozenset({"1", "true"})
_EXACT = 10**15  # up to here a float is the whole number that was written
_FIRST_DAY, _FIRST_DAY_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - a day, not an instant
_LEAP_DAY = 60  # Excel's 29 February 1900, which never was
_LAST_SERIAL = 2_958_466  # the day after 31 December 9999


def read_xlsx(file: BinaryIO, limits: Limits) -> Iterator[Slice]:
    """Read the rows of every sheet, hidden or not. Raises SheetError, and SheetTooLargeError for too many.

    A formula that has no stored value reads as itself (`=A1+B1`), an error as its name (`#N/A`): neither is a figure,
    and neither is an empty cell.
    """
    package = Package(file, limits)
    workbook = package.workbook()
    if not workbook.sheets:
        raise no_xlsx(FileWords.XLSX_SHEET)
    left = limits.rows
    merges_left = MERGES
    for name, part, hidden in workbook.sheets:
        yield Slice(name, (), Hidden(hidden))
        reading = _SheetReading(name, workbook, limits.columns, merges_left)
        for _ in package.parse(part, reading.start, reading.end, reading.text):
            rows, reading.rows = reading.rows, []
            left -= len(rows)
            if left < 0:
                raise too_many_rows(limits)
            if rows:
                unseen, reading.hidden_rows = reading.hidden_rows, []
                yield Slice(name, rows, Hidden(hidden, reading.hidden_columns, unseen))
        if reading.merges:
            merges_left -= len(reading.merges)
            yield Slice(name, (), Hidden(hidden, reading.hidden_columns), tuple(reading.merges))


class _SheetReading:
    """Puts a sheet's cells together to `rows` while its XML is parsed."""

    def __init__(self, name: str, workbook: Workbook, columns: int, merges: int) -> None:
        self.rows: list[Row] = []
        self.hidden_rows: list[int] = []  # of these
        self.hidden_columns: list[int] = []  # of the sheet, from 0; they are told before its rows
        self.merges: dict[Merge, None] = {}  # of the sheet, each once; they are told behind its rows
        self._most_merges = merges
        self._name = name
        self._workbook = workbook
        self._columns = columns
        self._number = 0  # of the row and the column that are being read, from 1
        self._column = 0
        self._hidden = False
        self._cells: list[Cell] = []
        self._attributes: Mapping[str, str] | None = None  # of the cell that is being read
        self._value: list[str] = []
        self._formula: list[str] | None = None
        self._into: list[str] | None = None
        self._reading_aid = False  # rPh: how the text beside it is pronounced

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Begin an element (the parser's callback)."""
        match local_name(name):
            case "row":
                self._begin_row(attributes.get("r"))
                self._hidden = attributes.get("hidden") in _TRUE
            case "c":
                self._begin_cell(attributes)
            case "v":
                self._into = self._value
            case "t" if not self._reading_aid:
                self._into = self._value
            case "f":
                self._formula = self._into = []
            case "rPh":
                self._reading_aid = True
            case "col" if attributes.get("hidden") in _TRUE:
                self._hide(attributes.get("min", ""), attributes.get("max", ""))
            case "mergeCell":
                self._merge(attributes.get("ref", ""))

    def text(self, piece: str) -> None:
        """Keep a piece of a text (the parser's callback)."""
        if self._into is not None and self._attributes is not None:
            self._into.append(piece)

    def end(self, name: str) -> None:
        """End an element (the parser's callback)."""
        match local_name(name):
            case "v" | "t" | "f":
                self._into = None
            case "rPh":
                self._reading_aid = False
            case "c" if self._attributes is not None:
                self._end_cell(self._attributes)
            case "row":
                self._end_row()

    def _begin_row(self, written: str | None) -> None:
        number = self._number + 1 if written is None else int(written) if _is_number(written) else 0
        if not self._number < number <= LAST_ROW:
            got = shown(written)
            words = FileWords.ROW_ORDER.value
            raise SheetError(words.filled(sheet=named(self._name), most=LAST_ROW, got=got, before=self._number))
        self._number = number
        self._column = 0
        self._cells = []

    def _begin_cell(self, attributes: Mapping[str, str]) -> None:
        written = attributes.get("r")
        column = self._column + 1
        if written is not None:
            place = _PLACE.fullmatch(written)
            column = 0 if place is None or int(place[2]) != self._number else _column_number(place[1])
        if column <= self._column:
            got = shown(written)
            raise SheetError(FileWords.CELL_ORDER.value.filled(sheet=named(self._name), row=self._number, got=got))
        self._column = column
        self._attributes = attributes
        self._value, self._formula, self._into = [], None, None

    def _end_cell(self, attributes: Mapping[str, str]) -> None:
        self._attributes = None
        value = self._read(attributes)
        if value == "":
            return
        if self._column > self._columns:
            raise SheetError(
                FileWords.XLSX_COLUMNS.value.filled(
                    most=self._columns, column=self._column, sheet=named(self._name), row=self._number
                )
            )
        self._cells += [""] * (self._column - 1 - len(self._cells))
        self._cells.append(value)

    def _end_row(self) -> None:
        if self._cells:
            self.rows.append(Row(self._number, self._cells))
            if self._hidden:
                self.hidden_rows.append(self._number)

    def _hide(self, first: str, last: str) -> None:
        if _is_number(first) and _is_number(last) and len(self.hidden_columns) < self._columns:
            self.hidden_columns += range(int(first) - 1, min(int(last), self._columns))

    def _merge(self, written: str) -> None:
        corners = _RANGE.fullmatch(written)
        if corners is None:
            raise self._no_merge(written)
        top, bottom = sorted((int(corners[2]), int(corners[4])))
        left, right = sorted((_column_number(corners[1]) - 1, _column_number(corners[3]) - 1))
        self.merges[Merge(top, left, bottom, right)] = None
        if len(self.merges) > self._most_merges:
            raise self._no_merge(written)

    def _no_merge(self, written: str) -> SheetError:
        return SheetError(FileWords.MERGES.value.filled(sheet=named(self._name), most=MERGES, got=repr(written[:40])))

    def _read(self, attributes: Mapping[str, str]) -> Cell:
        """Read the cell's value; "" for none."""
        kind = attributes.get("t", "n")
        if kind in {"str", "inlineStr", "e"}:
            return as_text(self._value)
        text = "".join(self._value).strip()
        if not text:
            return "" if self._formula is None else as_text(["=", *self._formula])
        match kind:
            case "s":
                return self._shared(text)
            case "b" if text in {"0", "1"}:
                return text == "1"
            case "d":
                return text.partition("T")[0][:40]
            case "n":
                return self._number_of(text, attributes.get("s", ""))
        raise self._no(FileWords.A_VALUE.value, text)

    def _shared(self, text: str) -> str:
        texts = self._workbook.texts
        if not _is_number(text) or int(text) >= len(texts):
            raise self._no(FileWords.A_SHARED_TEXT.value.filled(count=len(texts)), text)
        return texts[int(text)]

    def _number_of(self, text: str, style: str) -> Cell:
        if len(text) > _NUMBER_CHARS or not _NUMBER.fullmatch(text):
            raise self._no(Common.NUMBER.value, text)
        value = float(text)
        if not abs(value) < float("inf"):
            raise self._no(Common.NUMBER.value, text)
        styles = self._workbook.day_styles
        if _is_number(style) and int(style) < len(styles) and styles[int(style)]:
            return _day(value, since_1904=self._workbook.since_1904)
        if abs(value) >= _EXACT:
            return f"{value:.15G}"  # as it is shown: its last digits are not those that were typed
        return int(value) if value.is_integer() else value

    def _no(self, expected: Words, got: str) -> SheetError:
        return SheetError(
            FileWords.XLSX_VALUE.value.filled(
                sheet=named(self._name), row=self._number, column=self._column, expected=expected, got=shown(got)
            )
        )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 9


def _column_number(letters: str) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + ord(letter) - 64
    return number


def _day(serial: float, *, since_1904: bool) -> Cell:
    """Write a serial number as a day (2023-03-09) or, without a day, as a time (07:30:00); one that is neither stays a
    number.
    """
    if not 0 <= serial < _LAST_SERIAL - (1462 if since_1904 else 0):
        return serial
    if serial < 1 and not since_1904:
        seconds = round(serial * 86_400)
        return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}"
    days = timedelta(days=int(serial))
    if since_1904:
        return (_FIRST_DAY_1904 + days).date().isoformat()
    return (_FIRST_DAY + days + timedelta(days=int(serial < _LEAP_DAY))).date().isoformat()
