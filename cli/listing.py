"""Tables of words for a terminal: what is too long goes on in the next line, nothing is cut."""

from collections.abc import Iterable, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

LONGEST_WORD = 48  # one that is longer goes on in the next line too
_BETWEEN = 3  # columns, with the line between them

Cell = Text | str


def print_listing(out: Console, headings: Sequence[str], rows: Sequence[Sequence[Cell | None]]) -> None:
    """Print the rows. No word is cut, so that a name can be copied into the next command.

    Where the words don't fit side by side, lines are longer than the console's; in a pipe or a file every cell stays
    whole in one line, for `grep` and the like. Square brackets are no markup.
    """
    cells = [[cell if isinstance(cell, Text) else Text(cell or "") for cell in row] for row in rows]
    columns = [[heading, *(row[place].plain for row in cells)] for place, heading in enumerate(headings)]
    widths = _widths(columns, out.width - _BETWEEN * len(columns) - 1 if out.is_terminal else None)
    table = Table(header_style="bold", width=sum(widths) + _BETWEEN * len(columns) + 1)
    for heading, width in zip(headings, widths, strict=True):
        table.add_column(heading, overflow="fold", width=width)
    for row in cells:
        table.add_row(*row)
    out.print(table, crop=False)


def _widths(columns: Sequence[Sequence[str]], room: int | None) -> list[int]:
    """Choose each column's width: the text's own, or, where `room` is less than all take, less down to its longest
    word; the one with most to give goes first.
    """
    widths = [_longest(line for text in texts for line in text.splitlines()) for texts in columns]
    least = [min(_longest(word for text in texts for word in text.split()), LONGEST_WORD) for texts in columns]
    while room is not None and sum(widths) > room:
        spare, place = max(
            (width - fewest, place) for place, (width, fewest) in enumerate(zip(widths, least, strict=True))
        )
        if not spare:
            break
        widths[place] -= 1
    return widths


def _longest(texts: Iterable[str]) -> int:
    return max(map(cell_len, texts), default=0)
