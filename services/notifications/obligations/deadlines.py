"""Work out a deadline from its rule, and which day off has moved it (Decree 09/2019/NĐ-CP, art. 8.5 and 13)."""

import json
from calendar import monthrange
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Self
from zoneinfo import ZoneInfo

from shared.domain.periods import Period, PeriodCalendar
from shared.domain.working_days import DayKind, DayNote, WorkingDays, working_days
from shared.programme.model import Programme
from shared.programme.reports import AfterCutoff, DayOfMonth, DueRule

_WEEKEND = 5  # date.weekday() of a Saturday


@dataclass(frozen=True, slots=True)
class Shift:
    """A deadline that is not where the rule alone would put it: that day, and the day off (or worked) that moved it."""

    original: date
    because: DayNote

    def as_json(self) -> dict[str, object]:
        """Give what is stored: language-free, rendered for each reader."""
        note = self.because
        return {
            "from": self.original.isoformat(),
            "day": note.day.isoformat(),
            "kind": str(note.kind),
            "name": dict(note.name),
        }

    @classmethod
    def from_json(cls, text: str) -> Self:
        """Read what `as_json` gave. Raises KeyError, TypeError, ValueError or AttributeError for anything else."""
        stored = json.loads(text)
        note = DayNote(date.fromisoformat(stored["day"]), DayKind(stored["kind"]), tuple(stored["name"].items()))
        return cls(date.fromisoformat(stored["from"]), note)


@dataclass(frozen=True, slots=True)
class Deadline:
    """The last instant at which a report is on time, and why it was moved."""

    due_at: datetime
    shifted_because: Shift | None


def due_at(
    rule: DueRule, period: Period, calendar: PeriodCalendar, days: WorkingDays, due_time: time, zone: ZoneInfo
) -> Deadline:
    """Work out the deadline of a period under a rule."""
    cutoff = calendar.end(period)
    match rule:
        case AfterCutoff():
            day, shift = _after_cutoff(cutoff, rule.after_cutoff_working_days, days)
        case DayOfMonth():
            day, shift = _day_of_month(cutoff, rule, days)
    return Deadline(datetime.combine(day, due_time, zone), shift)


def deadline_of(programme: Programme, rule: DueRule, period: Period) -> Deadline:
    """Work out the deadline of a period under a rule of the programme."""
    days = working_days(programme.holidays.country, programme.calendar_overrides)
    return due_at(rule, period, programme.calendar, days, programme.due_time, ZoneInfo(programme.timezone))


def _after_cutoff(cutoff: date, count: int, days: WorkingDays) -> tuple[date, Shift | None]:
    plain, left = cutoff, count
    while left:
        plain += timedelta(days=1)
        left -= plain.weekday() < _WEEKEND
    due = days.add(cutoff, count)
    if due == plain:
        return due, None
    day = cutoff + timedelta(days=1)
    while days.is_working(day) == (day.weekday() < _WEEKEND):
        day += timedelta(days=1)
    return due, Shift(plain, days.note(day))


def _day_of_month(cutoff: date, rule: DayOfMonth, days: WorkingDays) -> tuple[date, Shift | None]:
    year, month = cutoff.year, cutoff.month
    original = _day(year, month, rule.day_of_month)
    if rule.month == "following" or original <= cutoff:
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        original = _day(year, month, rule.day_of_month)
    due = days.roll(max(original, days.add(cutoff, 1)))
    if due == original:
        return due, None
    return due, Shift(original, days.note(original))


def _day(year: int, month: int, day: int) -> date:
    return date(year, month, min(day, monthrange(year, month)[1]))


__all__ = ["DayKind", "Deadline", "Shift", "deadline_of", "due_at"]
