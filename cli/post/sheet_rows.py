"""Reads a spreadsheet (CSV, XLSX) into parts that can be posted one by one.

A part is a CSV of whole records below the table's own header, so that it means the same alone as in its file. It
remembers where its rows stood: what the service says about row 3 of a part is told with the file's sheet and row.
"""

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cli.post.event_lines import BATCH_BYTES, FileError
from shared.sheets.columns import NOTE, cell_text, is_blank, neutral, record_key
from shared.sheets.header import HEADER_ROWS, Header, HeaderSearch, LayoutError, no_table
from shared.sheets.merges import merge_fault, merges_over, refuse_merged_header
from shared.sheets.notes import Notes
from shared.sheets.rows import Cell, Hidden, Merge, Row, Slice
from shared.sheets.words import RowWords
from shared.spreadsheets.limits import SheetError
from shared.spreadsheets.own_file import read_csv, read_workbook

XLSX, CSV = ".xlsx", ".csv"
_NAMED = 10  # of a file's repeated records


@dataclass(frozen=True, slots=True)
class Table:
    """A sheet that holds records. `rows` reads those below the header anew, `last` is each figure's last row.

    `told` is how many of its rows hold something, `merged` says where their cells are merged.
    """

    sheet: str
    header: Header
    rows: Callable[[], Iterator[Row]]
    last: dict[int, int]
    count: int
    told: int
    merged: list[str]


@dataclass(frozen=True, slots=True)
class Part:
    """Some whole records of a table. `body` is a CSV; `rows` are its lines' numbers in the sheet, header first."""

    sheet: str
    rows: tuple[int, ...]
    body: bytes

    def __str__(self) -> str:
        return f"{self.sheet or 'CSV'}, rows {min(self.rows[1:])}-{max(self.rows[1:])}"


@dataclass(slots=True)
class _Sheet:
    """A sheet as it was read, or can be read again, and what of it people don't see."""

    name: str
    rows: Callable[[], Iterator[Row]]
    hidden: Hidden = field(default_factory=Hidden)
    merges: Sequence[Merge] = ()


def is_sheet(path: Path) -> bool:
    """Tell whether the file is taken for a spreadsheet."""
    return path.suffix.lower() in {XLSX, CSV}


def read_tables(path: Path) -> tuple[list[Table], list[str]]:
    """Find the file's tables, reading it once through, and notes on it.

    Raises FileError when it can't be read, holds none, or has a record in rows that don't travel together.
    """
    notes, repeated = Notes(), _Repeated()
    try:
        sheets = _workbook(path) if path.suffix.lower() == XLSX else [_Sheet("", lambda: read_csv(path))]
        tables = [table for sheet in sheets if (table := _table(sheet, notes, repeated)) is not None]
        if not tables:
            raise no_table()
    except (LayoutError, SheetError) as error:
        raise FileError(f"{path}: {error}") from None
    if merged := [told for table in tables for told in table.merged]:
        raise FileError(f"{path}: {'; '.join(merged[:_NAMED])}")
    if repeated.told:
        raise FileError(f"{path}: one record comes more than once: {'; '.join(repeated.told[:_NAMED])}; remove one")
    if not any(table.told for table in tables):
        notes.nothing_to_post()
    return tables, [note.en for note in notes.words()]


def parts(tables: Sequence[Table], most: int) -> Iterator[Part]:
    """Cut the records of all tables into parts of so many rows (more only where one record has more) and of
    BATCH_BYTES.
    """
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


class _Repeated:
    """Finds records whose rows the service would see in different parts, each of them taken for the whole."""

    def __init__(self) -> None:
        self.told: list[str] = []
        self._first: dict[int, tuple[str, int]] = {}

    def take(self, sheet: str, header: Header, number: int, key: int) -> None:
        """Note a row of a record. Those of a figure travel together as far as they are in one sheet."""
        before = self._first.setdefault(key, (sheet, number))
        if before[1] != number and (header.kind != "indicator" or before[0] != sheet):
            both = RowWords.OF_TWO_SHEETS.value.filled(
                first_sheet=before[0] or "CSV", first=before[1], second_sheet=sheet or "CSV", second=number
            )
            self.told.append(both.en)


