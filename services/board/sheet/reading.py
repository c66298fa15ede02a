"""Reads the rows of a sheet that came back: what they say of which field, and each cell that can't be read. Pure.

A row that nobody has touched since the download says nothing. Whose report it is stands in every row, and is looked at
first: of another report's sheet nothing else is told.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from services.board.report.fields import Form
from services.board.report.typed import NO, YES
from services.board.sheet.cells import ABSENT, FIGURE_CELLS, MARK, fields_of, mark_of
from services.board.sheet.identity import Identity
from services.board.sheet.words import FaultWords
from shared.domain.refusals import Code, Place, Refusal
from shared.sheets.columns import BY, FALSE, TRUE, column_letters
from shared.sheets.header import Header
from shared.sheets.merges import merge_fault, merges_over, refuse_merged_header
from shared.sheets.notes import Notes
from shared.sheets.row_reading import SheetRow
from shared.sheets.rows import Row, Slice
from shared.sheets.tables import TableSearch
from shared.sheets.words import ValueWords
from shared.values.personal_data import named

_COUNTS = frozenset({"numerator", "denominator"})
_VALUES = ("numerator", "denominator", "value")
_KEYS = frozenset({"programme", "unit", "agency", "record"})  # of an activity's row; what else it has is open


@dataclass(slots=True)
class FigureRow:
    """What a row says of a figure: texts by the form's fields, their places; `absent` where it could say so."""

    place: Place
    touched: bool
    texts: Mapping[str, str]
    places: Mapping[str, Place]
    whole: bool
    absent: bool | None


@dataclass(slots=True)
class ActivityRow:
    """A row of an activity that was touched; `row` still reads its cells."""

    row: SheetRow
    blank: bool


@dataclass(slots=True)
class SheetRead:
    """All that a sheet says: rows by the keys of figures, rows of activities by their codes, what is wrong."""

    figures: dict[str, list[FigureRow]] = field(default_factory=dict)
    activities: dict[str, ActivityRow] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    notes: Notes = field(default_factory=Notes)


