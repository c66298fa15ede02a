"""Reads DHIS2's CSV of data values into rows, as its own exports and imports have it."""

import csv
import io
from collections.abc import Sequence

from services.intake.formats.dhis2_rows import VALUES, DataValue, DataValueSet, bound, checked_name
from services.intake.formats.json_text import UnreadableError
from services.intake.refusals.request_words import BodyWords
from shared.sheets.header import LayoutError, refuse_twice
from shared.spreadsheets.csv_text import csv_fault
from shared.values.scalars import shown

# The columns of a CSV without a header line, in their order.
COLUMNS = (
    "dataelement", "period", "orgunit", "categoryoptioncombo", "attributeoptioncombo", "value", "storedby",
    "lastupdated", "comment", "followup", "deleted",
)  # fmt: skip
_REQUIRED = ("dataelement", "period", "orgunit", "value")
_NAMES = frozenset(
    {"dataelement", "period", "orgunit", "categoryoptioncombo", "attributeoptioncombo"}
)  # what a record is named by
_KNOWN = frozenset({*COLUMNS, "timestamp"})
_OTHER_SEPARATORS = {";": BodyWords.SEMICOLONS, "\t": BodyWords.TABS}


def read_csv(body: bytes, *, header: bool) -> DataValueSet:
    """Read a CSV of data values. Raises UnreadableError that names the line, TooManyError for more than VALUES."""
    lines = _lines_of(body)
    columns = [_column(name) for name in lines.pop(0)] if header and lines else list(COLUMNS)
    try:
        refuse_twice(BodyWords.FIRST_LINE.value, columns)
    except LayoutError as error:
        raise UnreadableError(error.words) from None
    if len(columns) == 1 or (lines and not header and len(lines[0]) == 1):
        _refuse_separator(body)
    _check_columns(columns)
    values: list[DataValue] = []
    for number, cells in enumerate(lines, 2 if header else 1):
        if any(cells):
            bound(len(values) + 1, VALUES, BodyWords.MOST_VALUES)
            values.append(_value_of(cells, columns, number, len(values)))
    return DataValueSet(values, None, None)


def _lines_of(body: bytes) -> list[list[str]]:
    lines: list[list[str]] = []
    try:
        text = io.StringIO(body.decode("utf-8-sig"), newline="")
    except UnicodeDecodeError as error:
        raise UnreadableError(BodyWords.CSV_UTF8.value.filled(byte=error.start)) from None
    reader = csv.reader(text, strict=True, skipinitialspace=True)
    try:
        for line in reader:  # not list(reader): in a thread, others have their turn between two lines
            bound(len(lines), VALUES, BodyWords.MOST_LINES)
            lines.append(line)
    except csv.Error as error:
        raise UnreadableError(csv_fault(error, reader.line_num)) from None
    return lines


def _column(name: str) -> str:
    """Return a column's name without case and underscores; DHIS2's own exports shorten two of them."""
    plain = name.strip().lower().replace("_", "")
    return {"catoptcombo": "categoryoptioncombo", "attroptcombo": "attributeoptioncombo"}.get(plain, plain)


def _refuse_separator(body: bytes) -> None:
    """Refuse another sign than a comma between the cells, by its name. Raises UnreadableError.

    Spreadsheet programs write what the system's language has for it.
    """
    first = body.partition(b"\n")[0].decode("utf-8", "replace")
    for sign, name in _OTHER_SEPARATORS.items():
        if sign in first:
            raise UnreadableError(BodyWords.COMMAS.value.filled(got=name.value))


def _check_columns(columns: Sequence[str]) -> None:
    """Refuse a column that is unknown, and a header that lacks one. Raises UnreadableError."""
    unknown = next((name for name in columns if name not in _KNOWN), None)
    if unknown is not None:
        raise UnreadableError(BodyWords.COLUMNS.value.filled(names=", ".join(COLUMNS), got=shown(unknown)))
    missing = next((name for name in _REQUIRED if name not in columns), None)
    if missing is not None:
        raise UnreadableError(BodyWords.COLUMN.value.filled(name=missing))


def _value_of(cells: Sequence[str], columns: Sequence[str], number: int, index: int) -> DataValue:
    """Read the cells of line `number` as the value of this index. A line may be shorter than the header."""
    if len(cells) > len(columns):
        raise UnreadableError(BodyWords.CELLS.value.filled(line=number, most=len(columns), got=len(cells)))
    row = dict(zip(columns, (cell.strip() for cell in cells), strict=False))
    for name in _NAMES & row.keys():
        checked_name(row[name], name, number)
    return DataValue(
        index=index,
        element=row["dataelement"],
        period=row.get("period", ""),
        unit=row.get("orgunit", ""),
        combination=row.get("categoryoptioncombo", ""),
        attribute=row.get("attributeoptioncombo", ""),
        value=row.get("value", ""),
        deleted=row.get("deleted", ""),
    )
