"""Reads CSV row by row."""

import csv
import io
import unicodedata
from collections.abc import Iterable, Iterator

from shared.sheet_header import delimiter_of
from shared.sheets import as_meant
from shared.spreadsheets.limits import Limits, Row, SheetError, too_many_rows

NOT_UTF8 = "expected CSV in UTF-8 (in Excel: «CSV UTF-8»)"


def csv_rows(lines: Iterable[str], delimiter: str, limits: Limits) -> Iterator[Row]:
    """Each row with content. Raises SheetError that names the line, SheetTooLargeError for too many rows."""
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
                raise SheetError(f"line {reader.line_num}: expected {limits.columns} columns at most, got {len(cells)}")
            text = "\0".join(cells)
            if text.count("\0") >= len(cells):
                raise SheetError(f"line {reader.line_num}: expected a text, got a NUL; save the file as CSV UTF-8")
            if not unicodedata.is_normalized("NFC", text):
                cells = [unicodedata.normalize("NFC", cell) for cell in cells]  # noqa: PLW2901 - the same, composed
            # An apostrophe stands before what a spreadsheet would run, where we wrote the file.
            yield Row(number, [as_meant(cell) for cell in cells] if "'" in text else cells)
    except csv.Error as error:
        raise SheetError(f"line {reader.line_num}: {error}") from None


def rows_of_text(text: str, limits: Limits) -> Iterator[Row]:
    """The rows of a CSV with commas, semicolons or tabs."""
    return csv_rows(io.StringIO(text, newline=""), delimiter_of(io.StringIO(text)), limits)
