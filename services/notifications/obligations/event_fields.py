"""Reads the fields of an event. Intake has checked its own; what another publisher wrote must not stall us.

What the database would refuse, or what arithmetic would stumble over, is refused here, where its event goes alone.
"""

from shared.domain.periods import parse_period
from shared.values.scalars import text, whole_number

_MOST = 2**31 - 2  # shared.domain.events.Revision


def problem_text(value: object) -> str | None:
    """Read the text of a problem; None where there is none. Raises ValueError."""
    return None if value is None else text(value, 2000)


def revision(value: object) -> int:
    """Read a record's revision. Raises TypeError or ValueError."""
    if type(value) is not int:
        raise TypeError(f"expected a whole number, got {type(value).__name__}")
    return whole_number(value, most=_MOST)


def period(value: object) -> str:
    """Read a period's text. Raises ValueError."""
    parse_period(text(value))
    return str(value)


__all__ = ["period", "problem_text", "revision", "text"]