def _names(header: Header) -> list[str]:
    """Write the header row again, every column in its place; those for people have no name of their own."""
    by_place = {index: name for name, index in header.columns.items()} | dict.fromkeys(header.for_people, NOTE)
    return [by_place.get(index, "") for index in range(max(by_place) + 1)]


def _part(table: Table, header: bytes, lines: Sequence[tuple[int, bytes]]) -> Part:
    numbers = (table.header.row + 1, *(number for number, _ in lines))
    return Part(table.sheet, numbers, header + b"".join(line for _, line in lines))


def _records(table: Table) -> Iterator[list[Row]]:
    """Group the rows that only together are a record. Holds no more than the records that are begun and not yet
    whole.
    """
    begun: dict[int, list[Row]] = {}
    for row in table.rows():
        key = _key(table.header.kind, _texts(table.header, row))
        if key is None or table.header.kind != "indicator":
            yield [row]
            continue
        begun.setdefault(key, []).append(row)
        if table.last[key] == row.number:
            yield begun.pop(key)


def _texts(header: Header, row: Row) -> dict[str, str]:
    return {name: cell_text(name, row.cells[at]) for name, at in header.columns.items() if at < len(row.cells)}


def _key(kind: str, texts: Mapping[str, str]) -> int | None:
    """Hash what the rows of one record share; None for a row that names none."""
    key = record_key(kind, texts)
    return None if key is None else hash(key)


def _table(sheet: _Sheet, notes: Notes, repeated: _Repeated) -> Table | None:
    header = _header(sheet, notes)
    if header is None:
        return None
    columns = header.columns.values()
    refuse_merged_header(sheet.name, sheet.merges, header.row + 1, columns)

    def below() -> Iterator[Row]:
        return (row for row in sheet.rows() if row.number > header.row + 1 and any(str(c).strip() for c in row.cells))

    last: dict[int, int] = {}
    count = 0
    told: list[int] = []  # rows that hold something
    for row in below():
        count += 1
        texts = _texts(header, row)
        blank = is_blank(header.kind, texts)
        if not blank:
            told.append(row.number)
            notes.read(Slice(sheet.name, (), sheet.hidden), header, row.number, row.cells)
        key = _key(header.kind, texts)
        if key is not None:
            last[key] = row.number
            if not blank:
                repeated.take(sheet.name, header, row.number, key)
    merged = [f"{sheet.name}: {merge_fault(merge).en}" for merge, _ in merges_over(sheet.merges, told, columns)]
    return Table(sheet.name, header, below, last, count, len(told), merged)


def _header(sheet: _Sheet, notes: Notes) -> Header | None:
    search = HeaderSearch(sheet.name)
    content = False
    for row in sheet.rows():
        content = True
        header = search.take(row.number, row.cells)
        if header is not None:
            return header
        if row.number > HEADER_ROWS:
            break
    search.end()
    if content:
        notes.without_table(sheet.name)
    return None


def _workbook(path: Path) -> list[_Sheet]:
    rows: dict[str, list[Row]] = {}
    hidden: dict[str, Hidden] = {}
    unseen: dict[str, set[int]] = {}
    merges: dict[str, Sequence[Merge]] = {}
    for part in read_workbook(path):
        rows.setdefault(part.sheet, []).extend(part.rows)
        unseen.setdefault(part.sheet, set()).update(part.hidden.rows)
        hidden[part.sheet] = part.hidden
        merges[part.sheet] = part.merges

    def reader(rows: Sequence[Row]) -> Callable[[], Iterator[Row]]:
        return lambda: iter(rows)

    return [_Sheet(name, reader(rows[name]), hidden[name]._replace(rows=unseen[name]), merges[name]) for name in rows]


def _text(cell: Cell) -> str:
    """Write a cell of a workbook as a CSV has it; texts stay as they are, label and slug."""
    return cell if isinstance(cell, str) else str(cell)


def _line(cells: Sequence[str]) -> bytes:
    written = io.StringIO(newline="")
    csv.writer(written).writerow(cells)
    return written.getvalue().encode()
