"""Days off and worked, and the ends of periods, as the model of `model_obligations.py` has them: a list of its own."""

from datetime import date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
DAY = timedelta(days=1)
# New Year, Tết, Hùng Kings' day, 30/04 and 01/05, National Day; 02/05/2025 and 02/01/2026 against two Saturdays.
OFF = frozenset(
    date(2025, month, day)
    for month, days in {1: (1, 27, 28, 29, 30, 31), 4: (7, 30), 5: (1, 2), 9: (1, 2)}.items()
    for day in days
) | {date(2026, 1, 1), date(2026, 1, 2)}
WORKED_SATURDAYS = frozenset({date(2025, 4, 26), date(2026, 1, 10)})


def is_worked(day: date) -> bool:
    return day in WORKED_SATURDAYS or (day.weekday() < 5 and day not in OFF)


@cache
def worked(day: date, count: int) -> date:
    """The `count`-th working day after the day (before it if negative); for 0 the day or the last one before it."""
    if count == 0:
        return day if is_worked(day) else worked(day, -1)
    step = DAY if count > 0 else -DAY
    for _ in range(abs(count)):
        day += step
        while not is_worked(day):
            day += step
    return day


def at_work(now: datetime) -> bool:
    return is_worked(now.date()) and time(8) <= now.time() < time(17)


def cutoff(period: str) -> date:
    """The 14th of the period's last month."""
    year, _, part = period.partition("-")
    months = {"": 12, "Q": 3 * int(part[1:] or 0), "H": 6 * int(part[1:] or 0)}[part[:1]]
    return date(int(year), months, 14)


def first_day(period: str) -> date:
    end = cutoff(period)
    months = {"": 12, "Q": 3, "H": 6}[period.partition("-")[2][:1]]
    month = end.year * 12 + end.month - 1 - months
    return date(month // 12, month % 12 + 1, 15)
