"""Reads one row of a table: each cell as what its column means, each bad cell refused once, at its place. Pure."""

from collections.abc import Collection, Iterator, Sequence

from annotated_types import MaxLen
from pydantic import BaseModel

from shared.domain.events import MAX_COUNT, ActivityRecorded
from shared.domain.refusals import Code, Place, Refusal
from shared.domain.rule_words import WrittenWords, wanted
from shared.sheets.columns import (
    BY,
    FALSE,
    MONEY,
    PARTICIPANTS,
    TRUE,
    cell_text,
    column_letters,
    is_blank,
    record_key,
)
from shared.sheets.faults import fault_of
from shared.sheets.header import Header
from shared.sheets.rows import Cell
from shared.sheets.rows import Row as Cells
from shared.sheets.words import ValueWords
from shared.values.model_words import expected_by_model
from shared.values.scalars import FIRST_DAY, LAST_DAY, ScalarError
from shared.values.written_days import ShortYearError, written_day
from shared.values.written_numbers import TwoMeaningsError, written_whole_number
from shared.wording.words import Words

_NUMBER = WrittenWords.NUMBER.value.filled(most=MAX_COUNT)


def _most_of(model: type[BaseModel], name: str) -> int:
    """How many members a field of an event may have, as its model says."""
    return next(bound.max_length for bound in model.model_fields[name].metadata if isinstance(bound, MaxLen))


# Of the columns of a prefix, in how many something may stand in a row: a sheet may have hundreds, and a small file
# thousands of rows of them.
_MOST = {
    BY: ("data.by", _most_of(ActivityRecorded, "by")),
    PARTICIPANTS: ("data.participants", _most_of(ActivityRecorded, "participants")),
    MONEY: ("data.money", _most_of(ActivityRecorded, "money")),
}


class SheetRow:
    """One row of a table. `refusals` grows while it is read; a cell that is refused reads as None or ""."""

    def __init__(self, sheet: str, header: Header, row: Cells, programme: str) -> None:
        self.sheet = sheet
        self.kind = header.kind
        self.number = row.number
        self.refusals: list[Refusal] = []
        self._columns = header.columns
        self._for_people = {name: at for at, name in header.for_people.items()}
        self._cells: dict[str, Cell] = {
            name: row.cells[index] for name, index in header.columns.items() if index < len(row.cells)
        }
        self._texts = {name: cell_text(name, value) for name, value in self._cells.items()}
        self.blank = is_blank(self.kind, self._texts)
        self._texts["programme"] = self._texts.get("programme") or programme
        self._outside = next(iter(_outside(header, row.cells)), None)
        self._all = row.cells

    def key(self) -> tuple[str, ...] | None:
        """What the rows of its record share."""
        return record_key(self.kind, self._texts)

    def place(self, name: str) -> Place:
        """The cell's place, or the row's where there is no such column."""
        column = self._columns.get(name, self._for_people.get(name))
        return Place(self.sheet, self.number, "" if column is None else column_letters(column))

    def check(self) -> bool:
        """Whether its cells stand where they belong, and aren't too many for an event; refuses those that hold no
        value of their own.
        """
        if self._outside is not None:
            index, got = self._outside
            place = Place(self.sheet, self.number, column_letters(index))
            self.refusals.append(Refusal(Code.ROW_TOO_LONG, "row", ValueWords.TOO_LONG.value, got, place))
            return False
        for prefix, (field, most) in _MOST.items():
            if len(self.given(prefix)) > most:
                expected = wanted(expected_by_model("too_long", {"max_length": most}))
                self.refusals.append(Refusal(Code.VALUE_INVALID, field, expected, None, self.place(self.kind)))
                return False
        for name, text in self._texts.items():
            fault = fault_of(text)
            if fault is not None:
                self.refuse(name, fault)
        return True

    def refuse(self, name: str, expected: Words, code: Code = Code.VALUE_INVALID) -> None:
        """Refuse a cell. What is read of it from here on is nothing."""
        self.refusals.append(Refusal(code, name, expected, self._cells.get(name), self.place(name)))
        self._texts[name] = ""

    def text(self, name: str) -> str:
        """A cell as text: a slug, a code, a day; "" for none."""
        return self._texts.get(name, "")

    @property
    def names(self) -> Collection[str]:
        """The names of the table's columns."""
        return self._columns.keys()

    def remark(self, name: str) -> str:
        """What stands in a column for people, of which a table says nothing; "" where there is none."""
        at = self._for_people.get(name)
        return "" if at is None or at >= len(self._all) else str(self._all[at]).strip()

    def given(self, prefix: str) -> list[str]:
        """The columns of this prefix in which something stands."""
        return [name for name in self._columns if name.startswith(prefix) and self.text(name)]

    def keep_empty(self, *names: str) -> None:
        """Refuse what stands in these cells, which a row like this doesn't have."""
        for name in names:
            if self.text(name):
                self.refuse(name, ValueWords.EMPTY.value)

    def count(self, name: str) -> int | None:
        """A whole number; None for an empty or a refused cell."""
        text = self.text(name)
        if not text:
            return None
        try:
            return written_whole_number(text, MAX_COUNT)
        except TwoMeaningsError:
            # A number cell of a workbook has one meaning; it is just no whole one.
            self.refuse(name, WrittenWords.TWO_MEANINGS.value if isinstance(self._cells[name], str) else _NUMBER)
        except ScalarError:
            self.refuse(name, _NUMBER)
        return None

    def truth(self, name: str) -> bool:
        """Có or Không; an empty cell is Không."""
        text = self.text(name).lower()
        if text not in TRUE | FALSE:
            self.refuse(name, ValueWords.TRUTH.value)
        return text in TRUE

    def day(self, name: str) -> str | None:
        """A day as 2023-03-09."""
        text = self.text(name)
        if not text:
            return None
        try:
            return written_day(text).isoformat()
        except ShortYearError:
            self.refuse(name, WrittenWords.FULL_YEAR.value)
        except ScalarError:
            self.refuse(name, WrittenWords.DAY.value.filled(first=FIRST_DAY.year, last=LAST_DAY.year))
        return None

    def record(self) -> str:
        """The record's id; it has no space."""
        text = self.text("record")
        if any(character.isspace() for character in text):
            self.refuse("record", ValueWords.RECORD.value)
        return self.text("record")


def _outside(header: Header, cells: Sequence[Cell]) -> Iterator[tuple[int, Cell]]:
    """Cells with content that stand in no column of the table."""
    inside = {*header.columns.values(), *header.for_people}
    return ((index, cell) for index, cell in enumerate(cells) if index not in inside and str(cell).strip())
