"""Finds the header of a table: one of a sheet's first rows, with a column that says what the rows below it are.

Neither case nor space around a name counts. Each column has a name of its own that is known, or one for people (`#`).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

from shared.sheets.columns import COLUMNS, KEYS, NOTE, PREFIXES, column_letters
from shared.sheets.faults import is_error
from shared.sheets.words import LayoutWords
from shared.values.composed_text import composed
from shared.values.personal_data import named
from shared.values.scalars import shown
from shared.wording.words import Words, joined

HEADER_ROWS = 20  # the header is looked for in the first ones
NAME_CHARS = 200  # of a column's name that are read: a known one is shorter, and one for people isn't compared
_UNSEEN = "\u200b\ufeff"  # a space without width, a byte order mark that was copied along
_KNOWN = frozenset().union(*COLUMNS.values())


class LayoutError(ValueError):
    """A sheet isn't laid out as ours are. `words` names the place, what was expected and what came."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.en)
        self.words = words


@dataclass(frozen=True, slots=True)
class Header:
    """What a table's rows are (one of KEYS), which row is its header (from 0), its columns by name (from 0).

    `for_people` are the names of columns that are not read, each by its place.
    """

    kind: str
    row: int
    columns: Mapping[str, int]
    for_people: Mapping[int, str] = field(default_factory=dict)


class HeaderSearch:
    """Looks for the header in the rows of the sheet of this name ("" for CSV), in their order."""

    def __init__(self, sheet: str) -> None:
        self._sheet = sheet
        self._nearly: LayoutError | None = None

    def take(self, number: int, cells: Sequence[object]) -> Header | None:
        """Read the row `number` (from 1) as a header; None when it is none.

        Raises LayoutError where it is one with a column that is unknown, there twice or missing.
        """
        if number > HEADER_ROWS:
            return None
        names = [column_name(cell) for cell in cells]
        place = place_of(self._sheet, number)
        kind = next((key for key in KEYS if key in names), None)
        if kind is None or "unit" not in names:
            if len(_KNOWN & set(names)) > 1 and self._nearly is None:
                self._nearly = _missing(place, ["unit"]) if kind else _without_key(place)
            return None
        refuse_twice(place, names)
        columns = {name: index for index, name in enumerate(names) if name and not is_for_people(name)}
        _refuse_unknown(place, kind, columns)
        missing = list(_needed_and_absent(kind, columns))
        if missing:
            raise _missing(place, missing)
        return Header(kind, number - 1, columns, {at: name for at, name in enumerate(names) if is_for_people(name)})

    def end(self) -> None:
        """End the search: the sheet has no header. Raises LayoutError where a row was nearly one."""
        if self._nearly is not None:
            raise self._nearly


def column_name(cell: object) -> str:
    """Write a column's name as it counts: of a long cell NAME_CHARS at most, for any cell may stand in a first row."""
    text = str(cell).strip().strip(_UNSEEN).strip()
    return composed(text[:NAME_CHARS]).strip().lower()


def place_of(sheet: str, number: int) -> Words:
    """Name a row for people."""
    return LayoutWords.ROW.value.filled(sheet=named(sheet) or "CSV", row=number)


def no_table() -> LayoutError:
    """Make the error for a file of which no sheet has a header."""
    return LayoutError(LayoutWords.NO_TABLE.value.filled(keys=", ".join(KEYS), rows=HEADER_ROWS))


def delimiter_of(lines: Iterable[str]) -> str:
    """Find what separates the cells of a CSV: a comma, a semicolon or a tab.

    It is the one by which a line is most of a header; where none is any, the most frequent one of the first line.
    """
    first = list(islice(lines, HEADER_ROWS))

    def score(delimiter: str) -> tuple[int, int]:
        best = max((_known_in(line, delimiter) for line in first), default=0)
        return best, first[0].count(delimiter) if first else 0

    return max(",;\t", key=score)


def is_for_people(name: str) -> bool:
    """Tell whether a column of this name is not read."""
    return name.startswith(NOTE) and not is_error(name)


def _known_in(line: str, delimiter: str) -> int:
    return len(_KNOWN & {column_name(cell.strip().strip('"')) for cell in line.split(delimiter)})


def refuse_twice(place: Words, names: Sequence[str]) -> None:
    """Raise LayoutError where two columns have one name. `place` is that of their row."""
    first: dict[str, int] = {}
    for index, name in enumerate(names):
        if not name or is_for_people(name):
            continue
        before = first.setdefault(name, index)
        if before != index:
            raise LayoutError(
                LayoutWords.TWICE.value.filled(
                    place=place,
                    name=shown(name),
                    first=column_letters(before),
                    second=column_letters(index),
                    note=NOTE,
                )
            )


def _refuse_unknown(place: Words, kind: str, named: Mapping[str, int]) -> None:
    unknown = {
        column_letters(index): shown(name)
        for name, index in named.items()
        if name not in COLUMNS[kind] and not name.startswith(PREFIXES[kind])
    }
    if unknown:
        expected = ", ".join([*sorted(COLUMNS[kind]), *(f"{prefix}…" for prefix in PREFIXES[kind])])
        columns = [
            LayoutWords.UNKNOWN_COLUMN.value.filled(letters=letters, name=name)
            for letters, name in list(unknown.items())[:10]
        ]
        words = LayoutWords.UNKNOWN.value
        raise LayoutError(words.filled(place=place, columns=joined(columns, ", "), expected=expected))


def _needed_and_absent(kind: str, columns: Mapping[str, int]) -> Iterable[str]:
    """List the columns without which no row of the table can be right."""
    needed = {
        "indicator": ["agency", "period"],
        "activity": ["record"] if "withdraw" in columns else ["record", "agency", "held_on"],
        "report": ["agency", "period", "submitted"],
    }[kind]
    if kind == "indicator" and ("component" not in columns or columns.keys() & {"numerator", "denominator"}):
        needed += ["numerator", "denominator"]
    if kind == "indicator" and "component" in columns:
        needed += ["value"]
    return (name for name in needed if name not in columns)


def _missing(place: Words, names: Sequence[str]) -> LayoutError:
    return LayoutError(LayoutWords.MISSING.value.filled(place=place, names=", ".join(names)))


def _without_key(place: Words) -> LayoutError:
    return LayoutError(LayoutWords.WITHOUT_KEY.value.filled(place=place, keys=", ".join(KEYS)))
