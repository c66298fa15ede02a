"""The layout of report sheets: what a template is written with and an upload is read by.

A table's header row holds the technical names below; what stands above it (titles, labels) is for people. A column
whose name begins with `#` is ignored. A cell may hold `label [slug]`, as the drop-down lists do: the slug counts.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

SLUG_IN_BRACKETS = re.compile(r"\[([^\[\]]+)\]\s*$")
NOTE = "#"  # begins the name of a column for people
BY = "by."
PARTICIPANTS = "participants."
MONEY = "money."
KEYS = ("indicator", "activity", "report")  # the column that says what a table's rows are
HEADER_ROWS = 20  # the header is looked for in the first ones
# What a spreadsheet runs as a formula: one of these in the first place of a cell, spaces or quotes before it or not
# (some programs fold the full-width forms). A cell begins where the text does and, in a CSV that is opened with another
# separator than it was written with, behind whatever may be one.
_RUNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_BEGINS = r"(?:^|(?<=[,;|\t\r\n\"]))(?P<spaces>[ \u00a0]*)"
_RISKY = re.compile(rf"{_BEGINS}(?=\'*[{_RUNS}])|^(?=\'*[\t\r])")
_NEUTRAL = re.compile(rf"{_BEGINS}\'(?=\'*[{_RUNS}])|^\'(?=\'*[\t\r])")
_COMMON = frozenset({"programme", "unit", "agency", "period"})
COLUMNS = {
    "indicator": _COMMON | {"indicator", "component", "numerator", "denominator", "value"},
    "activity": _COMMON | {"activity", "record", "held_on", "domain", "female", "withdraw"},
    "report": _COMMON | {"report", "submitted"},
}
PREFIXES: dict[str, tuple[str, ...]] = {"indicator": (BY,), "activity": (BY, PARTICIPANTS, MONEY), "report": ()}
# Rows of an indicator with the same texts in these columns are one record: the whole, its parts, its components.
FIGURE = ("unit", "agency", "indicator", "period", "programme")

# Technical name: the Vietnamese label above it in a template.
LABELS = {
    "indicator": "Mã chỉ tiêu",
    "#indicator": "Chỉ tiêu",
    "component": "Mã thành phần",
    "#part": "Chi tiết",
    "numerator": "Tử số",
    "denominator": "Mẫu số",
    "value": "Có/Không",
    "activity": "Hoạt động",
    "record": "Mã bản ghi",
    "held_on": "Ngày thực hiện",
    "domain": "Lĩnh vực",
    "female": "Trong đó: nữ",
    "withdraw": "Hủy bản ghi (x)",
    "report": "Báo cáo",
    "submitted": "Nộp báo cáo (Có/Không)",
    "unit": "Đơn vị",
    "agency": "Cơ quan",
    "period": "Kỳ báo cáo",
}
YES, NO = "Có", "Không"
TRUE = frozenset({"có", "co", "x", "yes", "true", "1"})
FALSE = frozenset({"không", "khong", "no", "false", "0", ""})


class LayoutError(ValueError):
    """A sheet isn't laid out as ours are. Its text names the place and what was expected."""


@dataclass(frozen=True, slots=True)
class Header:
    """What a table's rows are (one of KEYS), which row is its header (from 0), its columns by name (from 0)."""

    kind: str
    row: int
    columns: Mapping[str, int]


def with_slug(label: str, slug: str) -> str:
    """`label [slug]`, as a person chooses it from a list."""
    return f"{label} [{slug}]"


def slug_of(text: str) -> str:
    """The slug of `label [slug]`, or the text itself."""
    found = SLUG_IN_BRACKETS.search(text)
    return found.group(1).strip() if found else text.strip()


def column_letters(number: int) -> str:
    """The letters of a column, counted from 0: A, B, … Z, AA."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def text_of(value: object) -> str:
    """A cell as text: a slug, a code, a count, a day like 2023-03-09."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, datetime):
        value = value.date()
    return slug_of(str(value))


def neutral(text: str) -> str:
    """A text that no spreadsheet runs: an apostrophe before each place that one would take for a formula."""
    return _RISKY.sub(lambda found: f"{found['spaces'] or ''}'", text)


def as_meant(text: str) -> str:
    """The text that `neutral` was given."""
    return _NEUTRAL.sub(lambda found: found["spaces"] or "", text)


def delimiter_of(first_line: str) -> str:
    """What separates the cells of a CSV: a comma, a semicolon or a tab."""
    return max(",;\t", key=first_line.count)


def header_in(sheet: str, number: int, cells: Sequence[object]) -> Header | None:
    """The header that the row `number` (from 1, HEADER_ROWS at most) is; None when it is none.

    `sheet` is its name, "" for CSV. Raises LayoutError, which names the place of a column that is unknown.
    """
    names = [str(cell).strip() for cell in cells]
    kind = next((key for key in KEYS if key in names and "unit" in names), None)
    if kind is None or number > HEADER_ROWS:
        return None
    columns = {name: index for index, name in enumerate(names) if name and not name.startswith(NOTE)}
    _refuse_unknown(sheet, number - 1, kind, columns)
    return Header(kind, number - 1, columns)


def _refuse_unknown(sheet: str, row: int, kind: str, columns: Mapping[str, int]) -> None:
    known = COLUMNS[kind]
    for name, index in columns.items():
        if name not in known and not name.startswith(PREFIXES[kind]):
            place = f"{sheet or 'CSV'}, row {row + 1}, column {column_letters(index)}"
            raise LayoutError(f"{place}: no such column {name[:60]!r}; expected {', '.join(sorted(known))}")
