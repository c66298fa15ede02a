"""Sheets of a report as an officer handles them: found by what stands in them, filled in, saved by another program."""

import io
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import openpyxl
from openpyxl.cell.cell import Cell
from openpyxl.worksheet.worksheet import Worksheet

from services.board.report.draft import Answers
from services.board.report.draft_store import Draft
from services.board.report.fields import form_of
from services.board.report.pages import Opened
from services.board.report.standing import read_standing
from services.board.sheet.download import write_sheet
from services.board.sheet.filling import Filling
from services.board.sheet.page import told_at, told_of
from services.board.sheet.reading import SheetReading
from services.board.sheet.steps import ONE_REPORT
from services.board.upstream.obligations import ObligationShown
from shared.domain.obligation_name import ObligationName
from shared.domain.periods import parse_period
from shared.domain.units import Units
from shared.programme.model import Programme
from shared.spreadsheets.child import read
from shared.spreadsheets.limits import Kind

FIGURES, ACTIVITIES, REPORT = "Chỉ tiêu", "Hoạt động", "Báo cáo"
ACCESS, KNOWLEDGE = "child-service-access", "knowledge-skills-provided"
KEY = f"{ACCESS}/2023-Q1"
RECORD = "0b3b1c06-3a63-4a6c-9a53-6b7f24b8a001"
TAKEN: dict[str, Any] = {"programme": "ecd-1437", "sender": "app", "accepted_at": "2023-03-14T08:00:00+07:00"}
COUNTED = {**TAKEN, "kind": "indicator.reported", "id": "a", "indicator": ACCESS, "period": "2023-Q1",
           "numerator": 400, "denominator": 500,
           "breakdown": [{"by": {"sex": "female"}, "numerator": 200, "denominator": 250},
                         {"by": {"sex": "female", "domain": "health"}, "numerator": 9, "denominator": 10}]}  # fmt: skip
EARLIER = {**COUNTED, "period": "2022-Q4", "id": "b", "numerator": 390, "denominator": 510, "breakdown": []}
HELD = {**TAKEN, "kind": "activity.recorded", "id": "c", "activity": "parent-counselling", "held_on": "2023-03-09",
        "participants": {"parent": 24}, "domain": "nutrition", "record": f"06412@1/ubnd-xa/{RECORD}",
        "officer": "12.0"}  # fmt: skip
ELSEWHERE = {**HELD, "id": "d", "record": "app-1", "officer": None, "held_on": "2023-03-01"}
Open = Callable[..., Opened]  # what the fixture `report` makes
NOW = datetime.fromisoformat("2023-03-15T08:00:00+07:00")


def opened_report(
    programme: Programme, units: Units, *, report: str = "progress-quarterly", unit: str = "06412@1",
    agency: str = "ubnd-xa", period: str = "2023-Q1", language: str = "vi", rows: tuple[dict[str, Any], ...] = (),
    answers: Answers | None = None,
) -> Opened:  # fmt: skip
    """A report as an officer has opened it: `rows` are aggregation's records of what counts."""
    form = form_of(programme, programme.report[report], units[unit], agency, parse_period(period), language)
    assert form is not None
    name = ObligationName(programme.slug, report, unit, agency, period, 0)
    obligation = ObligationShown(
        id=str(name), programme=programme.slug, unit=unit, agency=agency, report=report, period=period,
        due_at=datetime.fromisoformat("2023-03-16T17:00:00+07:00"), state="open", met_at=None, programme_name="",
        programme_short="", report_name="", period_name="", owner_name=f"UBND {units[unit].name}",
    )  # fmt: skip
    draft = Draft(1, 1, answers or Answers(), "1.0", NOW)
    return Opened(name, form, draft, read_standing(rows), obligation, NOW, own=True)


class Book:
    """A workbook that is open in an officer's program. Cells are named by sheet, row and the column's technical name;
    a row by what stands in some of its columns.
    """

    def __init__(self, content: bytes) -> None:
        self.book = openpyxl.load_workbook(io.BytesIO(content))

    def header(self, sheet: str) -> tuple[int, dict[str, int]]:
        """The row of the technical names, and the columns by them."""
        for row in self.book[sheet].iter_rows(max_row=20):
            names = {str(cell.value): cell.column for cell in row if cell.value is not None}
            if "unit" in names:
                return row[0].row, names
        raise AssertionError(f"{sheet} has no header")

    def rows(self, sheet: str) -> list[dict[str, Any]]:
        """The rows below the header, with their numbers as `row`."""
        first, columns = self.header(sheet)
        page: Worksheet = self.book[sheet]
        return [
            {"row": at, **{name: page.cell(at, column).value for name, column in columns.items()}}
            for at in range(first + 1, page.max_row + 1)
        ]

    def row(self, sheet: str, **wanted: Any) -> int:
        """The number of the first row in which this stands; `by_sex` is the column `by.sex`."""
        named = {name.replace("by_", "by."): value for name, value in wanted.items()}
        return next(
            int(row["row"]) for row in self.rows(sheet) if all((row[name] or "") == named[name] for name in named)
        )

    def figures(self, indicator: str, **part: str) -> dict[str, Any]:
        """The row of a figure, or of one part of it."""
        empty = {name.replace(".", "_"): "" for name in self.header(FIGURES)[1] if name.startswith("by.")}
        row = self.row(FIGURES, indicator=indicator, **{**empty, **part})
        return next(found for found in self.rows(FIGURES) if found["row"] == row)

    def cell(self, sheet: str, row: int, name: str) -> Cell:
        found: Cell = self.book[sheet].cell(row, self.header(sheet)[1][name])  # type: ignore[assignment]
        return found

    def write(self, sheet: str, row: int, cells: Mapping[str, Any]) -> "Book":
        for name, value in cells.items():
            self.cell(sheet, row, name).value = value
        return self

    def figure(self, indicator: str, numerator: Any, denominator: Any, **part: str) -> str:
        """Write a figure, or one part of it; the name of its first cell."""
        row = self.figures(indicator, **part)["row"]
        self.write(FIGURES, row, {"numerator": numerator, "denominator": denominator})
        return str(self.cell(FIGURES, row, "numerator").coordinate)

    def saved(self) -> bytes:
        target = io.BytesIO()
        self.book.save(target)
        return target.getvalue()


def book(opened: Opened) -> Book:
    return Book(write_sheet(opened, "ab12cd34"))


def filled(opened: Opened, content: bytes, kind: Kind = "xlsx") -> tuple[Filling, list[str]]:
    """What a sheet makes of a report's draft, and what is wrong with it, in Vietnamese."""
    reading = SheetReading(opened.form)
    for part in read(kind, content, ONE_REPORT):
        reading.take(part)
    filling = Filling(opened, reading.end())
    foreign = [told_at(place, words) for place, words in reading.identity.foreign.values()]
    return filling, [words.vi for words in foreign or [told_of(item) for item in filling.refusals]]
