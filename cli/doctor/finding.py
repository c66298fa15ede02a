"""What one check found."""

from dataclasses import dataclass
from enum import StrEnum


class State(StrEnum):
    """`bad` makes the exit code 1; `unsure` is worth a look, or could not be checked."""

    GOOD = "good"
    UNSURE = "unsure"
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Finding:
    """A check's name (`broker.version`), how it ended, what was seen, and what to do where it isn't good.

    `names` are all that it is about, where `seen` has room for some only (`--json` prints them).
    """

    check: str
    state: State
    seen: str
    cure: str | None = None
    names: tuple[str, ...] = ()


def good(check: str, seen: str) -> Finding:
    """Make a finding that asks for nothing."""
    return Finding(check, State.GOOD, seen)


def unsure(check: str, seen: str, cure: str, names: tuple[str, ...] = ()) -> Finding:
    """Make a finding that is worth a look."""
    return Finding(check, State.UNSURE, seen, cure, names)


def bad(check: str, seen: str, cure: str, names: tuple[str, ...] = ()) -> Finding:
    """Make a finding that something is wrong."""
    return Finding(check, State.BAD, seen, cure, names)
