"""How much of a spreadsheet is read, and how it is told that this one can't be."""

from dataclasses import dataclass
from typing import Literal, TypeAlias

from shared.sheets.words import FileWords
from shared.wording.words import Words

MIB = 1024 * 1024
LAST_ROW = 1_048_576  # of Excel and all that follow it
MERGES = 20_000  # different ones, of all sheets together
SHEET_NAME_CHARS = 200  # every cell's place names its sheet; Excel's limit is 31
CELL_CHARS = 128 * 1024  # the csv module's own limit; Excel's is 32,767

Kind: TypeAlias = Literal["xlsx", "csv"]


class SheetError(ValueError):
    """The file can't be read. `words` say where, what was expected and the cure."""

    def __init__(self, words: Words) -> None:
        super().__init__(words.en)
        self.words = words


class SheetTooLargeError(SheetError):
    """The file has more rows than are taken at once."""


class ReaderAwayError(Exception):
    """No process can be had to read it now: `words` for the client, `reason` for the log."""

    def __init__(self, words: Words, reason: str = "") -> None:
        super().__init__(f"{words.en}: {reason}" if reason else words.en)
        self.words = words


@dataclass(frozen=True, slots=True)
class Limits:
    """What the reading of one file may take.

    `rows` with content of all sheets together, `columns` of each; bytes of the archive's XML when inflated, of the rows
    as JSON, of the process's address space; seconds of CPU and of anybody's watch.
    """

    rows: int
    columns: int
    inflated: int
    content: int
    memory: int
    cpu_seconds: int
    seconds: int


# Of a request: what the door takes in one.
REQUEST = Limits(
    rows=20_000,
    columns=300,
    inflated=64 * MIB,
    content=32 * MIB,
    memory=320 * MIB,
    cpu_seconds=15,
    seconds=40,
)
# Of a file on the machine of whoever reads it with `kip`.
OWN_FILE = Limits(
    rows=LAST_ROW,
    columns=300,
    inflated=2048 * MIB,
    content=1024 * MIB,
    memory=4096 * MIB,
    cpu_seconds=300,
    seconds=600,
)


def too_many_rows(limits: Limits) -> SheetTooLargeError:
    """Make the error for a file with more rows than the limits have."""
    return SheetTooLargeError(FileWords.TOO_MANY_ROWS.value.filled(most=limits.rows))


def too_much(kind: Kind, limits: Limits) -> SheetError:
    """Make the error for a file whose reader ended without a word."""
    return SheetError(
        FileWords.TOO_MUCH.value.filled(kind=kind.upper(), seconds=limits.cpu_seconds, mebibytes=limits.memory // MIB)
    )
