"""Reporting periods: weeks, and months, quarters, half-years and years that end on a cut-off day.

Source: Decree 09/2019/NĐ-CP, art. 12. Month M covers the 15th of M-1 to the 14th of M; a quarter is three such
months, a half-year six, a year twelve. The cut-off day is the programme's; without one, periods are calendar months.

Weeks are those of ISO 8601, Monday to Sunday; a year has 52 or 53. They don't nest in months: a week belongs to the
longer period in which its last day lies.
"""

import re
from calendar import month_name
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, StrEnum
from functools import lru_cache
from typing import TypeAlias

from shared.values.scalars import shown
from shared.wording.words import Common, Words, in_both

_WRITTEN = re.compile(
    r"(?P<year>[12]\d{3})"
    r"(?:-(?:Q(?P<quarter>[1-4])|H(?P<half>[12])|W(?P<week>0[1-9]|[1-4]\d|5[0-3])|(?P<month>0[1-9]|1[0-2])))?",
    re.ASCII,
)
_WEEK_DAYS = 7
_ROMAN = {1: "I", 2: "II", 3: "III", 4: "IV"}


class PeriodKind(StrEnum):
    """The lengths of a period."""

    WEEK = "week"
    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half-year"
    YEAR = "year"

    @property
    def in_a_year(self) -> int:
        """How many make a year (some years have a 53rd week): the more, the shorter one is."""
        return _IN_A_YEAR[self]

    def makes_up(self, other: "PeriodKind") -> bool:
        """Tell whether a period of the other kind is made of such periods: it is longer, or the same."""
        return self.in_a_year >= other.in_a_year


