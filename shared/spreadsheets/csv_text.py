"""Reads CSV row by row."""

import csv
import io
from collections.abc import Iterable, Iterator

from shared.sheets.columns import as_meant
from shared.sheets.header import delimiter_of
from shared.sheets.rows import Row
from shared.sheets.words import FileWords
from shared.spreadsheets.limits import CELL_CHARS, Limits, SheetError, too_many_rows
from shared.values.composed_text import composed
from shared.wording.words import Words


def csv_rows(lines: Iterable[str], delimiter: str, limits: Limits) -> Iterator[Row]:
    """Read each row with content. Raises SheetError that names the line, SheetTooLargeError for too many rows."""
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    left = limits.rows
    try:
        for number, cells in enumerate(reader, 1):
            if not any(cells):
                continue
            left -= 1
            if left < 0:
                raise too_many_rows(limits)
            if len(cells) > limits.columns and any(cells[limits.columns :]):
                words = FileWords.CSV_COLUMNS.value
                raise SheetError(words.filled(line=reader.line_num, most=limits.columns, got=len(cells)))
            text = "\0".join(cells)
            if text.count("\0") >= len(cells):
                raise SheetError(FileWords.CSV_NUL.value.filled(line=reader.line_num))
            if not text.isascii():
                cells = [composed(cell) for cell in cells]  # noqa: PLW2901 - the same, composed
            # An apostrophe stands before what a spreadsheet would run, where we wrote the file.
            yield Row(number, [as_meant(cell) for cell in cells] if "'" in text else cells)
    except csv.Error as error:
        raise SheetError(csv_fault(error, reader.line_num)) from None


def csv_fault(error: csv.Error, line: int) -> Words:
    """Say what is wrong with a CSV, by what the csv module found at a line: its own words are for programmers."""
    found = str(error)
    if "end of data" in found:
        return FileWords.CSV_END.value.filled(line=line)
    if "field limit" in found:
        return FileWords.CSV_CELL.value.filled(line=line, most=CELL_CHARS)
    return FileWords.CSV_QUOTES.value.filled(line=line)


def rows_of_text(text: str, limits: Limits) -> Iterator[Row]:
    """Read the rows of a CSV with commas, semicolons or tabs."""
    return csv_rows(io.StringIO(text, newline=""), delimiter_of(io.StringIO(text)), limits)
