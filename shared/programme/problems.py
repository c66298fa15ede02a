"""Where the files of a programme are, and what is wrong with them, by file, line and place. Pure; it reads none."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROGRAMME_FILE = "programme.yaml"
# A file for each country whose days off and made up the package `holidays` doesn't know: shared by all programmes.
CALENDARS = Path(__file__).resolve().parents[2] / "data" / "calendars"

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One error of a programme's folder: the file, the line if it is known, the path in the file, and the reason."""

    file: str
    line: int | None
    path: str
    reason: str

    @property
    def where(self) -> str:
        """The file, the line and the path, as far as there are any."""
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.path}" if self.path else where

    def __str__(self) -> str:
        return f"{self.where}: {self.reason}"


class ProgrammeError(Exception):
    """A programme's folder can't be used; `problems` says all the reasons."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def written(place: Place) -> str:
    """Write a place as people do: `indicators[1].reporters[0].agencies`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return text.removeprefix(".")


def values_at(values: Any, pattern: str) -> list[tuple[Place, Any]]:
    """Find what stands at the places of a pattern in a file's raw values; a place that is missing, or of another shape,
    gives nothing. `*` is every item of a list, `~` every key: `indicators.*.options.~`.
    """
    found: list[tuple[Place, Any]] = [((), values)]
    for step in pattern.split("."):
        found = [((*place, key), value) for place, here in found for key, value in _step(here, step)]
    return found


def _step(here: Any, step: str) -> list[tuple[str | int, Any]]:
    if step == "*":
        return list(enumerate(here)) if isinstance(here, list) else []
    if not isinstance(here, dict):
        return []
    if step == "~":
        return [(key, key) for key in here]
    return [(step, here[step])] if step in here else []


@dataclass(slots=True)
class Document:
    """A file's values, the line (from 1) of each place in it, and what could not be read."""

    file: str
    values: Any = None
    lines: dict[Place, int] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)

    def problem(self, place: Place, reason: str) -> Problem:
        """Make a problem at a place of this file; of a place that is missing the line is that of the nearest one
        around.
        """
        line = next((self.lines[place[:end]] for end in range(len(place), -1, -1) if place[:end] in self.lines), None)
        return Problem(self.file, line, written(place), reason)
