"""The rows of an officers' file, CSV or XLSX, as texts."""

import csv
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from shared.sheets import as_meant
from shared.spreadsheets.limits import SheetError
from shared.spreadsheets.own_file import read_workbook

MOST_ROWS = 200_000
NOT_A_ROW = ""  # the only key of a row that has another number of cells than the header


class FileError(Exception):
    """The file as a whole can't be used."""


def read_rows(path: Path, needed: Sequence[str], allowed: Sequence[str]) -> Iterator[tuple[int, dict[str, str]]]:
    """Line number and cells by column, trimmed, of every row that isn't blank. Raises FileError."""
    lines = _sheet(path) if path.suffix.lower() in {".xlsx", ".xlsm"} else _csv(path)
    header: list[str] | None = None
    for number, cells in lines:
        if header is None:
            header = cells
            wrong = [name for name in needed if name not in header]
            wrong += [name for name in header if name not in {*needed, *allowed}]
            if wrong or len(set(header)) < len(header):
                expected = f"{','.join(needed)} and if need be {','.join(allowed)}"
                raise FileError(f"{path}:{number}: expected the columns {expected}, got {','.join(header)!r}")
            continue
        if number > MOST_ROWS:
            raise FileError(f"{path}:{number}: expected at most {MOST_ROWS} lines")
        if not any(cells):
            continue
        extra = [cell for cell in cells[len(header) :] if cell]
        if extra or len(cells) < len(header):
            yield number, {NOT_A_ROW: f"{len(cells)} cells"}
            continue
        yield number, dict(zip(header, cells, strict=False))
    if header is None:
        raise FileError(f"{path}:1: expected the columns {','.join(needed)}, got an empty file")


def _csv(path: Path) -> Iterator[tuple[int, list[str]]]:
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.reader(file)
            for row in rows:
                yield rows.line_num, [as_meant(cell.strip()) for cell in row]
    except UnicodeDecodeError as error:
        raise FileError(f"{path}: expected UTF-8 text, got byte {error.object[error.start]:#x}") from error
    except csv.Error as error:
        raise FileError(f"{path}: {error}") from error


def _sheet(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The first sheet. Blank cells at the end of a row are no cells."""
    width = 0
    first: str | None = None
    try:
        for name, rows in read_workbook(path):
            first = name if first is None else first
            if name != first:
                return
            for number, row in rows:
                cells = _trimmed(_text(value) for value in row)
                width = width or len(cells)
                yield number, cells + [""] * (width - len(cells))
    except (SheetError, OSError) as error:
        raise FileError(f"{path}: {error}") from error


def _trimmed(cells: Iterable[str]) -> list[str]:
    kept = list(cells)
    while kept and not kept[-1]:
        kept.pop()
    return kept


def _text(value: object) -> str:
    """A cell as text: a code that a spreadsheet took for a number keeps its digits, not its leading zeros."""
    return str(value).strip()
