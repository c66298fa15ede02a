"""Gathers what senders should know of a file that was read: what they may not have seen, and what isn't a table."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice

from shared.sheets.columns import LISTS, column_letters
from shared.sheets.header import Header
from shared.sheets.rows import Cell, Slice
from shared.sheets.words import NoteWords
from shared.values.personal_data import named
from shared.wording.words import Words

_LISTED = 20


@dataclass(slots=True)
class _Unseen:
    sheet: bool = False
    rows: list[int] = field(default_factory=list)
    columns: set[int] = field(default_factory=set)


class Notes:
    """Notes of one file."""

    def __init__(self) -> None:
        self._unseen: dict[str, _Unseen] = {}
        self._without_table: list[str] = []
        self._nothing = False

    def read(self, part: Slice, header: Header, number: int, cells: Sequence[Cell]) -> None:
        """Note what people don't see of the row `number` of this slice, which was read."""
        hidden = part.hidden
        if not any(hidden):
            return
        unseen = self._unseen.setdefault(part.sheet, _Unseen())
        unseen.sheet = hidden.sheet
        if number in hidden.rows:
            unseen.rows.append(number)
        named = set(header.columns.values())
        unseen.columns |= {at for at in hidden.columns if at in named and at < len(cells) and cells[at] != ""}

    def without_table(self, sheet: str) -> None:
        """Note that nothing of this sheet was read, though something stands in it."""
        if sheet not in LISTS:
            self._without_table.append(sheet)

    def nothing_to_post(self) -> None:
        """Note that no row of any table holds a record."""
        self._nothing = True

    def words(self) -> list[Words]:
        """Return all notes, in the order of the file."""
        found = [NoteWords.NOTHING.value] if self._nothing else []
        found += [NoteWords.NO_TABLE.value.filled(sheet=named(sheet)) for sheet in self._without_table[:_LISTED]]
        for sheet, unseen in islice(self._unseen.items(), _LISTED):
            if unseen.sheet:
                found.append(NoteWords.HIDDEN_SHEET.value.filled(sheet=named(sheet)))
            if unseen.rows:
                found.append(hidden_rows(sheet, unseen.rows))
            if unseen.columns:
                listed = _some([column_letters(at) for at in sorted(unseen.columns)])
                found.append(NoteWords.HIDDEN_COLUMNS.value.filled(sheet=named(sheet), listed=listed))
        return found


def hidden_rows(sheet: str, numbers: Sequence[int]) -> Words:
    """Make the note that these rows were read, though people don't see them."""
    return NoteWords.HIDDEN_ROWS.value.filled(sheet=named(sheet), listed=_some([str(number) for number in numbers]))


def _some(items: Sequence[str]) -> str:
    more = len(items) - _LISTED
    return ", ".join(items[:_LISTED]) + (f" … (+{more})" if more > 0 else "")
