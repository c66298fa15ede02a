"""Fills a report's draft with what a sheet says, or tells at which cells it can't. Pure.

Each figure and each activity is judged as on its page of the form. What is only unusual is no fault of a sheet: it is
told at its cell, and the form asks for the reason. A sheet with one wrong cell fills in nothing.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple
from uuid import UUID, uuid5

from services.board.report.draft import ActivityAnswer, FigureAnswer
from services.board.report.fields import NUMERATOR, Figure
from services.board.report.judging import REASON, judge_activity, judge_figure, standing_reasons
from services.board.report.pages import Opened
from services.board.report.standing import prefilled
from services.board.report.typed import activity_fields
from services.board.sheet.activity_rows import column_of, field_of, typed_day
from services.board.sheet.cells import same
from services.board.sheet.reading import ActivityRow, FigureRow, SheetRead, repeated
from services.board.sheet.shown import ShownActivity, shown_activities
from services.board.sheet.words import FaultWords
from shared.domain.refusals import Code, Place, Refusal
from shared.sheets.columns import MONEY, PARTICIPANTS
from shared.sheets.row_reading import SheetRow
from shared.wording.words import Words

_NO_FIELD = frozenset({"programme", "unit", "agency", "record", "withdraw"})
_RECORDS = UUID("5c1f7a52-0f3e-4a55-9d3c-7c1f2f1f6b0e")


class Unusual(NamedTuple):
    """A cell with an unusual figure that has no reason yet, and the key of the figure."""

    place: Place
    words: Words
    key: str


class Filling:
    """Fills in what one sheet says. `refusals` are the cells for which it can't, `unusual` those to be confirmed."""

    def __init__(self, opened: Opened, read: SheetRead) -> None:
        self.answers = opened.draft.answers
        self.refusals = list(read.refusals)
        self.unusual: list[Unusual] = []
        self._opened = opened
        self._wrong = {refusal.place for refusal in read.refusals}
        for figure in opened.form.figures:
            rows = read.figures.get(figure.key, [])
            if any(row.touched for row in rows):
                self._fill_figure(figure, rows)
        shown = shown_activities(opened)
        first: dict[str, ActivityRow] = {}
        for code, said in read.activities.items():
            record = _record_of(code, shown)
            if first.setdefault(record, said) is not said:  # once by its code, once by what the code has become
                said.row.refusals.append(repeated(said.row, "record", first[record].row.place("record")))
            self._fill_activity(said, shown.get(record, ShownActivity(record, None, None)))
        self.refusals.sort(key=_in_order)

    def _fill_figure(self, figure: Figure, rows: Sequence[FigureRow]) -> None:
        opened, shown = self._opened, self._opened.shown(figure)
        touched = [row for row in rows if row.touched]
        typed, absent = dict(shown.typed), shown.absent
        for row in touched:
            typed |= row.texts
            absent = absent if row.absent is None else row.absent
        typed = {name: text for name, text in typed.items() if text}
        wrong = list(_contradictions(rows, absent=absent))
        if not wrong and absent == shown.absent and same(typed, shown.typed):
            return
        kept = prefilled(figure, opened.standing).kept
        typed = {} if absent else typed
        answer = FigureAnswer(typed=typed, absent=absent, reasons=standing_reasons(shown, typed), kept=kept)
        if not wrong:
            judged = judge_figure(opened.form, figure, answer, opened.standing, opened.today)
            wrong = [_located(refusal, rows) for refusal in judged.refusals if not _is_reason(refusal)]
            unconfirmed = (doubt for doubt in judged.unusual if not answer.reason(doubt.name))
            self.unusual += [Unusual(_place(it.field, rows), it.words, figure.key) for it in unconfirmed]
        self._refuse(wrong)
        self.answers = self.answers.with_figure(figure.key, answer)

    def _fill_activity(self, said: ActivityRow, shown: ShownActivity) -> None:
        row, known = said.row, shown.held is not None or shown.drafted is not None
        if said.blank and not known:
            return  # it was taken out of the draft meanwhile, or never came into it
        if said.blank:
            row.refuse("activity", FaultWords.ACTIVITY_EMPTIED.value)
        elif row.truth("withdraw"):
            self._withdraw(row, shown)
        else:
            typed = _typed(row)
            _refuse_unasked(self._opened, row, typed)
            answer = ActivityAnswer(record=shown.record, typed=typed, change="corrected" if shown.held else "added")
            if not row.refusals:
                for refusal in judge_activity(self._opened.form, answer, self._opened.today):
                    place = row.place(_column(refusal.field, row))
                    row.refusals.append(Refusal(refusal.code, refusal.field, refusal.expected, refusal.got, place))
            self._change(shown, answer)
        self._refuse(row.refusals)

    def _withdraw(self, row: SheetRow, shown: ShownActivity) -> None:
        if shown.held is not None:
            typed = {"activity": shown.held.activity}
            self.answers = self.answers.with_activity(
                ActivityAnswer(record=shown.record, typed=typed, change="withdrawn")
            )
        elif shown.drafted is not None:
            self.answers = self.answers.without(shown.record)
        else:
            row.refuse("withdraw", FaultWords.NOTHING_TO_WITHDRAW.value)

    def _change(self, shown: ShownActivity, answer: ActivityAnswer) -> None:
        """Answer an activity anew; one that is as it counts already needs no answer."""
        if shown.held is not None and same(answer.typed, shown.held.typed()):
            self.answers = self.answers.without(shown.record)
        elif shown.withdrawn or not same(answer.typed, shown.typed):
            self.answers = self.answers.with_activity(answer)

    def _refuse(self, refusals: Sequence[Refusal]) -> None:
        """Add what is wrong; of a cell that is refused already nothing more is said."""
        for refusal in refusals:
            if refusal.place not in self._wrong:
                self.refusals.append(refusal)
        self._wrong |= {refusal.place for refusal in refusals}


