"""Reads a spreadsheet (CSV, XLSX) into parts that can be posted one by one.

A part is a CSV of whole records below the table's own header, so that it means the same alone as in its file. It
remembers where its rows stood: what the service says about row 3 of a part is told with the file's sheet and row.
"""

import csv
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from cli.event_lines import BATCH_BYTES, FileError
from shared.sheets import FIGURE, HEADER_ROWS, KEYS, Header, LayoutError, delimiter_of, header_in, neutral, text_of
from shared.spreadsheets.csv_text import NOT_UTF8, csv_rows
from shared.spreadsheets.limits import OWN_FILE, Row, SheetError
from shared.spreadsheets.own_file import read_workbook

XLSX, CSV = ".xlsx", ".csv"


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet that holds records. `rows` reads those below the header anew, `last` is each figure's last row."""

    sheet: str
    header: Header
    rows: Callable[[], Iterator[Row]]
    last: dict[int, int]
    count: int


@dataclass(frozen=True, slots=True)
class Part:
    """Some whole records of a table. `body` is a CSV; `rows` are its lines' numbers in the sheet, header first."""

    sheet: str
    rows: tuple[int, ...]
    body: bytes

    def __str__(self) -> str:
        return f"{self.sheet or 'CSV'}, rows {min(self.rows[1:])}-{max(self.rows[1:])}"


def is_sheet(path: Path) -> bool:
    """Whether the file is taken for a spreadsheet."""
    return path.suffix.lower() in {XLSX, CSV}


def read_tables(path: Path) -> list[Table]:
    """The file's tables, read once through. Raises FileError when it can't be read or holds none."""
    try:
        sheets = _workbook(path) if path.suffix.lower() == XLSX else [("", lambda: _csv_rows(path))]
        tables = [table for name, rows in sheets if (table := _table(name, rows)) is not None]
    except (LayoutError, SheetError) as error:
        raise FileError(f"{path}: {error}") from None
    if not tables:
        raise FileError(f"{path}: expected a header row with one of the columns {', '.join(KEYS)}")
    return tables


def parts(tables: Sequence[Table], most: int) -> Iterator[Part]:
    """The records of all tables, in parts of so many rows (more only where one record has more) and of BATCH_BYTES."""
    for table in tables:
        header = _line(_names(table.header))
        waiting: list[tuple[int, bytes]] = []
        for record in _records(table):
            lines = [(row.number, _line([neutral(_text(cell)) for cell in row.cells])) for row in record]
            size = sum(len(line) for _, line in (*waiting, *lines))
            if waiting and (len(waiting) + len(lines) > most or size + len(header) > BATCH_BYTES):
                yield _part(table, header, waiting)
                waiting = []
            waiting += lines
        if waiting:
            yield _part(table, header, waiting)


def _names(header: Header) -> list[str]:
    """The header row again, every column in its place; those for people are left empty."""
    by_place = {index: name for name, index in header.columns.items()}
    return [by_place.get(index, "") for index in range(max(by_place) + 1)]


def _part(table: Table, header: bytes, lines: Sequence[tuple[int, bytes]]) -> Part:
    numbers = (table.header.row + 1, *(number for number, _ in lines))
    return Part(table.sheet, numbers, header + b"".join(line for _, line in lines))


def _records(table: Table) -> Iterator[list[Row]]:
    """The rows that only together are a record. Holds no more than the records that are begun and not yet whole."""
    begun: dict[int, list[Row]] = {}
    for row in table.rows():
        key = _key(table.header, row)
        if key is None:
            yield [row]
            continue
        begun.setdefault(key, []).append(row)
        if table.last[key] == row.number:
            yield begun.pop(key)


def _key(header: Header, row: Row) -> int | None:
    """What the rows of one figure share (as a hash: two that meet in it only travel together); None for other rows."""
    if header.kind != "indicator":
        return None
    texts = {name: text_of(row.cells[at]) for name, at in header.columns.items() if at < len(row.cells)}
    return hash(tuple(texts.get(name, "") for name in FIGURE)) if texts.get("indicator") else None


def _table(name: str, rows: Callable[[], Iterator[Row]]) -> Table | None:
    header = _header(name, rows())
    if header is None:
        return None

    def below() -> Iterator[Row]:
        return (row for row in rows() if row.number > header.row + 1 and any(str(cell).strip() for cell in row.cells))

    last: dict[int, int] = {}
    count = 0
    for row in below():
        count += 1
        key = _key(header, row)
        if key is not None:
            last[key] = row.number
    return Table(name, header, below, last, count)


def _header(name: str, rows: Iterator[Row]) -> Header | None:
    for row in rows:
        if row.number > HEADER_ROWS:
            return None
        header = header_in(name, row.number, row.cells)
        if header is not None:
            return header
    return None


def _workbook(path: Path) -> list[tuple[str, Callable[[], Iterator[Row]]]]:
    sheets: dict[str, list[Row]] = {}
    for name, rows in read_workbook(path):
        sheets.setdefault(name, []).extend(rows)

    def reader(rows: Sequence[Row]) -> Callable[[], Iterator[Row]]:
        return lambda: iter(rows)

    return [(name, reader(rows)) for name, rows in sheets.items()]


def _text(cell: object) -> str:
    """A cell of a workbook as a CSV has it; texts stay as they are, label and slug."""
    return cell if isinstance(cell, str) else text_of(cell)


def _csv_rows(path: Path) -> Iterator[Row]:
    number = 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            delimiter = delimiter_of(file.readline())
            file.seek(0)
            for row in csv_rows(file, delimiter, OWN_FILE):
                number = row.number
                yield row
    except UnicodeDecodeError:
        raise FileError(f"{path}: {NOT_UTF8} below row {number}") from None


def _line(cells: Sequence[str]) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written).writerow(cells)
    return written.getvalue().encode()
