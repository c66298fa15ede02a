"""Reads the register of units from its CSV and refuses one that is broken, naming line, column and reason."""

import csv
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from shared.domain.units import Unit
from shared.values.scalars import ScalarError, day

COLUMNS = (
    "uid", "code", "name", "level", "type", "parent", "valid_from", "valid_to", "successor", "other_successors",
)  # fmt: skip


FIRST_OF_REGISTER = date(1900, 1, 1)


class UnitsError(Exception):
    """The register can't be used. `problems` has one line each: where, what was expected, what came."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def read_units(path: Path) -> list[Unit]:
    """Read `units.csv` (UTF-8, the columns above). Raises UnitsError with every problem found."""
    problems: list[str] = []
    units: dict[str, Unit] = {}
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        if tuple(rows.fieldnames or ()) != COLUMNS:
            raise UnitsError([f"{path}:1: expected the columns {','.join(COLUMNS)}, got {rows.fieldnames}"])
        for row in rows:
            try:
                unit = _unit(row)
            except ValueError as error:
                problems.append(f"{path}:{rows.line_num}: {error}")
                continue
            if unit.uid in units:
                problems.append(f"{path}:{rows.line_num}: uid {unit.uid} comes a second time")
            units[unit.uid] = unit
    problems += [f"{path}: {problem}" for problem in _broken_links(units)]
    if problems:
        raise UnitsError(problems)
    return list(units.values())


def _unit(row: dict[str, str]) -> Unit:
    for column in ("uid", "code", "name", "level"):
        if not row[column]:
            raise ValueError(f"{column} is empty")
    return Unit(
        uid=row["uid"],
        code=row["code"],
        name=row["name"],
        level=row["level"],
        type=row["type"],
        parent=row["parent"] or None,
        valid_from=_date(row, "valid_from"),
        valid_to=_date(row, "valid_to"),
        successor=row["successor"] or None,
        other_successors=tuple(uid for uid in row["other_successors"].split("|") if uid),
    )


def _date(row: dict[str, str], column: str) -> date | None:
    try:
        return day(row[column], first=FIRST_OF_REGISTER) if row[column] else None
    except ScalarError as error:
        raise ValueError(f"{column}: {error}") from None


def _broken_links(units: dict[str, Unit]) -> Iterable[str]:
    roots = [unit.uid for unit in units.values() if unit.parent is None]
    if len(roots) != 1:
        yield f"expected one unit without a parent, got {len(roots)}: {', '.join(roots[:5])}"
    for unit in units.values():
        for column, uid in (("parent", unit.parent), ("successor", unit.successor)):
            if uid is not None and uid not in units:
                yield f"{unit.uid}: {column} {uid} is not in the file"
        for uid in unit.other_successors:
            if uid not in units:
                yield f"{unit.uid}: other successor {uid} is not in the file"
        if unit.valid_to is None and unit.successor is not None:
            yield f"{unit.uid}: has a successor but no valid_to"
    for column in ("parent", "successor"):
        yield from _cycles(units, column)


def _cycles(units: dict[str, Unit], column: str) -> Iterable[str]:
    cleared: set[str] = set()
    for start in units:
        trail: list[str] = []
        current: str | None = start
        while current is not None and current in units and current not in cleared:
            if current in trail:
                yield f"{current}: its {column} leads back to itself"
                break
            trail.append(current)
            current = getattr(units[current], column)
        cleared.update(trail)