def _contradictions(rows: Sequence[FigureRow], *, absent: bool) -> Iterator[Refusal]:
    """Refuse numbers beside an x, and a figure that was cleared without one."""
    for row in rows:
        given = [field for field, text in row.texts.items() if text]
        if absent and given:
            yield _refusal(FaultWords.ABSENT_AND_FIGURE.value, given[0], row.places[given[0]])
        if not absent and row.touched and not given and NUMERATOR in row.texts:
            yield _refusal(FaultWords.EMPTIED.value, NUMERATOR, row.places[NUMERATOR])


def _refusal(words: Words, name: str, place: Place) -> Refusal:
    return Refusal(Code.VALUE_INVALID, name, words, None, place)


def _is_reason(refusal: Refusal) -> bool:
    return refusal.field.startswith(f"{REASON}.")


def _located(refusal: Refusal, rows: Sequence[FigureRow]) -> Refusal:
    """Put a refusal of the form's field at its cell."""
    return Refusal(refusal.code, refusal.field, refusal.expected, refusal.got, _place(refusal.field, rows))


def _place(field: str, rows: Sequence[FigureRow]) -> Place:
    """Find the cell of a field of the form; of one that stands in no row, the figure's first row."""
    places = {name: place for row in rows for name, place in row.places.items()}
    return places.get(field, rows[0].place)


def _record_of(code: str, shown: Mapping[str, ShownActivity]) -> str:
    """Name the record of an activity's row: the one that is there, else the same for the same code each time."""
    return code if code in shown else str(uuid5(_RECORDS, code))


def _typed(row: SheetRow) -> dict[str, str]:
    """Read the row of an activity as its page would have been filled in; refuses what can't be read."""
    typed: dict[str, str] = {}
    for column in row.names:
        if column in _NO_FIELD or not (text := row.text(column)):
            continue
        if column == "held_on":
            day = row.day(column)
            typed |= typed_day(day) if day is not None else {}
            continue
        if column == "female" or column.startswith((PARTICIPANTS, MONEY)):
            row.count(column)
        typed[field_of(column)] = text
    return typed


def _refuse_unasked(opened: Opened, row: SheetRow, typed: Mapping[str, str]) -> None:
    """Refuse what the page of such an activity has no field for."""
    activity = opened.form.activity(typed.get("activity", ""))
    if activity is None:  # which is refused itself
        return
    asked = activity_fields(opened.form, activity)
    for field in typed:
        if field not in asked:
            row.refuse(column_of(field), FaultWords.NOT_OF_ACTIVITY.value)


def _column(field: str, row: SheetRow) -> str:
    """Find the column of a field, or of the nearest thing that it is of."""
    column = column_of(field)
    while column not in row.names and "." in column:
        column = column.rpartition(".")[0]
    return column if column in row.names else "activity"


def _in_order(refusal: Refusal) -> tuple[str, int, int, str]:
    place = refusal.place
    return ("", 0, 0, "") if place is None else (place.sheet, place.row, len(place.column), place.column)
