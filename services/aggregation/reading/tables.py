"""Writes an answer's rows as JSON, CSV (UTF-8 with BOM, so that Excel reads Vietnamese) or XLSX."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import TypeAlias, cast
from urllib.parse import quote

from starlette.responses import JSONResponse, Response

from shared.http.read_api import none_of
from shared.sheets.columns import neutral
from shared.wording.suppressed_words import suppressed_text

Row: TypeAlias = Mapping[str, object]
Answer: TypeAlias = Mapping[str, object]  # a list has `rows` and `next`
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
TYPES = {"json": "application/json", "csv": "text/csv", "xlsx": XLSX}
_AS_THEY_ARE = " /:@~=+"  # of X-Next, beside letters and digits


def format_asked(query: Mapping[str, str], accept: str) -> str:
    """Choose `json`, `csv` or `xlsx`: by `format=`, else by Accept."""
    asked = query.get("format")
    if asked is not None:
        if asked not in TYPES:
            raise none_of("format", TYPES, asked)
        return asked
    wanted = [item.partition(";")[0].strip() for item in accept.split(",")]
    return next((name for item in wanted for name, mime in TYPES.items() if mime == item), "json")


def answer(body: Answer, form: str, headers: Mapping[str, str]) -> Response:
    """Make the response. The header `X-Next` names a table's next page, percent-encoded: names have any letters."""
    if form == "json":
        return JSONResponse(body, headers=headers)
    rows = [_readable(row) for row in cast("Sequence[Row]", body["rows"])]
    more = {**headers, "Content-Disposition": f'attachment; filename="kip.{form}"'}
    if body.get("next"):
        more["X-Next"] = quote(str(body["next"]), safe=_AS_THEY_ARE)
    content = _csv(rows) if form == "csv" else _xlsx(rows)
    return Response(content, media_type="text/csv; charset=utf-8" if form == "csv" else XLSX, headers=more)


def _readable(row: Row) -> Row:
    """Say in words what a number is that isn't shown: an empty cell would be one that nobody has reported."""
    mark = row.get("suppressed")
    if not isinstance(mark, str):
        return row
    words = suppressed_text(mark)
    return {**row, **{name: words for name in ("value", "numerator") if name in row}}


def _columns(rows: Sequence[Row]) -> list[str]:
    return list(dict.fromkeys(name for row in rows for name in row))


def _cell(value: object) -> str | int | float | bool | None:
    if isinstance(value, Mapping):
        return ",".join(f"{name}:{'' if item is None else item}" for name, item in value.items())
    if isinstance(value, list):
        return " ".join(map(str, value))
    if isinstance(value, str | int | float | bool) or value is None:
        return value
    return str(value)


def _csv(rows: Sequence[Row]) -> bytes:
    columns = _columns(rows)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_harmless(_cell(row.get(name))) for name in columns])
    return b"\xef\xbb\xbf" + text.getvalue().encode()


def _harmless(value: str | int | float | bool | None) -> str | int | float | bool | None:
    """Make a text one that no spreadsheet runs as a formula; numbers stay numbers."""
    return neutral(value) if isinstance(value, str) else value


def _xlsx(rows: Sequence[Row]) -> bytes:
    import xlsxwriter  # noqa: PLC0415 - no start of the service waits for it: few ask for a sheet

    columns = _columns(rows)
    content = io.BytesIO()
    options = {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(content, options) as book:
        sheet = book.add_worksheet("Kịp")
        sheet.write_row(0, 0, columns, book.add_format({"bold": True}))
        sheet.freeze_panes(1, 0)
        as_text = book.add_format({"quote_prefix": True})  # stays a text when somebody edits the cell
        for number, row in enumerate(rows, 1):
            for place, name in enumerate(columns):
                cell = _cell(row.get(name))
                sheet.write(number, place, cell, as_text if cell != _harmless(cell) else None)
        sheet.autofit()
    return content.getvalue()
