"""The rows of a form's repeat groups, however deep one lies in another. Pure.

KoboToolbox writes groups as paths and repeats as lists, in which each name is again the full path:
`{"visit/villages": [{"visit/villages/name": "…", "visit/villages/talks": [{"visit/villages/talks/date": "…"}]}]}`.
Other software nests objects and names a row's questions from the row on; both are read.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any

from services.intake.refusals.event_words import FormWords
from shared.values.scalars import name_of
from shared.wording.words import Words


class RowsError(Exception):
    """The rows of the repeat group `name` are none, or too many."""

    def __init__(self, name: str, expected: Words, got: object) -> None:
        super().__init__(name)
        self.name = name
        self.expected = expected
        self.got = got


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the repeat group `group` (its full name), the `number`th from 1 of its list; or the whole submission."""

    fields: Mapping[str, Any]
    group: str = ""
    number: int = 0
    outer: "Row | None" = None

    def answer(self, name: str) -> Any:
        """Find the answer to the question of this full name in this row or one around it; None if there is none."""
        found = self.own(name)
        return self.outer.answer(name) if found is None and self.outer is not None else found

    def own(self, name: str) -> Any:
        """Find what this row itself has under a full name."""
        found = find(self.fields, name)
        if found is None and self.group and name.startswith(f"{self.group}/"):
            found = find(self.fields, name.removeprefix(f"{self.group}/"))
        return found

    def name_of(self, name: str) -> str:
        """Write the full name with the numbers of the rows, like `visit/villages[2]/meetings[1]/date`."""
        if self.group and (name == self.group or name.startswith(f"{self.group}/")):
            name = f"{self.group}[{self.number}]{name.removeprefix(self.group)}"
        return self.outer.name_of(name) if self.outer is not None else name


def rows_of(whole: Row, group: str, at_most: int) -> list[Row]:
    """List every row of a repeat group in the order of the form, those of all rows around it together.

    Raises RowsError where something else stands in a group's place, and when they are more than `at_most`.
    """
    rows = list(islice(_rows(whole, group), at_most + 1))
    if len(rows) > at_most:
        raise RowsError(group, FormWords.MOST_ROWS.value.filled(most=at_most), FormWords.MORE.value)
    return rows


def is_told(outer: Row, group: str) -> bool:
    """Say whether a submission tells how many rows a repeat group has, be it none, or that one around it has none.

    KoboToolbox leaves out a group without rows; but so does a form in which the group has another name by now.
    """
    for name in _names_below(outer.group, group):
        found = outer.own(name)
        if isinstance(found, list):
            rows = (Row(row, name, number, outer) for number, row in enumerate(found, 1) if isinstance(row, Mapping))
            return name == group or not found or any(is_told(row, group) for row in rows)
        if name == group and found is not None:
            return True  # something else in its place, which `rows_of` names
    return False


def answers(row: Row, question: str) -> Iterator[Any]:
    """Find every answer to a question in a row and in the rows inside it."""
    found = row.own(question)
    if found is not None:
        yield found
        return
    for name in _names_below(row.group, question):
        inside = row.own(name)
        if isinstance(inside, list):
            for number, fields in enumerate(inside, 1):
                if isinstance(fields, Mapping):
                    yield from answers(Row(fields, name, number, row), question)
            return


def find(fields: Mapping[str, Any], name: str) -> Any:
    """Find a field by its name: webhooks write groups as `group/field`, some software as nested objects."""
    if name in fields:
        return fields[name]
    here: Any = fields
    for step in name.split("/"):
        if not isinstance(here, Mapping) or step not in here:
            return None
        here = here[step]
    return here


def _rows(outer: Row, group: str) -> Iterator[Row]:
    """Find the rows on the way to the group: the first list holds its own, or those of a repeat around it."""
    for name in _names_below(outer.group, group):
        found = outer.own(name)
        if isinstance(found, list):
            for number, fields in enumerate(found, 1):
                row = Row(fields, name, number, outer)
                if not isinstance(fields, Mapping):
                    raise RowsError(row.name_of(name), FormWords.ROW.value, name_of(fields))
                if name == group:
                    yield row
                else:
                    yield from _rows(row, group)
            return
        if name == group and found is not None:
            raise RowsError(outer.name_of(name), FormWords.GROUP.value, name_of(found))


def _names_below(outer: str, group: str) -> Iterator[str]:
    """List `a/b` and `a/b/c` for the group `a/b/c` below `a`."""
    steps = group.split("/")
    for length in range(1, len(steps) + 1):
        name = "/".join(steps[:length])
        if len(name) > len(outer):
            yield name