_IN_A_YEAR = {
    PeriodKind.WEEK: 52,
    PeriodKind.MONTH: 12,
    PeriodKind.QUARTER: 4,
    PeriodKind.HALF_YEAR: 2,
    PeriodKind.YEAR: 1,
}
_MONTHS = {kind: 12 // number for kind, number in _IN_A_YEAR.items() if kind is not PeriodKind.WEEK}


@dataclass(frozen=True, slots=True)
class Period:
    """One period, as a kind and the number of such periods since year 0: `2023-Q1` is quarter 2023 x 4.

    Weeks are counted from the first Monday of year 1.
    """

    kind: PeriodKind
    ordinal: int

    @property
    def year(self) -> int:
        """The year that it is named after."""
        if self.kind is PeriodKind.WEEK:
            return _monday(self).isocalendar().year
        return self.ordinal // self.kind.in_a_year

    @property
    def number(self) -> int:
        """Which one of its kind it is in that year, from 1."""
        if self.kind is PeriodKind.WEEK:
            return _monday(self).isocalendar().week
        return self.ordinal % self.kind.in_a_year + 1

    @property
    def year_before(self) -> "Period":
        """The one that it is compared with: the same a year earlier, of a week the one 52 weeks earlier."""
        return self.shift(-self.kind.in_a_year)

    def shift(self, count: int) -> "Period":
        """Move to the period `count` periods of the same kind later (earlier if negative)."""
        return Period(self.kind, self.ordinal + count)

    def __str__(self) -> str:
        match self.kind:
            case PeriodKind.YEAR:
                return f"{self.year:04d}"
            case PeriodKind.HALF_YEAR:
                return f"{self.year:04d}-H{self.number}"
            case PeriodKind.QUARTER:
                return f"{self.year:04d}-Q{self.number}"
            case PeriodKind.MONTH:
                return f"{self.year:04d}-{self.number:02d}"
            case PeriodKind.WEEK:
                return f"{self.year:04d}-W{self.number:02d}"


@dataclass(frozen=True, slots=True)
class Stretch:
    """Periods in a row under a name of their own, as a programme's stage: `stage-2025` is 2021 to 2025."""

    name: str
    first: Period
    last: Period

    @property
    def kind(self) -> PeriodKind:
        """The kind of the periods that it is written with."""
        return self.first.kind

    def __str__(self) -> str:
        return self.name


Span: TypeAlias = Period | Stretch


def _monday(week: Period) -> date:
    return date.fromordinal(week.ordinal * _WEEK_DAYS + 1)  # 1 January of year 1 was a Monday


class PeriodWords(Enum):
    """What a period is, and what its kinds are called."""

    PERIOD = Words(
        "kỳ như 2023-03, 2023-Q1, 2023-H1, 2023 hoặc 2023-W07",
        "a period like 2023-03, 2023-Q1, 2023-H1, 2023 or 2023-W07",
    )
    WEEK = Words("tuần", "week")
    MONTH = Words("tháng", "month")
    QUARTER = Words("quý", "quarter")
    HALF_YEAR = Words("sáu tháng", "half-year")
    YEAR = Words("năm", "year")
    ONE_WEEK = Words("tuần {number} năm {year}", "week {number} of {year}")
    ONE_MONTH = Words("{month} năm {year}", "{month} {year}")
    ONE_QUARTER = Words("quý {quarter} năm {year}", "quarter {quarter} of {year}")
    FIRST_HALF_YEAR = Words("6 tháng đầu năm {year}", "the first half of {year}")
    SECOND_HALF_YEAR = Words("6 tháng cuối năm {year}", "the second half of {year}")
    ONE_YEAR = Words("năm {year}", "{year}")


class PeriodError(ValueError):
    """A text that is no period: `words` say what was expected."""

    def __init__(self, text: str) -> None:
        self.words = Common.EXPECTED_GOT.value.filled(expected=PeriodWords.PERIOD.value, got=shown(text))
        super().__init__(self.words.en)


def words_of(kind: PeriodKind) -> Words:
    """Look up what a kind of periods is called."""
    return PeriodWords[kind.name].value


@lru_cache(maxsize=4096)
def period_words(text: str) -> Words:
    """Write a period as an office does, «quý I năm 2023»; what is no period, as a stage's name, as it is."""
    try:
        period = parse_period(text)
    except PeriodError:
        return in_both(text)
    if period.kind is PeriodKind.HALF_YEAR:
        words = PeriodWords.FIRST_HALF_YEAR if period.number == 1 else PeriodWords.SECOND_HALF_YEAR
    else:
        words = PeriodWords[f"ONE_{period.kind.name}"]
    number = period.number
    return words.value.filled(
        number=number,
        year=period.year,
        quarter=Words(_ROMAN.get(number, ""), str(number)),
        month=Words(f"tháng {number}", month_name[min(number, 12)]),
    )


@lru_cache(maxsize=4096)
def parse_period(text: str) -> Period:
    """Read `2023-03`, `2023-Q1`, `2023-H1`, `2023` or `2023-W07`. Raises PeriodError."""
    written = _WRITTEN.fullmatch(text)
    if written is None:
        raise PeriodError(text)
    year = int(written["year"])
    if written["month"]:
        return Period(PeriodKind.MONTH, year * 12 + int(written["month"]) - 1)
    if written["quarter"]:
        return Period(PeriodKind.QUARTER, year * 4 + int(written["quarter"]) - 1)
    if written["half"]:
        return Period(PeriodKind.HALF_YEAR, year * 2 + int(written["half"]) - 1)
    if written["week"]:
        return _week(text, year, int(written["week"]))
    return Period(PeriodKind.YEAR, year)


def _week(text: str, year: int, number: int) -> Period:
    try:
        monday = date.fromisocalendar(year, number, 1)
    except ValueError:  # a 53rd week, of a year that has 52
        raise PeriodError(text) from None
    return Period(PeriodKind.WEEK, monday.toordinal() // _WEEK_DAYS)


@dataclass(frozen=True, slots=True)
class PeriodCalendar:
    """Turns periods into dates and dates into periods, and says which periods others are made of.

    `cutoff_day` is the last day of a month's period (1 to 28), or None for calendar months.
    """

    cutoff_day: int | None

    def end(self, period: Span) -> date:
        """Find the period's last day, inclusive."""
        last = period if isinstance(period, Period) else period.last
        if last.kind is PeriodKind.WEEK:
            return _monday(last) + timedelta(days=_WEEK_DAYS - 1)
        return self._month_end((last.ordinal + 1) * _MONTHS[last.kind] - 1)

    def start(self, period: Span) -> date:
        """Find the period's first day."""
        first = period if isinstance(period, Period) else period.first
        if first.kind is PeriodKind.WEEK:
            return _monday(first)
        return self._month_end(first.ordinal * _MONTHS[first.kind] - 1) + timedelta(days=1)

    def days(self, period: Span) -> str:
        """Write the first and the last day as Vietnamese offices do: «15/12/2022–14/03/2023»."""
        return f"{self.start(period):%d/%m/%Y}–{self.end(period):%d/%m/%Y}"

    def containing(self, day: date, kind: PeriodKind) -> Period:
        """Find the period of that kind in which the day lies: 2023-03-15 is in month 2023-04 when the cut-off is 14."""
        if kind is PeriodKind.WEEK:
            return Period(kind, (day.toordinal() - 1) // _WEEK_DAYS)
        month = day.year * 12 + day.month - 1
        if self.cutoff_day is not None and day.day > self.cutoff_day:
            month += 1
        return Period(kind, month // _MONTHS[kind])

    def within(self, period: Period, kind: PeriodKind) -> Period:
        """Find the period of a longer (or the same) kind that it belongs to. Raises ValueError for a shorter kind."""
        if not period.kind.makes_up(kind):
            raise ValueError(f"a {period.kind} lies in no {kind}")
        return self.containing(self.end(period), kind)

    def parts(self, span: Span, kind: PeriodKind) -> Sequence[Period]:
        """List the periods of a shorter (or the same) kind that belong to this one, in order. Raises ValueError."""
        if not kind.makes_up(span.kind):
            raise ValueError(f"a {span.kind} has no {kind}s")
        first = self.containing(self.start(span), kind).ordinal
        following = self.containing(self.end(span) + timedelta(days=1), kind).ordinal
        return [Period(kind, ordinal) for ordinal in range(first, following)]

    def belongs_from(self, period: Period) -> date:
        """Find the first of the days that must lie in a stretch of time for the period to: of a week only the last."""
        return self.end(period) if period.kind is PeriodKind.WEEK else self.start(period)

    def belongs(self, period: Period, first: date, last: date) -> bool:
        """Tell whether the period belongs to the time from one day to another."""
        return first <= self.belongs_from(period) and self.end(period) <= last

    def _month_end(self, month: int) -> date:
        if self.cutoff_day is not None:
            return date(month // 12, month % 12 + 1, self.cutoff_day)
        following = month + 1
        return date(following // 12, following % 12 + 1, 1) - timedelta(days=1)
