"""What may have been sent in the time that a restore of the database has lost. Pure.

What the backup knows as claimed is in the data, so whatever else was due before the restore was claimed in the lost
time, or never: nobody knows. It is *uncertain*: claimed, so that it is planned once, and kept back until a person says
otherwise (`kip replay --send-uncertain`). What is due later goes out as always.
"""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class LostTime:
    """The lost time, as a sweep has to know it: `until` is the restore, by the run's clock; `first` says that no sweep
    has been since.
    """

    until: datetime
    first: bool

    def has(self, due_at: datetime) -> bool:
        """Tell whether what was due at this instant may have been sent."""
        return due_at <= self.until


def lost_time(until: datetime | None, swept_at: datetime | None) -> LostTime | None:
    """Make it of the restore's instant (None: there was none of late) and that of the last sweep."""
    return None if until is None else LostTime(until, first=swept_at is None or swept_at <= until)