class SheetReading:
    """Takes a file slice by slice, as it is read."""

    def __init__(self, form: Form) -> None:
        self.read = SheetRead()
        self.identity = Identity(form)
        self._form = form
        self._tables = TableSearch(self.read.notes)
        self._numbers: list[int] = []  # of the sheet's rows that say whose they are

    def take(self, part: Slice) -> None:
        """Read some rows. Raises LayoutError where a sheet isn't laid out as a table of ours."""
        if part.sheet != self._tables.sheet:
            self._numbers = []
        for above, cells in self._tables.rows(part):
            self._take_row(part, above, cells)
        header = self._tables.header
        if part.merges and header is not None:
            columns = header.columns.values()
            refuse_merged_header(part.sheet, part.merges, header.row + 1, columns)
            for merge, _ in merges_over(part.merges, self._numbers, columns):
                place = Place(part.sheet, merge.first_row, column_letters(merge.first_column))
                self.read.refusals.append(Refusal(Code.VALUE_INVALID, "row", merge_fault(merge), None, place))

    def end(self) -> SheetRead:
        """All that it says. Raises LayoutError when no sheet holds a table."""
        self._tables.end()
        return self.read

    def _take_row(self, part: Slice, header: Header, cells: Row) -> None:
        row = SheetRow(part.sheet, header, cells, self._form.programme.slug)
        if row.key() is not None:
            self._numbers.append(row.number)
        elif row.blank:  # what stands below a table, for people
            return
        unseen = part.hidden._replace(columns=frozenset())  # the columns that we hide ourselves are no surprise
        self.read.notes.read(part._replace(hidden=unseen), header, cells.number, cells.cells)
        if row.check() and not row.refusals:
            take = {"report": self._take_report, "indicator": self._take_figure, "activity": self._take_activity}
            take[row.kind](row)
        self.read.refusals += row.refusals

    def _take_report(self, row: SheetRow) -> None:
        """Look whose report it is. What the column for other senders says is done by the button of the next page."""
        self.identity.look(row, "report", "period")
        if row.text("submitted") and not row.truth("submitted") and not row.refusals:
            row.refuse("submitted", FaultWords.WITHDRAW_REPORT.value)

    def _take_figure(self, row: SheetRow) -> None:
        touched = _is_touched(row, {name: row.text(name) for name in FIGURE_CELLS}, row.remark(ABSENT))
        key = f"{row.text('indicator')}/{row.text('period')}"
        figure = self._form.figure(key)
        if figure is None:
            if touched and self.identity.look(row, "period"):
                row.refuse("indicator", FaultWords.NOT_ASKED.value)
            return
        if touched and not self.identity.look(row):
            return
        component, by = row.text("component"), {name.removeprefix(BY): row.text(name) for name in row.given(BY)}
        fields = fields_of(component, by)
        if not set(fields.values()) & set(figure.fields):
            if touched:
                name = "component" if component else next(iter(row.given(BY)), "indicator")
                row.refuse(name, FaultWords.NOT_ASKED.value)
            return
        said = _figure_row(row, fields, whole=not by, touched=touched)
        before = next((it for it in self.read.figures.get(key, ()) if it.texts.keys() == said.texts.keys()), None)
        if before is not None:
            row.refusals.append(repeated(row, "indicator", before.place))
        self.read.figures.setdefault(key, []).append(said)

    def _take_activity(self, row: SheetRow) -> None:
        cells = {name: row.text(name) for name in row.names if name not in _KEYS}
        if not _is_touched(row, cells, "") or not self.identity.look(row):
            return
        record = row.record()
        if not record:
            if not row.refusals:
                row.refuse("record", FaultWords.NO_RECORD.value, Code.FIELD_MISSING)
            return
        if record in self.read.activities:
            row.refusals.append(repeated(row, "record", self.read.activities[record].row.place("record")))
            return
        self.read.activities[record] = ActivityRow(row, not any(cells.values()))


def repeated(row: SheetRow, name: str, first: Place) -> Refusal:
    """Refuse a row that says what the one at `first` says already."""
    words = FaultWords.REPEATED.value.filled(row=first.row, sheet=named(first.sheet) or "CSV")
    return Refusal(Code.RECORD_REPEATED, name, words, None, row.place(name))


def _is_touched(row: SheetRow, cells: Mapping[str, str], absent: str) -> bool:
    """Tell whether somebody has changed a row since the download; of a file without marks, whether it says anything."""
    mark = row.remark(MARK)
    given = {**cells, ABSENT: absent}
    return mark != mark_of(given) if mark else any(given.values())


def _figure_row(row: SheetRow, fields: Mapping[str, str], *, whole: bool, touched: bool) -> FigureRow:
    """Read a row's cells as texts of the form; a count stays as it was typed."""
    texts = {field: _state(row) if name == "value" else row.text(name) for name, field in fields.items()}
    places = {field: row.place(name) for name, field in fields.items()}
    absent = None
    if touched:
        row.keep_empty(*(name for name in _VALUES if name not in fields))
        for name in fields.keys() & _COUNTS:
            row.count(name)
        absent = _absent(row, whole=whole)
    return FigureRow(row.place("indicator"), touched, texts, places, whole, absent)


def _state(row: SheetRow) -> str:
    return "" if not row.text("value") else YES if row.truth("value") else NO


def _absent(row: SheetRow, *, whole: bool) -> bool | None:
    """Read whether a figure is said to be none; None in a row that can't say so."""
    text = row.remark(ABSENT).lower()
    if text not in TRUE | FALSE:
        row.refuse(ABSENT, ValueWords.TRUTH.value)
        return None
    if not whole and text in TRUE:
        row.refuse(ABSENT, FaultWords.OF_THE_WHOLE.value)
    return text in TRUE if whole else None
