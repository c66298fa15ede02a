"""What an import changes: who is added, who is brought up to date and in what, who stays as they are; and who is told
beside them. Pure.
"""

import shlex
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, fields

from cli.officers.people import Placed, named
from shared.registry.officers import Officer, person

MOST_LINES = 20  # of each kind, then their number
_Key = tuple[str, str, str]


@dataclass(frozen=True, slots=True)
class Changes:
    """An import's officers: new ones, those that change with the names of the columns, and how many stay."""

    added: list[Officer]
    updated: list[tuple[Officer, list[str]]]
    unchanged: int

    def lines(self) -> Iterator[str]:
        """Say what changes, a line each."""
        yield from some([f"+ {_whose(officer)}" for officer in self.added])
        yield from some([f"~ {_whose(officer)}: {', '.join(columns)}" for officer, columns in self.updated])

    def counts(self) -> str:
        """Say how many."""
        return f"{len(self.added):,} added, {len(self.updated):,} updated, {self.unchanged:,} unchanged"


def changes_of(imported: Iterable[Officer], registered: Iterable[Officer]) -> Changes:
    """Compare a file's officers with those that are registered."""
    before = {_key(officer): officer for officer in registered}
    made = Changes([], [], 0)
    unchanged = 0
    for officer in imported:
        old = before.get(_key(officer))
        if old is None:
            made.added.append(officer)
        elif columns := _differing(old, officer):
            made.updated.append((officer, columns))
        else:
            unchanged += 1
    return Changes(made.added, made.updated, unchanged)


def also_told(imported: Sequence[Officer], placed: Iterable[Placed]) -> Iterator[str]:
    """Say who is registered at a former unit of the file's units, and isn't in the file: they are told as well."""
    units, there = {officer.unit for officer in imported}, {_key(officer) for officer in imported}
    former = [
        one
        for one in placed
        if one.today is not None and one.today != one.registered and one.today.uid in units
        if _key(one.officer) not in there
    ]
    yield from some(
        [
            f"{one.officer.name} is registered at {named(one.registered)}, sits at {named(one.today)} now and is "
            f"told as well; to end that: {removal(one.officer)}"
            for one in former
        ]
    )


def removal(officer: Officer) -> str:
    """Write the command that removes an officer."""
    name = shlex.quote(officer.name)
    return f"kip officer remove {name} --unit {officer.unit} --agency {officer.agency}"


def some(lines: Sequence[str]) -> Iterator[str]:
    """Give the first lines, and how many more there are."""
    yield from lines[:MOST_LINES]
    if len(lines) > MOST_LINES:
        yield f"and {len(lines) - MOST_LINES:,} more"


def _key(officer: Officer) -> _Key:
    return officer.unit, officer.agency, person(officer.name)


def _differing(old: Officer, new: Officer) -> list[str]:
    """Name the columns that differ, and say where an address that is gone ends what was sent there."""
    gone = {address.lower() for address in old.channels} - {address.lower() for address in new.channels}
    names = [field.name for field in fields(Officer) if field.name not in {"id", "name", "generation"}]
    differing = [name for name in names if getattr(old, name) != getattr(new, name)]
    return [f"{name} (ends links, sessions and devices)" if gone and name == "channels" else name for name in differing]


def _whose(officer: Officer) -> str:
    return f"{officer.name}, {officer.unit} {officer.agency}"
