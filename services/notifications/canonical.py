"""Reads the values of a canonical event. Intake has checked its own; what another publisher wrote must not stall us.

What the database would refuse is refused here, where its message alone goes to the dead-letter queue.
"""

from datetime import datetime
from typing import Any

from shared.periods import parse_period

_MOST = 2**31 - 2  # shared.events.Revision


def text(value: Any, most: int = 200) -> str:
    """A text that PostgreSQL can keep and index, of `most` characters. Raises TypeError or ValueError."""
    if not isinstance(value, str):
        raise TypeError(f"expected a text, got {type(value).__name__}")
    if len(value) > most:
        raise ValueError(f"expected at most {most} characters, got {len(value)}")
    if "\x00" in value:
        raise ValueError("expected a text without a NUL")
    return value


def told(value: Any) -> str | None:
    """The words of a problem, or None. Raises TypeError or ValueError."""
    return None if value is None else text(value, 2000)


def revision(value: Any) -> int:
    """A record's revision. Raises TypeError or ValueError."""
    if type(value) is not int:
        raise TypeError(f"expected a whole number, got {type(value).__name__}")
    if not 0 <= value <= _MOST:
        raise ValueError(f"expected 0 to {_MOST}, got {value}")
    return value


def instant(value: Any) -> datetime:
    """A time with its offset. Raises TypeError or ValueError."""
    read = datetime.fromisoformat(value)
    if read.tzinfo is None:
        raise ValueError(f"expected a time with an offset, got {value}")
    return read


def period(value: Any) -> str:
    """A period's text. Raises TypeError or ValueError."""
    parse_period(text(value))
    return str(value)
