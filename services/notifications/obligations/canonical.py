"""Reads the values of a canonical event. Intake has checked its own; what another publisher wrote must not stall us.

What the database would refuse, or what arithmetic would stumble over, is refused here, where its event goes alone.
"""

from typing import Any

from shared.domain.periods import parse_period
from shared.values.scalars import instant, text, whole_number

_MOST = 2**31 - 2  # shared.domain.events.Revision


def told(value: Any) -> str | None:
    """The words of a problem, or None. Raises ValueError."""
    return None if value is None else text(value, 2000)


def revision(value: Any) -> int:
    """A record's revision. Raises TypeError or ValueError."""
    if type(value) is not int:
        raise TypeError(f"expected a whole number, got {type(value).__name__}")
    return whole_number(value, most=_MOST)


def period(value: Any) -> str:
    """A period's text. Raises ValueError."""
    parse_period(text(value))
    return str(value)


__all__ = ["instant", "period", "revision", "text", "told"]
