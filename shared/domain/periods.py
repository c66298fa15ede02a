"""Reporting periods: months, quarters, half-years and years that end on a cut-off day.

Source: Decree 09/2019/NĐ-CP, art. 12. Month M covers the 15th of M-1 to the 14th of M; a quarter is three such
months, a half-year six, a year twelve. The cut-off day is the programme's; without one, periods are calendar months.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum, StrEnum
from functools import lru_cache
from typing import TypeAlias

from shared.values.scalars import shown
from shared.wording.words import Common, Words

_WRITTEN = re.compile(
    r"(?P<year>[12]\d{3})(?:-(?:Q(?P<quarter>[1-4])|H(?P<half>[12])|(?P<month>0[1-9]|1[0-2])))?", re.ASCII
)


class PeriodKind(StrEnum):
    """The four lengths of a period."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "half-year"
    YEAR = "year"

    @property
    def months(self) -> int:
        """How many months one period of this kind has."""
        return _MONTHS[self]


_MONTHS = {PeriodKind.MONTH: 1, PeriodKind.QUARTER: 3, PeriodKind.HALF_YEAR: 6, PeriodKind.YEAR: 12}


@dataclass(frozen=True, slots=True)
class Period:
    """One period, as a kind and the number of such periods since year 0: `2023-Q1` is quarter 2023 x 4."""

    kind: PeriodKind
    ordinal: int

    @property
    def first_month(self) -> int:
        """Months since year 0 of its first month."""
        return self.ordinal * self.kind.months

    @property
    def last_month(self) -> int:
        """Months since year 0 of its last month."""
        return self.first_month + self.kind.months - 1

    @property
    def year(self) -> int:
        """The year that it is named after."""
        return self.first_month // 12

    def shift(self, count: int) -> "Period":
        """Move to the period `count` periods of the same kind later (earlier if negative)."""
        return Period(self.kind, self.ordinal + count)

    def within(self, kind: PeriodKind) -> "Period":
        """Find the period of a longer (or the same) kind that it lies in. Raises ValueError for a shorter kind."""
        if kind.months < self.kind.months:
            raise ValueError(f"a {self.kind} lies in no {kind}")
        return Period(kind, self.first_month // kind.months)

    def parts(self, kind: PeriodKind) -> Iterator["Period"]:
        """List the periods of a shorter (or the same) kind that this one is made of, in order."""
        if kind.months > self.kind.months:
            raise ValueError(f"a {self.kind} has no {kind}s")
        first = self.first_month // kind.months
        return (Period(kind, first + i) for i in range(self.kind.months // kind.months))

    def __str__(self) -> str:
        number = self.first_month % 12 // self.kind.months + 1
        match self.kind:
            case PeriodKind.YEAR:
                return f"{self.year:04d}"
            case PeriodKind.HALF_YEAR:
                return f"{self.year:04d}-H{number}"
            case PeriodKind.QUARTER:
                return f"{self.year:04d}-Q{number}"
            case PeriodKind.MONTH:
                return f"{self.year:04d}-{number:02d}"


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

    @property
    def first_month(self) -> int:
        """Months since year 0 of its first month."""
        return self.first.first_month

    @property
    def last_month(self) -> int:
        """Months since year 0 of its last month."""
        return self.last.last_month

    def parts(self, kind: PeriodKind) -> Iterator[Period]:
        """List the periods of a kind that it is made of, in order."""
        return (Period(kind, i) for i in range(self.first_month // kind.months, self.last_month // kind.months + 1))

    def __str__(self) -> str:
        return self.name


Span: TypeAlias = Period | Stretch


class PeriodWords(Enum):
    """What a period is, and what its kinds are called."""

    PERIOD = Words("kỳ như 2023-03, 2023-Q1, 2023-H1 hoặc 2023", "a period like 2023-03, 2023-Q1, 2023-H1 or 2023")
    MONTH = Words("tháng", "month")
    QUARTER = Words("quý", "quarter")
    HALF_YEAR = Words("sáu tháng", "half-year")
    YEAR = Words("năm", "year")


class PeriodError(ValueError):
    """A text that is no period: `words` say what was expected."""

    def __init__(self, text: str) -> None:
        self.words = Common.EXPECTED_GOT.value.filled(expected=PeriodWords.PERIOD.value, got=shown(text))
        super().__init__(self.words.en)


def words_of(kind: PeriodKind) -> Words:
    """Look up what a kind of periods is called."""
    return PeriodWords[kind.name].value


@lru_cache(maxsize=4096)
def parse_period(text: str) -> Period:
    """Read `2023-03`, `2023-Q1`, `2023-H1` or `2023`. Raises PeriodError."""
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
    return Period(PeriodKind.YEAR, year)


@dataclass(frozen=True, slots=True)
class PeriodCalendar:
    """Turns periods into dates and dates into periods.

    `cutoff_day` is the last day of a month's period (1 to 28), or None for calendar months.
    """

    cutoff_day: int | None

    def end(self, period: Span) -> date:
        """Find the period's last day, inclusive."""
        return self._month_end(period.last_month)

    def start(self, period: Span) -> date:
        """Find the period's first day."""
        return self._month_end(period.first_month - 1) + timedelta(days=1)

    def containing(self, day: date, kind: PeriodKind) -> Period:
        """Find the period of that kind in which the day lies: 2023-03-15 is in month 2023-04 when the cut-off is 14."""
        month = day.year * 12 + day.month - 1
        if self.cutoff_day is not None and day.day > self.cutoff_day:
            month += 1
        return Period(kind, month // kind.months)

    def _month_end(self, month: int) -> date:
        if self.cutoff_day is not None:
            return date(month // 12, month % 12 + 1, self.cutoff_day)
        following = month + 1
        return date(following // 12, following % 12 + 1, 1) - timedelta(days=1)
