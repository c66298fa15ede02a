"""The columns of report sheets: what a template is written with and an upload is read by.

A table's header row holds the technical names below (`shared/sheets/header.py` finds it). A column whose name begins
with `#` is for people. A cell may hold `label [slug]`, as the drop-down lists do: the slug counts.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

from shared.wording.words import Words

SLUG_IN_BRACKETS = re.compile(r"\[([^\[\]]+)\]\s*$")
NOTE = "#"  # begins the name of a column for people
BY = "by."
PARTICIPANTS = "participants."
MONEY = "money."
KEYS = ("indicator", "activity", "report")  # the column that says what a table's rows are
# What a spreadsheet runs as a formula: one of these in the first place of a cell, spaces or quotes before it or not
# (some programs fold the full-width forms). A cell begins where the text does and, in a CSV that is opened with another
# separator than it was written with, behind whatever may be one.
_RUNS = "=+\\-@\uff1d\uff0b\uff0d\uff20"
_BEGINS = r"(?:^|(?<=[,;|\t\r\n\"]))(?P<spaces>[ \u00a0]*)"
_RISKY = re.compile(rf"{_BEGINS}(?=\'*[{_RUNS}])|^(?=\'*[\t\r])")
_NEUTRAL = re.compile(rf"{_BEGINS}\'(?=\'*[{_RUNS}])|^\'(?=\'*[\t\r])")
_COMMON = frozenset({"programme", "unit", "agency"})
COLUMNS = {
    "indicator": _COMMON | {"period", "indicator", "component", "numerator", "denominator", "value"},
    "activity": _COMMON | {"activity", "record", "held_on", "domain", "female", "withdraw"},
    "report": _COMMON | {"period", "report", "submitted"},
}
PREFIXES: dict[str, tuple[str, ...]] = {"indicator": (BY,), "activity": (BY, PARTICIPANTS, MONEY), "report": ()}
# Columns whose cells are taken as they are; in all others a label may stand before the slug.
PLAIN = frozenset({"record", "held_on", "female", "withdraw", "numerator", "denominator", "value", "submitted"})
# What a template fills in: rows in which nothing else stands hold no record.
_FILLED_IN = {
    "indicator": _COMMON | {"period", "indicator", "component"},
    "activity": _COMMON | {"record"},
    "report": _COMMON | {"period", "report"},
}
LISTS = Words("Danh mục", "Lists")  # the template's sheet of choices
TRUE = frozenset({"có", "co", "x", "yes", "true", "1"})
FALSE = frozenset({"không", "khong", "no", "false", "0", ""})


def with_slug(label: str, slug: str) -> str:
    """Write `label [slug]`, as a person chooses it from a list."""
    return f"{label} [{slug}]"


def slug_of(text: str) -> str:
    """Read the slug of `label [slug]`, or the text itself."""
    found = SLUG_IN_BRACKETS.search(text)
    return found.group(1).strip() if found else text.strip()


@lru_cache(maxsize=1024)
def column_letters(number: int) -> str:
    """Write the letters of a column, counted from 0: A, B, … Z, AA."""
    letters = ""
    number += 1
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters


def cell_text(column: str, value: object) -> str:
    """Read a cell as the text that counts in a column of this name: a slug, a code, a count, a day like 2023-03-09."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if column in PLAIN or column.startswith((PARTICIPANTS, MONEY)):
        return str(value).strip()
    return slug_of(str(value))


def is_blank(kind: str, texts: Mapping[str, str]) -> bool:
    """Tell whether a row of a table (one of KEYS), its texts by column, holds nothing but what a template fills in."""
    given = (name for name, text in texts.items() if text)
    return all(name in _FILLED_IN[kind] or (kind == "indicator" and name.startswith(BY)) for name in given)


def record_key(kind: str, texts: Mapping[str, str]) -> tuple[str, ...] | None:
    """Return what the rows of one record share, by their texts; None for a row that names no record.

    A unit's code and its uid (`06412`, `06412@1`) are one: of the units of a code one is in force at a time.
    """
    names = {
        "indicator": ("programme", "agency", "indicator", "period"),
        "activity": ("programme", "record"),
        "report": ("programme", "agency", "report", "period"),
    }[kind]
    if not texts.get("record" if kind == "activity" else kind):
        return None
    place = "" if kind == "activity" else texts.get("unit", "").partition("@")[0]
    return (kind, place, *(texts.get(name, "") for name in names))


def neutral(text: str) -> str:
    """Write a text so that no spreadsheet runs it: an apostrophe before each place that one would take for a
    formula.
    """
    return _RISKY.sub(lambda found: f"{found['spaces'] or ''}'", text)


def as_meant(text: str) -> str:
    """Read the text that `neutral` was given."""
    return _NEUTRAL.sub(lambda found: found["spaces"] or "", text)
