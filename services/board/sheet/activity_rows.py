"""The row of an activity: its cells as its fields are typed, and its fields as its cells are read. Pure."""

from collections.abc import Iterator, Mapping

from services.board.report.fields import ActivityType, Choice
from services.board.report.pages import Opened
from services.board.report.typed import BY as FIELD_BY
from services.board.report.typed import count_or_text, held_on_text
from services.board.sheet.cells import MARK, X, mark_of
from services.board.sheet.shown import ShownActivity
from shared.sheets.columns import BY, with_slug
from shared.sheets.workbook import Line, Table, Value
from shared.values.scalars import ScalarError
from shared.values.written_days import written_day

DAY = ("day", "month", "year")  # the fields of `held_on`


def field_of(column: str) -> str:
    """Name the form's field of a column; that of `held_on`'s three parts is one column."""
    return f"{FIELD_BY}.domain" if column == "domain" else column


def column_of(field: str) -> str:
    """Name the column in which a field of the form stands."""
    return "domain" if field == f"{FIELD_BY}.domain" else field


def typed_day(day: str) -> dict[str, str]:
    """Type a day like 2023-03-09 into the three fields."""
    year, month, day = day.split("-")
    return {f"held_on.{name}": text.lstrip("0") for name, text in zip(DAY, (day, month, year), strict=True)}


def activity_lines(opened: Opened, table: Table, shown: Mapping[str, ShownActivity]) -> Iterator[Line]:
    """Fill in the rows of the activities that can be changed here; the others are free."""
    for line in table.lines:
        activity = shown.get(line.given["record"])
        cells = dict(line.open)
        if activity is not None:
            for column in cells:
                cells[column] = _cell(opened, activity.typed, column)
            cells["withdraw"] = X if activity.withdrawn else None
        yield Line({**line.given, MARK: mark_of(cells)}, cells)


def _cell(opened: Opened, typed: Mapping[str, str], column: str) -> Value:
    if column == "held_on":
        return _day_cell(held_on_text(typed))
    text = typed.get(field_of(column), "")
    activity = opened.form.activity(typed.get("activity", ""))
    if column == "activity":
        return with_slug(activity.label, activity.slug) if activity is not None else text or None
    if column == "domain" or column.startswith(BY):
        return _option_cell(activity, column, text)
    return count_or_text(text)


def _day_cell(text: str) -> Value:
    try:
        return written_day(text)
    except ScalarError:
        return text or None


def _option_cell(activity: ActivityType | None, column: str, text: str) -> Value:
    slug = column.removeprefix(BY)
    options: tuple[Choice, ...] = ()
    for dimension, choices in activity.dimensions if activity is not None else ():
        options += choices if dimension.slug == slug else ()
    label = next((item.label for item in options if item.slug == text), None)
    return with_slug(label, text) if label is not None else text or None
