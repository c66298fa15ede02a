"""Writes workbooks of tables that people fill in and upload: what is given in grey, what is open in a frame.

Above each table stand its title and lines for people, then a row of labels and, hidden, one of the technical names by
which `shared/sheets/header.py` finds the table when the file comes back.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import TracebackType
from typing import IO, Any, TypeAlias

import xlsxwriter

from shared.sheets.columns import column_letters, neutral, with_slug

Value: TypeAlias = str | int | date | None  # of a cell; None for one that is left to be filled in
PLAIN_WIDTH = 16.0  # of a column, in characters
LINE_HEIGHT = 15.0  # in points
SAID = "said"  # the style of texts that break


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its technical name, what people call it, its width. It may be `hidden`, or `folded` away with those
    beside it, to be opened by a click; `rule` is what may be typed, as XlsxWriter has it, `style` that of its cells
    where they have one of their own.
    """

    name: str
    label: str
    width: float = PLAIN_WIDTH
    hidden: bool = False
    folded: bool = False
    rule: Mapping[str, Any] | None = None
    style: str = ""


@dataclass(frozen=True, slots=True)
class Line:
    """A row by its columns' names: what is given, and what is open, filled in or not."""

    given: Mapping[str, str]
    open: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `frame` is the style of its open cells, "" where they have none until somebody fills them in. `fitted`
    makes rows as high as their texts, which not every program does by itself.
    """

    columns: Sequence[Column]
    lines: Sequence[Line]
    frame: str = ""
    fitted: bool = False


class Workbook:
    """`with Workbook(target, lists) as book`: a workbook whose first, hidden page `lists` has the choices."""

    def __init__(self, target: str | IO[bytes], lists: str) -> None:
        options = {"strings_to_formulas": False, "strings_to_urls": False, "in_memory": True}
        self._book = xlsxwriter.Workbook(target, options)
        frame = {"border": 1}
        entry = {**frame, "bg_color": "#FFF9E5", "valign": "top"}
        looks: dict[str, dict[str, Any]] = {
            "title": {"bold": True, "font_size": 14},
            "label": {"bold": True, "text_wrap": True, "bg_color": "#DDEBF7", "border": 1},
            "given": {"font_color": "#595959", "bg_color": "#F2F2F2"},
            SAID: {"text_wrap": True, "valign": "top", "bg_color": "#F2F2F2", "border": 1},
            "open": frame,
            "day": {**frame, "num_format": "dd/mm/yyyy"},
            "entry": {**entry, "num_format": "#,##0"},
            "day-entry": {**entry, "num_format": "dd/mm/yyyy"},
        }
        self._styles = {name: self._book.add_format(look) for name, look in looks.items()}
        self._lists = self._book.add_worksheet(lists)
        self._choices = 0

    def __enter__(self) -> "Workbook":
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """Write the file, open at its first page that isn't hidden."""
        if kind is None:
            self._lists.hide()
            self._book.worksheets()[1].activate()
            self._book.close()

    def choices(self, items: Sequence[tuple[str, str]]) -> dict[str, Any]:
        """Write the choices (label, slug) of one drop-down list; the rule of its column."""
        letters, column = column_letters(self._choices), self._choices
        for row, (label, slug) in enumerate(items):
            self._lists.write_string(row, column, with_slug(label, slug))
        self._choices += 1
        last = max(len(items), 1)
        return {"validate": "list", "source": f"='{self._lists.get_name()}'!${letters}$1:${letters}${last}"}

    def page(self, name: str, title: str, table: Table, *, above: Iterable[str] = (), below: Iterable[str] = ()) -> Any:
        """Add a page of one table, with lines for people `above` and `below` it. Returns XlsxWriter's page."""
        page = self._book.add_worksheet(name)
        page.write_string(0, 0, neutral(title), self._styles["title"])
        labels = 1
        for text in above:
            page.write_string(labels, 0, text)
            labels += 1
        for at, column in enumerate(table.columns):
            page.write_string(labels, at, column.label, self._styles["label"])
            page.write_string(labels + 1, at, column.name)
            look = self._styles[column.style] if column.style and not table.frame else None
            before = at > 0 and table.columns[at - 1].folded
            options = {"hidden": column.hidden or column.folded, "level": int(column.folded), "collapsed": before}
            page.set_column(at, at, column.width, look, options)
        page.set_row(labels + 1, None, None, {"hidden": True})
        page.freeze_panes(labels + 2, 0)
        for at, line in enumerate(table.lines, labels + 2):
            self._write(page, at, table, line)
        if table.fitted:
            page.set_row(labels, _height((column.label, column.width) for column in table.columns))
            for at, line in enumerate(table.lines, labels + 2):
                said = [column for column in table.columns if column.style == SAID]
                page.set_row(at, _height((line.given.get(column.name, ""), column.width) for column in said))
        self._set_rules(page, labels + 2, table)
        for at, text in enumerate(below, labels + 3 + len(table.lines)):
            page.write_string(at, 0, text)
        return page

    def _write(self, page: Any, row: int, table: Table, line: Line) -> None:
        for at, column in enumerate(table.columns):
            if column.name in line.given:
                page.write_string(row, at, line.given[column.name], self._styles[column.style or "given"])
                continue
            if column.name not in line.open or not table.frame:
                continue
            value, look = line.open[column.name], self._styles[column.style or table.frame]
            match value:
                case None:
                    page.write_blank(row, at, None, look)
                case date():
                    page.write_datetime(row, at, value, look)
                case int():
                    page.write_number(row, at, value, look)
                case _:
                    page.write_string(row, at, value, look)

    def _set_rules(self, page: Any, first: int, table: Table) -> None:
        """Set each column's rule for its open cells, those below each other together."""
        for at, column in enumerate(table.columns):
            if column.rule is None:
                continue
            start: int | None = None
            for row, line in enumerate([*table.lines, Line({}, {})], first):
                if column.name in line.open:
                    start = row if start is None else start
                elif start is not None:
                    page.data_validation(start, at, row - 1, at, column.rule)
                    start = None


def _height(texts: Iterable[tuple[str, float]]) -> float:
    """Compute how high a row is, in points, whose texts break at the widths of their columns."""
    lines = (sum(-(-max(1, len(part)) // int(width * 1.1)) for part in text.split("\n")) for text, width in texts)
    return LINE_HEIGHT * max([1, *lines])
