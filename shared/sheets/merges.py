"""Finds merged cells in a table: only the first of them holds a value, which reads as that and empty cells. Pure."""

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterator, Sequence

from shared.sheets.columns import column_letters
from shared.sheets.header import LayoutError, place_of
from shared.sheets.rows import Merge
from shared.sheets.words import MergeWords
from shared.wording.words import Words, joined


def merges_over(
    merges: Sequence[Merge], rows: Sequence[int], columns: Collection[int]
) -> Iterator[tuple[Merge, range]]:
    """Find the merges that cover a cell in these columns of these rows (their numbers, in order).

    With each comes which of the rows it covers, counted from 0. A title above a table, what stands below or beside it
    and columns for people may be merged.
    """
    ordered = sorted(columns)
    for merge in merges:
        at = bisect_left(ordered, merge.first_column)
        if at == len(ordered) or ordered[at] > merge.last_column:
            continue
        covered = range(bisect_left(rows, merge.first_row), bisect_right(rows, merge.last_row))
        if covered:
            yield merge, covered


def refuse_merged_header(sheet: str, merges: Sequence[Merge], number: int, columns: Collection[int]) -> None:
    """Raise LayoutError where a cell of the header, the row `number`, is merged with others."""
    for merge, _ in merges_over(merges, [number], columns):
        raise LayoutError(joined([place_of(sheet, number), merge_fault(merge)], ": "))


def merge_fault(merge: Merge) -> Words:
    """Say why such cells can't be read, and the cure."""
    return MergeWords.MERGED.value.filled(cells=cells_of(merge))


def cells_of(merge: Merge) -> str:
    """Name the merged cells as a spreadsheet does: F2:F3."""
    first = f"{column_letters(merge.first_column)}{merge.first_row}"
    return f"{first}:{column_letters(merge.last_column)}{merge.last_row}"
