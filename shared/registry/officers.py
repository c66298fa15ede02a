"""An officer: who is told, how, and when not. Pure."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Officer:
    """One officer. `unit` is a uid; `channels` are addresses like email:a@b.vn in order of preference.

    Within `quiet` (from, to; over midnight if from is later) nothing is delivered; until `away_until` (inclusive) the
    officer of the same unit whose name is `deputy` is told instead; `optional` says whether optional steps are wanted.
    """

    name: str
    role: str
    unit: str
    agency: str
    channels: tuple[str, ...]
    language: str = "vi"
    quiet: tuple[time, time] | None = None
    away_until: date | None = None
    deputy: str | None = None
    optional: bool = True
    id: int = 0

    def free_at(self, now: datetime, zone: ZoneInfo) -> datetime:
        """Return `now`, or the end of the quiet hours that it lies in."""
        if self.quiet is None:
            return now
        local = now.astimezone(zone)
        start, end = self.quiet
        over_midnight = start > end
        inside = local.time() >= start or local.time() < end if over_midnight else start <= local.time() < end
        if not inside:
            return now
        day = local.date() + timedelta(days=1 if over_midnight and local.time() >= start else 0)
        return datetime.combine(day, end, zone)
