"""The rows of an officers' file, CSV or XLSX, as texts: read as `/v1/import` and `kip post` read a spreadsheet."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from shared.sheet_faults import fault_of
from shared.sheet_header import LayoutError, column_name, place_of, refuse_twice
from shared.sheets import column_letters
from shared.spreadsheets.limits import Cell, Row, SheetError
from shared.spreadsheets.own_file import read_csv, read_workbook

MOST_ROWS = 200_000
NOT_A_ROW = ""  # the only key of a row that has a cell outside the header's columns


class FileError(Exception):
    """The file as a whole can't be used."""


def read_rows(path: Path, needed: Sequence[str], allowed: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Row number and cells by column, trimmed, of every row that isn't blank. Raises FileError."""
    rows = _sheet(path) if path.suffix.lower() in {".xlsx", ".xlsm"} else read_csv(path)
    columns: dict[int, str] | None = None
    try:
        for number, cells in rows:
            if columns is None:
                columns = _columns(path, Row(number, cells), needed, allowed)
                continue
            if number > MOST_ROWS:
                raise FileError(f"{path}:{number}: expected at most {MOST_ROWS} lines")
            texts = {index: text for index, cell in enumerate(cells) if (text := str(cell).strip())}
            if texts:
                yield number, _by_name(columns, texts)
    except LayoutError as error:
        raise FileError(f"{path}: {error}") from error
    except (SheetError, OSError) as error:
        raise FileError(f"{path}: {error}") from error
    if columns is None:
        raise FileError(f"{path}:1: expected the columns {','.join(needed)}, got an empty file")


def fault_in(cells: Mapping[str, str]) -> tuple[str, str, str] | None:
    """The first column whose cell holds no value (an error, a formula without one): its name, the cure, the cell."""
    for name, text in cells.items():
        fault = fault_of(text)
        if fault is not None:
            return name, fault.en, text
    return None


def _columns(path: Path, header: Row, needed: Sequence[str], allowed: Sequence[str]) -> dict[int, str]:
    names = [column_name(cell) for cell in header.cells]
    refuse_twice(place_of("", header.number), names)
    columns = {index: name for index, name in enumerate(names) if name}
    missing = [name for name in needed if name not in names]
    unknown = [name for name in columns.values() if name not in {*needed, *allowed}]
    if missing or unknown:
        expected = f"{','.join(needed)} and if need be {','.join(allowed)}"
        wrong = "; ".join(
            [f"{what} {', '.join(found)}" for what, found in (("missing:", missing), ("unknown:", unknown)) if found]
        )
        raise FileError(f"{path}:{header.number}: expected the columns {expected}; {wrong[:400]}")
    return columns


def _by_name(columns: Mapping[int, str], texts: Mapping[int, str]) -> dict[str, str]:
    outside = next((index for index in texts if index not in columns), None)
    if outside is not None:
        return {NOT_A_ROW: f"{texts[outside][:60]} in column {column_letters(outside)}"}
    return {name: texts.get(index, "") for index, name in columns.items()}


def _sheet(path: Path) -> Iterator[tuple[int, Sequence[Cell]]]:
    """The first sheet. Another one with content is refused: nobody may take its officers for imported."""
    first: str | None = None
    for name, rows, *_ in read_workbook(path):
        first = name if first is None else first
        if name != first and rows:
            raise FileError(f"{path}: expected officers in the first sheet alone, {first!r}; {name!r} has rows too")
        yield from rows
