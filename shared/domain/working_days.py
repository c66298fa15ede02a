"""Works out working days: Monday to Friday less public holidays, plus make-up days, plus a programme's own overrides.

The `holidays` package knows Tết and most official swaps; a swap that is announced late, or that it misses, is in the
programme's override file, which has the last word.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import TYPE_CHECKING

from shared.programme.model import CalendarDay

if TYPE_CHECKING:
    from holidays import HolidayBase

_LANGUAGES = {"vi": "vi", "en": "en_US"}
_WEEKEND = 5  # date.weekday() of a Saturday


class DayKind(StrEnum):
    """Why a day is worked or not."""

    WEEKDAY = "weekday"
    WEEKEND = "weekend"
    HOLIDAY = "holiday"
    OFF = "off"  # ordered off by an instrument of the programme's override file
    WORK = "work"  # a day of rest that is worked to make up for another

    @property
    def working(self) -> bool:
        """Whether people are at work on such a day."""
        return self in {DayKind.WEEKDAY, DayKind.WORK}


@dataclass(frozen=True, slots=True)
class DayNote:
    """What is special about a day. `name` is the holiday's name per language, or the instrument that ordered it."""

    day: date
    kind: DayKind
    name: tuple[tuple[str, str], ...] = ()


class WorkingDays:
    """The calendar of one country with overrides. Immutable to its users."""

    def __init__(self, country: str, overrides: tuple[CalendarDay, ...]) -> None:
        self._overrides = {item.date: item for item in overrides}
        import holidays  # noqa: PLC0415 - a third of a second: only those pay who work out days

        supported = getattr(holidays.country_holidays(country), "supported_languages", ())
        self._names: dict[str, HolidayBase] = {
            language: holidays.country_holidays(country, language=code if code in supported else None)
            for language, code in _LANGUAGES.items()
        }
        self._holidays = next(iter(self._names.values()))
        self._kinds: dict[date, DayKind] = {}

    def kind(self, day: date) -> DayKind:
        """Say whether the day is worked, and why."""
        kind = self._kinds.get(day)
        if kind is None:
            kind = self._kinds[day] = self._judge(day)
        return kind

    def is_working(self, day: date) -> bool:
        """Whether people are at work."""
        return self.kind(day).working

    def note(self, day: date) -> DayNote:
        """Describe the day: its kind with the holiday's names or the instrument."""
        kind = self.kind(day)
        name: tuple[tuple[str, str], ...] = ()
        if day in self._overrides:
            name = tuple((language, self._overrides[day].instrument) for language in _LANGUAGES)
        elif kind is DayKind.HOLIDAY:
            name = tuple((language, str(known.get(day))) for language, known in self._names.items())
        return DayNote(day, kind, name)

    def add(self, day: date, count: int) -> date:
        """Find the `count`-th working day after the day (before it if negative).

        For 0 the day itself, or the working day before it where it is a day off.
        """
        step = timedelta(days=1 if count > 0 else -1)
        if count == 0:
            while not self.is_working(day):
                day += step
            return day
        left = abs(count)
        while left:
            day += step
            left -= self.is_working(day)
        return day

    def roll(self, day: date) -> date:
        """Move on to the next working day, unless the day itself is one."""
        while not self.is_working(day):
            day += timedelta(days=1)
        return day

    def _judge(self, day: date) -> DayKind:
        override = self._overrides.get(day)
        if override is not None:
            return DayKind.WORK if override.kind == "work" else DayKind.OFF
        if day in self._holidays:  # also makes the package work out that year's make-up days
            return DayKind.HOLIDAY
        if day.weekday() < _WEEKEND:
            return DayKind.WEEKDAY
        return DayKind.WORK if self._holidays.is_working_day(day) else DayKind.WEEKEND


@lru_cache(maxsize=64)
def working_days(country: str, overrides: tuple[CalendarDay, ...]) -> WorkingDays:
    """Return the calendar, made once for each country and set of overrides."""
    return WorkingDays(country, overrides)
