"""Periods, working days and deadlines of one programme, told again from Decree 09/2019/NĐ-CP and the file."""

import calendar
import csv
from datetime import date, datetime, time, timedelta
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import holidays

from tests.system import ROOT

DAY = timedelta(days=1)
MONTHS = {"month": 1, "quarter": 3, "half-year": 6, "year": 12}
LETTERS = {"Q": "quarter", "H": "half-year", "W": "week"}


class Moved(NamedTuple):
    """From which day a deadline was moved, and for which days off."""

    day: date
    off: tuple[tuple[date, str], ...]  # each with the name of its holiday, "" for a day of the weekend


def kind_of(period: str) -> str:
    """`2026` is a year, `2026-Q4` a quarter, `2026-W07` a week."""
    _, _, part = period.partition("-")
    return LETTERS.get(part[:1], "month") if part else "year"


class Times:
    """What a programme's calendar says. Days are those of its time zone."""

    def __init__(self, plan: dict[str, Any]) -> None:
        self.zone = ZoneInfo(plan["timezone"])
        self.cutoff: int | None = plan["cutoff_day"]
        self.due_time = time.fromisoformat(plan["due_time"])
        hours = plan["working_hours"]
        self.opens, self.closes = time.fromisoformat(hours["start"]), time.fromisoformat(hours["end"])
        country = plan["holidays"]["country"]
        self._holidays = holidays.country_holidays(country)
        self._ordered: dict[date, bool] = {}
        file = ROOT / "data" / "calendars" / f"{country}.csv"
        if file.exists():
            for row in csv.DictReader(file.open(encoding="utf-8", newline="")):
                self._ordered[date.fromisoformat(row["date"])] = row["kind"] == "work"

    @cache  # noqa: B019 - a calendar lives as long as its test
    def first(self, period: str) -> date:
        """The day on which the period begins."""
        year, _, part = period.partition("-")
        kind = kind_of(period)
        if kind == "week":
            return date.fromisocalendar(int(year), int(part[1:]), 1)
        months = MONTHS[kind]
        number = int(part.lstrip("QH")) if part else 1
        return self._month_begins(int(year) * 12 + (number - 1) * months)

    @cache  # noqa: B019 - likewise
    def last(self, period: str) -> date:
        """The day on which the period ends."""
        if kind_of(period) == "week":
            return self.first(period) + 6 * DAY
        return self._month_begins(self._month(self.first(period)) + MONTHS[kind_of(period)]) - DAY

    def _month_begins(self, ordinal: int) -> date:
        """The first day of a month of reporting; months are counted from year 0."""
        if self.cutoff is None:
            return date(ordinal // 12, ordinal % 12 + 1, 1)
        return date((ordinal - 1) // 12, (ordinal - 1) % 12 + 1, self.cutoff + 1)

    def _month(self, day: date) -> int:
        """Which month of reporting the day lies in, counted from year 0."""
        return day.year * 12 + day.month - 1 + (self.cutoff is not None and day.day > self.cutoff)

    def month_of(self, day: date) -> int:
        return self._month(day)

    def containing(self, day: date, kind: str) -> str:
        """The period of a kind that the day lies in."""
        if kind == "week":
            year, week, _ = day.isocalendar()
            return f"{year}-W{week:02d}"
        year, month = divmod(self._month(day), 12)
        number = month // MONTHS[kind] + 1
        form = {"month": f"{number:02d}", "quarter": f"Q{number}", "half-year": f"H{number}"}
        return f"{year}-{form[kind]}" if kind in form else str(year)

    def ending_in(self, first: date, last: date, kind: str) -> list[str]:
        """The periods of a kind whose last day lies in these days, in order: a week belongs where its Sunday is."""
        found, period = [], self.containing(first, kind)
        while self.last(period) <= last:
            found.append(period)
            period = self.containing(self.last(period) + DAY, kind)
        return found

    def is_worked(self, day: date) -> bool:
        """Monday to Friday less holidays, with the swaps that the package knows; what was ordered otherwise counts."""
        return self._ordered.get(day, self._holidays.is_working_day(day))

    @cache  # noqa: B019 - likewise
    def working_day_after(self, day: date, count: int) -> date:
        for _ in range(count):
            day += DAY
            while not self.is_worked(day):
                day += DAY
        return day

    @cache  # noqa: B019 - likewise
    def working_day(self, day: date, count: int) -> date:
        """So many working days after the day, or before it; for none the day itself or the last one before it."""
        if count > 0:
            return self.working_day_after(day, count)
        for _ in range(-count):
            day -= DAY
            while not self.is_worked(day):
                day -= DAY
        while not self.is_worked(day):
            day -= DAY
        return day

    def at_work(self, now: datetime) -> bool:
        """Whether people are at work at the instant."""
        local = now.astimezone(self.zone)
        return self.is_worked(local.date()) and self.opens <= local.time() < self.closes

    def morning(self, day: date) -> datetime:
        """When work begins on the day."""
        return datetime.combine(day, self.opens, self.zone)

    def moved(self, rule: dict[str, Any], period: str) -> Moved | None:
        """From which day the rule's deadline was moved: as if there were no holidays, or the day of the month."""
        due = self.due(rule, period).date()
        if "after_cutoff_working_days" in rule:
            day = first = self.last(period)
            for _ in range(rule["after_cutoff_working_days"]):
                day += DAY
                while day.weekday() > 4:
                    day += DAY
            span = [first + DAY * count for count in range(1, (due - first).days)]
            off = [other for other in span if other.weekday() < 5 and not self.is_worked(other)]
        else:
            day = due.replace(day=min(rule["day_of_month"], due.day))
            off = [day + DAY * count for count in range((due - day).days)]
        if day == due:
            return None
        return Moved(day, tuple((other, self._holidays.get(other) or "") for other in off))

    def due(self, rule: dict[str, Any], period: str) -> datetime:
        """When a report of the period is due by the rule."""
        end = self.last(period)
        if "after_cutoff_working_days" in rule:
            day = self.working_day_after(end, rule["after_cutoff_working_days"])
        else:
            year, month = divmod(end.year * 12 + end.month - 1 + (rule.get("month") == "following"), 12)
            day = date(year, month + 1, min(rule["day_of_month"], calendar.monthrange(year, month + 1)[1]))
            while not self.is_worked(day):
                day += DAY
        return datetime.combine(day, self.due_time, self.zone)
