"""An officer: who is told, how, and when not. Pure."""

import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.values.names import spaced


def person(name: str) -> str:
    """Fold a name so that two spellings of one person are the same: neither Unicode form, case nor space counts.

    The database says the same of two names (`officer_store.PERSON`).
    """
    return unicodedata.normalize("NFC", spaced(name).casefold())


def hears_of(programmes: Collection[str], programme: str) -> bool:
    """Tell whether one who belongs to these programmes (none named: to all) hears of this one."""
    return not programmes or programme in programmes


@dataclass(frozen=True, slots=True)
class Officer:
    """One officer. `unit` is a uid; `channels` are addresses like email:a@b.vn in order of preference.

    Within `quiet` (from, to; over midnight if from is later) nothing is delivered; until `away_until` (inclusive) the
    officer of the same unit whose name is `deputy` is told instead; `optional` says whether optional steps are wanted.
    `programmes` are those that the officer belongs to; none named: all. What was given to the officer under another
    `generation` (links, sessions, devices) has ended.
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
    programmes: tuple[str, ...] = ()
    id: int = 0
    generation: int = 0

    @property
    def ref(self) -> str:
        """The officer as other services and links name them: `12.0`."""
        return f"{self.id}.{self.generation}"

    def belongs_to(self, programme: str) -> bool:
        """Tell whether the officer hears of this programme."""
        return hears_of(self.programmes, programme)

    def held_until(self, now: datetime, zone: ZoneInfo) -> datetime | None:
        """Return the end of the quiet hours that `now` lies in; None outside them."""
        free = self.free_at(now, zone)
        return free if free > now else None

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
