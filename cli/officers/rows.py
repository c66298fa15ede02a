"""The rows of an officers' file, CSV or XLSX, as texts: read as `/v1/import` and `kip post` read a spreadsheet."""

from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path

from shared.sheets.columns import column_letters
from shared.sheets.faults import fault_of
from shared.sheets.header import LayoutError, column_name, is_for_people, place_of, refuse_twice
from shared.sheets.merges import merge_fault, merges_over, refuse_merged_header
from shared.sheets.notes import hidden_rows
from shared.sheets.rows import Cell, Row, Slice
from shared.spreadsheets.limits import SheetError
from shared.spreadsheets.own_file import read_csv, read_workbook
from shared.wording.words import joined

MOST_ROWS = 200_000
NOT_A_ROW = ""  # the only key of a row that has a cell outside the header's columns


class FileError(Exception):
    """The file as a whole can't be used."""


class OfficerRows:
    """The rows of one file. `notes` are complete when its rows were read."""

    def __init__(self, path: Path, needed: Sequence[str], allowed: Sequence[str]) -> None:
        self.notes: list[str] = []
        self._path = path
        self._needed = needed
        self._allowed = allowed

    def read(self) -> Iterator[tuple[int, dict[str, str]]]:
        """Read the number and the trimmed cells, by column, of every row that isn't blank. Raises FileError."""
        path = self._path
        parts = (
            _sheet(path) if path.suffix.lower() in {".xlsx", ".xlsm"} else (Slice("", [row]) for row in read_csv(path))
        )
        header: _Header | None = None
        numbers: list[int] = []
        hidden: list[int] = []
        try:
            for part in parts:
                for number, cells in part.rows:
                    if header is None:
                        header = _header(path, Row(number, cells), self._needed, self._allowed)
                        continue
                    if number > MOST_ROWS:
                        raise FileError(f"{path}:{number}: expected at most {MOST_ROWS} lines")
                    texts = header.texts(cells)
                    if texts:
                        numbers.append(number)
                        hidden += [number] if number in part.hidden.rows else []
                        yield number, _by_name(header.columns, texts)
                if header is not None:
                    _refuse_merged(part, header, numbers)
        except (LayoutError, SheetError, OSError) as error:
            raise FileError(f"{path}: {error}") from error
        if header is None:
            raise FileError(f"{path}:1: expected the columns {','.join(self._needed)}, got an empty file")
        if hidden:
            self.notes.append(hidden_rows(part.sheet, hidden).en)


def faults_in(cells: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """Find the columns whose cells hold no value (an error, a formula without one): name, cure, cell."""
    for name, text in cells.items():
        fault = fault_of(text)
        if fault is not None:
            yield name, fault.en, text


@dataclass(frozen=True, slots=True)
class _Header:
    """The row of the header, its columns by place (from 0), and those for people, which are not read."""

    row: int
    columns: Mapping[int, str]
    for_people: Set[int]

    def texts(self, cells: Sequence[Cell]) -> dict[int, str]:
        """Return what stands in a row, by place."""
        read = ((index, str(cell).strip()) for index, cell in enumerate(cells) if index not in self.for_people)
        return {index: text for index, text in read if text}


def _header(path: Path, header: Row, needed: Sequence[str], allowed: Sequence[str]) -> _Header:
    names = [column_name(cell) for cell in header.cells]
    refuse_twice(place_of("", header.number), names)
    for_people = {index for index, name in enumerate(names) if is_for_people(name)}
    columns = {index: name for index, name in enumerate(names) if name and index not in for_people}
    missing = [name for name in needed if name not in names]
    unknown = [name for name in columns.values() if name not in {*needed, *allowed}]
    if missing or unknown:
        expected = f"{','.join(needed)} and if need be {','.join(allowed)}"
        wrong = "; ".join(
            [f"{what} {', '.join(found)}" for what, found in (("missing:", missing), ("unknown:", unknown)) if found]
        )
        raise FileError(f"{path}:{header.number}: expected the columns {expected}; {wrong[:400]}")
    return _Header(header.number, columns, for_people)


def _refuse_merged(part: Slice, header: _Header, numbers: Sequence[int]) -> None:
    refuse_merged_header(part.sheet, part.merges, header.row, header.columns)
    for merge, _ in merges_over(part.merges, numbers, header.columns):
        raise LayoutError(joined([place_of(part.sheet, merge.first_row), merge_fault(merge)], ": "))


def _by_name(columns: Mapping[int, str], texts: Mapping[int, str]) -> dict[str, str]:
    outside = next((index for index in texts if index not in columns), None)
    if outside is not None:
        return {NOT_A_ROW: f"{texts[outside][:60]} in column {column_letters(outside)}"}
    return {name: texts.get(index, "") for index, name in columns.items()}


def _sheet(path: Path) -> Iterator[Slice]:
    """Read the first sheet. Another one with content is refused: nobody may take its officers for imported."""
    first: str | None = None
    for part in read_workbook(path):
        first = part.sheet if first is None else first
        if part.sheet == first:
            yield part
        elif part.rows:
            raise FileError(
                f"{path}: expected officers in the first sheet alone, {first!r}; {part.sheet!r} has rows too"
            )
