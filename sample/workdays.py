"""Working days and deadlines of 2023, written out by hand: the demo's own measure, apart from the product's calendar.

Days off: the State's announcements for 2023 (Tết 20–26/01, Hùng Kings and 30/4–1/5 29/04–03/05, 2/9 01–04/09).
"""

from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from shared.domain.periods import Period, PeriodCalendar
from shared.programme.reports import AfterCutoff, DueRule

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")
DUE_TIME = time(17)
MORNING = time(8)
CALENDAR = PeriodCalendar(14)
DAYS_OFF = frozenset(
    {
        date(2023, 1, 2),
        *(date(2023, 1, day) for day in range(20, 27)),
        date(2023, 5, 1),
        date(2023, 5, 2),
        date(2023, 5, 3),
        date(2023, 9, 1),
        date(2023, 9, 4),
        date(2024, 1, 1),
    }
)


def is_working_day(day: date) -> bool:
    """Tell whether a day is one from Monday to Friday and no day off."""
    return day.weekday() < 5 and day not in DAYS_OFF


def shift(day: date, working_days: int) -> date:
    """Count so many working days on from a day (back if negative)."""
    step = timedelta(days=1 if working_days > 0 else -1)
    for _ in range(abs(working_days)):
        day += step
        while not is_working_day(day):
            day += step
    return day


def due_on(rule: DueRule, period: Period) -> date:
    """Work out the day on which a report of the period is due."""
    end = CALENDAR.end(period)
    if isinstance(rule, AfterCutoff):
        return shift(end, rule.after_cutoff_working_days)
    day = end.replace(day=rule.day_of_month)
    return day if is_working_day(day) else shift(day, 1)


def at(day: date, hour: int, minute: int = 0) -> datetime:
    """Make an instant in Việt Nam."""
    return datetime.combine(day, time(hour, minute), HANOI)


def due_at(rule: DueRule, period: Period) -> datetime:
    """Work out the instant at which a report of the period is due."""
    return datetime.combine(due_on(rule, period), DUE_TIME, HANOI)


def morning(day: date) -> datetime:
    """Return when messages of a day go out."""
    return datetime.combine(day, MORNING, HANOI)
