"""What is wrong with a programme's folder, by file, line and place. Pure, and free of the readers that find it."""

from dataclasses import dataclass

PROGRAMME_FILE = "programme.yaml"

Place = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Problem:
    """One error of a programme's folder: the file, the line if it is known, the path in the file, and the reason."""

    file: str
    line: int | None
    path: str
    reason: str

    def __str__(self) -> str:
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.path}: {self.reason}" if self.path else f"{where}: {self.reason}"


class ProgrammeError(Exception):
    """A programme's folder can't be used; `problems` says all the reasons."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


def written(place: Place) -> str:
    """Write a place as people do: `indicators[1].reporters[0].agencies`."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return text.removeprefix(".")
