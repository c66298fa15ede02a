"""The rows of a sheet as they are read, with what people don't see of them. Pure."""

from collections.abc import Collection, Sequence
from typing import NamedTuple, TypeAlias

Cell: TypeAlias = str | int | float | bool  # "" for a cell without content; a day as 2023-03-09; texts in NFC


class Row(NamedTuple):
    """A row with content: its number from 1, its cells from the first column to the last with content."""

    number: int
    cells: Sequence[Cell]


class Hidden(NamedTuple):
    """What a spreadsheet program doesn't show: the whole sheet, columns (from 0), rows (their numbers, from 1)."""

    sheet: bool = False
    columns: Collection[int] = frozenset()
    rows: Collection[int] = frozenset()


class Merge(NamedTuple):
    """Cells that were merged to one: rows from 1, columns from 0, the last ones included."""

    first_row: int
    first_column: int
    last_row: int
    last_column: int


class Slice(NamedTuple):
    """Some rows of the sheet of this name ("" for CSV). Each sheet has one at least, be it empty.

    `hidden` says what of the sheet, its columns and these rows people don't see. `merges` are all of the sheet: they
    stand behind its rows, so that they come with its last slice, which has no rows.
    """

    sheet: str
    rows: Sequence[Row]
    hidden: Hidden = Hidden()
    merges: Sequence[Merge] = ()
