"""Finds the tables of a spreadsheet while it is read: one a sheet, below its header. Pure."""

from collections.abc import Iterator

from shared.sheets.header import Header, HeaderSearch, no_table
from shared.sheets.notes import Notes
from shared.sheets.rows import Row, Slice


class TableSearch:
    """Takes a file slice by slice. `sheet` and `header` are those of the slice that was taken last.

    `notes` hears of sheets in which something stands and no table.
    """

    def __init__(self, notes: Notes) -> None:
        self.sheet: str | None = None
        self.header: Header | None = None
        self._notes = notes
        self._search = HeaderSearch("")
        self._content = False  # whether something stands in the sheet
        self._tables = 0

    def rows(self, part: Slice) -> Iterator[tuple[Header, Row]]:
        """Give the rows of this slice that stand below a header. Raises LayoutError where one isn't as ours are."""
        if part.sheet != self.sheet:
            self._end_sheet()
            self.sheet, self.header, self._search = part.sheet, None, HeaderSearch(part.sheet)
        for row in part.rows:
            if self.header is None:
                self.header = self._search.take(row.number, row.cells)
                self._tables += self.header is not None
                self._content = True
            else:
                yield self.header, row

    def end(self) -> None:
        """End the search. Raises LayoutError where the last sheet was nearly a table, and when no sheet holds one."""
        self._end_sheet()
        if not self._tables:
            raise no_table()

    def _end_sheet(self) -> None:
        if self.sheet is not None and self.header is None:
            self._search.end()
            if self._content:
                self._notes.without_table(self.sheet)
        self._content = False
