"""The only place that asks the machine for the time of day.

A simulated clock is one offset for all processes of a run, kept in the database: it advances at the normal rate, and a
restart doesn't rewind it.
"""

from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Return the current instant, in UTC."""
        ...


class SystemClock:
    """The machine's clock, moved by an offset where the run is simulated."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self.offset = offset

    def now(self) -> datetime:
        """Return the current instant of the run, in UTC."""
        return datetime.now(UTC) + self.offset

    def offset_to(self, instant: datetime) -> timedelta:
        """Work out how far the clock would have to be moved from the machine's to show `instant` now."""
        return instant - datetime.now(UTC)
