"""Reads XLSX and CSV into cells, in bounded memory whatever the file claims about itself."""

import csv
import io
import re
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from python_calamine import CalamineError, CalamineWorkbook

from services.intake.formats.json_text import UnreadableError
from shared.sheets import delimiter_of

INFLATED_BYTES = 64 * 1024 * 1024
PARTS = 500
ROWS, COLUMNS = 20_000, 300
CELL_TEXT_BYTES = 256 * 1024 * 1024  # cells times the longest shared text, which each of them may repeat
_CHUNK = 1024 * 1024
_REFERENCE = re.compile(rb'<c\b[^>]*?\br="([A-Z]{1,4})(\d{1,9})"')
_NOT_XLSX = "expected an XLSX file (Excel 2007 or later)"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet's name ("" for CSV) and its rows of cells, from the first line on."""

    name: str
    rows: list[list[Any]]


def read_xlsx(body: bytes) -> list[Sheet]:
    """Read every sheet. Raises UnreadableError for what is no XLSX, or one that is larger inside than is bearable."""
    safe = _repacked(body)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(safe))
        return [
            Sheet(name, workbook.get_sheet_by_name(name).to_python(skip_empty_area=False))
            for name in workbook.sheet_names
        ]
    except (CalamineError, OSError, ValueError) as error:
        raise UnreadableError(f"{_NOT_XLSX}: {str(error)[:120]}") from None


def read_csv(body: bytes) -> list[Sheet]:
    """Read a CSV in UTF-8 with commas, semicolons or tabs. Raises UnreadableError that names the line."""
    try:
        text = body.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UnreadableError(f"expected CSV in UTF-8 (in Excel: «CSV UTF-8»), byte {error.start} is none") from None
    delimiter = delimiter_of(text.partition("\n")[0])
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    rows: list[list[Any]] = []
    try:
        for row in reader:
            if "\0" in "".join(row):
                raise UnreadableError(f"line {reader.line_num}: expected a text, got a NUL")
            if len(rows) >= ROWS or len(row) > COLUMNS:
                raise UnreadableError(f"line {reader.line_num}: expected {ROWS} rows and {COLUMNS} columns at most")
            rows.append(row)
    except csv.Error as error:
        raise UnreadableError(f"line {reader.line_num}: {error}") from None
    return [Sheet("", rows)]


def _repacked(body: bytes) -> bytes:
    """The same archive, stored instead of deflated: nothing that reads it can inflate more than was inflated here."""
    made = io.BytesIO()
    left = INFLATED_BYTES
    texts = 0
    cells = 0
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as given, zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as plain:
            if len(given.infolist()) > PARTS:
                raise UnreadableError(f"{_NOT_XLSX}: more than {PARTS} parts")
            for part in given.infolist():
                if not part.filename.endswith((".xml", ".rels")):
                    continue  # pictures, macros
                content = b"".join(_inflated(given, part, left))
                left -= len(content)
                if part.filename.lower().endswith("sharedstrings.xml"):
                    texts = max((len(text) for text in content.split(b"</si>")), default=0)
                if "worksheets/" in part.filename:
                    cells += _checked_cells(content)
                plain.writestr(part.filename, content)
    except (zipfile.BadZipFile, zlib.error, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise UnreadableError(f"{_NOT_XLSX}: {str(error)[:120]}") from None
    if cells * texts > CELL_TEXT_BYTES:
        raise UnreadableError(f"{_NOT_XLSX} whose cells hold {CELL_TEXT_BYTES} bytes at most")
    return made.getvalue()


def _inflated(archive: zipfile.ZipFile, part: zipfile.ZipInfo, left: int) -> Iterator[bytes]:
    with archive.open(part) as stream:
        while chunk := stream.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                raise UnreadableError(f"{_NOT_XLSX} of {INFLATED_BYTES} bytes at most when inflated")
            yield chunk


def _checked_cells(sheet: bytes) -> int:
    """How many cells a sheet has. One cell far away would make a reader build everything in between."""
    for letters, row in _REFERENCE.findall(sheet):
        column = 0
        for letter in letters:
            column = column * 26 + letter - 64
        if column > COLUMNS or int(row) > ROWS:
            raise UnreadableError(
                f"expected {ROWS} rows and {COLUMNS} columns at most, got cell {letters.decode()}{int(row)}"
            )
    return sheet.count(b"<c ") + sheet.count(b"<c>")
