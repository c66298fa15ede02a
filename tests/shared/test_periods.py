"""Periods by Decree 09/2019/NĐ-CP, art. 12."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.periods import (
    Period,
    PeriodCalendar,
    PeriodKind,
    Stretch,
    parse_period,
    period_words,
    words_of,
)

DECREE = PeriodCalendar(cutoff_day=14)
MONTHS = PeriodCalendar(cutoff_day=None)
calendars = st.sampled_from([DECREE, MONTHS, PeriodCalendar(cutoff_day=28)])
kinds = st.sampled_from(list(PeriodKind))
days = st.dates(date(2000, 1, 1), date(2100, 1, 1))
periods = st.builds(lambda kind, day: DECREE.containing(day, kind), kinds, days)
BY_LENGTH = ["week", "month", "quarter", "half-year", "year"]


@pytest.mark.parametrize(
    ("written", "first", "last"),
    [
        ("2023-03", date(2023, 2, 15), date(2023, 3, 14)),
        ("2023-01", date(2022, 12, 15), date(2023, 1, 14)),
        ("2023-Q1", date(2022, 12, 15), date(2023, 3, 14)),
        ("2023-Q4", date(2023, 9, 15), date(2023, 12, 14)),
        ("2023-H1", date(2022, 12, 15), date(2023, 6, 14)),
        ("2023-H2", date(2023, 6, 15), date(2023, 12, 14)),
        ("2023", date(2022, 12, 15), date(2023, 12, 14)),
        ("2023-W01", date(2023, 1, 2), date(2023, 1, 8)),
        ("2020-W53", date(2020, 12, 28), date(2021, 1, 3)),
        ("2026-W01", date(2025, 12, 29), date(2026, 1, 4)),
    ],
)
def test_a_period_runs_from_the_day_after_one_cutoff_to_the_next(written: str, first: date, last: date) -> None:
    period = parse_period(written)
    assert (DECREE.start(period), DECREE.end(period)) == (first, last)
    assert str(period) == written


def test_an_activity_on_the_15th_belongs_to_the_next_month() -> None:
    assert str(DECREE.containing(date(2023, 3, 14), PeriodKind.MONTH)) == "2023-03"
    assert str(DECREE.containing(date(2023, 3, 15), PeriodKind.MONTH)) == "2023-04"
    assert str(DECREE.containing(date(2022, 12, 15), PeriodKind.YEAR)) == "2023"


def test_a_programme_may_use_calendar_months() -> None:
    assert MONTHS.start(parse_period("2024-02")) == date(2024, 2, 1)
    assert MONTHS.end(parse_period("2024-02")) == date(2024, 2, 29)


@pytest.mark.parametrize(
    "text",
    [
        *["", "2023-13", "2023-00", "2023-Q5", "2023-Q0", "2023-H3", "23", "2023-3", "2023-Q1 ", "2０２３"],
        *["2023-W53", "2023-W00", "2023-W54", "2023-W7", "2023W07"],
    ],
)
def test_what_is_no_period_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(ValueError, match="expected a period like 2023-03"):
        parse_period(text)


@given(periods)
def test_writing_and_reading_give_the_same_period(period: Period) -> None:
    assert parse_period(str(period)) == period


@given(days, kinds, calendars)
def test_every_day_lies_in_exactly_one_period_of_each_kind(
    day: date, kind: PeriodKind, calendar: PeriodCalendar
) -> None:
    period = calendar.containing(day, kind)
    assert calendar.start(period) <= day <= calendar.end(period)
    assert calendar.end(period) + timedelta(days=1) == calendar.start(period.shift(1))


@given(periods, kinds, calendars)
def test_a_period_is_made_of_the_shorter_ones_that_belong_to_it(
    period: Period, kind: PeriodKind, calendar: PeriodCalendar
) -> None:
    if BY_LENGTH.index(kind) > BY_LENGTH.index(period.kind):
        with pytest.raises(ValueError, match=f"has no {kind}s"):
            calendar.parts(period, kind)
        with pytest.raises(ValueError, match=f"a {kind} lies in no {period.kind}"):
            calendar.within(calendar.containing(calendar.end(period), kind), period.kind)
        return
    parts = calendar.parts(period, kind)
    assert all(calendar.within(part, period.kind) == period for part in parts)
    for outside in (parts[0].shift(-1), parts[-1].shift(1)):
        assert calendar.within(outside, period.kind) != period
    assert parts == [parts[0].shift(count) for count in range(len(parts))]


@given(periods, kinds, calendars)
def test_all_but_weeks_nest(period: Period, kind: PeriodKind, calendar: PeriodCalendar) -> None:
    if PeriodKind.WEEK in {kind, period.kind} or not kind.makes_up(period.kind):
        return
    parts = calendar.parts(period, kind)
    assert len(parts) == kind.in_a_year // period.kind.in_a_year
    assert calendar.start(parts[0]) == calendar.start(period)
    assert calendar.end(parts[-1]) == calendar.end(period)


@given(days)
def test_weeks_are_those_of_iso_8601(day: date) -> None:
    week = MONTHS.containing(day, PeriodKind.WEEK)
    year, number, _ = day.isocalendar()
    assert (week.year, week.number) == (year, number)
    assert str(week) == f"{year}-W{number:02d}"
    assert MONTHS.start(week) == date.fromisocalendar(year, number, 1)
    assert MONTHS.end(week) == date.fromisocalendar(year, number, 7)
    assert DECREE.containing(day, PeriodKind.WEEK) == week


@given(days)
def test_weeks_sort_as_texts(day: date) -> None:
    week = MONTHS.containing(day, PeriodKind.WEEK)
    assert str(week.shift(-1)) < str(week) < str(week.shift(1))


@given(st.integers(2000, 2099), st.sampled_from([DECREE, MONTHS]))
def test_every_week_of_a_year_belongs_to_one_of_its_months(year: int, calendar: PeriodCalendar) -> None:
    of_the_year = calendar.parts(Period(PeriodKind.YEAR, year), PeriodKind.WEEK)
    months = calendar.parts(Period(PeriodKind.YEAR, year), PeriodKind.MONTH)
    assert of_the_year == [week for month in months for week in calendar.parts(month, PeriodKind.WEEK)]
    assert all(len(calendar.parts(month, PeriodKind.WEEK)) in {4, 5} for month in months)


def test_a_week_belongs_to_the_month_and_the_year_in_which_its_last_day_lies() -> None:
    across = parse_period("2026-W53")  # 28/12/2026 to 3/1/2027
    assert str(MONTHS.within(across, PeriodKind.YEAR)) == "2027"
    assert str(MONTHS.within(across, PeriodKind.MONTH)) == "2027-01"
    assert str(DECREE.within(parse_period("2026-W11"), PeriodKind.MONTH)) == "2026-04"  # 9 to 15/3, cut off on the 14th
    year = MONTHS.parts(parse_period("2026"), PeriodKind.WEEK)
    assert (str(year[0]), str(year[-1]), len(year)) == ("2026-W01", "2026-W52", 52)


def test_a_stage_is_made_of_what_belongs_to_it() -> None:
    stage = Stretch("a-stage", parse_period("2025"), parse_period("2026"))
    weeks = MONTHS.parts(stage, PeriodKind.WEEK)
    assert (str(weeks[0]), str(weeks[-1])) == ("2025-W01", "2026-W52")
    assert [str(year) for year in MONTHS.parts(stage, PeriodKind.YEAR)] == ["2025", "2026"]
    assert len(DECREE.parts(stage, PeriodKind.QUARTER)) == 8


@given(periods, calendars)
def test_the_same_period_a_year_before_ends_a_year_earlier(period: Period, calendar: PeriodCalendar) -> None:
    before = calendar.end(period) - calendar.end(period.year_before)
    assert before == timedelta(weeks=52) if period.kind is PeriodKind.WEEK else before.days in {365, 366}


@pytest.mark.parametrize(
    ("period", "vi", "en"),
    [
        ("2026-W07", "tuần 7 năm 2026", "week 7 of 2026"),
        ("2026-W53", "tuần 53 năm 2026", "week 53 of 2026"),
        ("2023-03", "tháng 3 năm 2023", "March 2023"),
        ("2023-12", "tháng 12 năm 2023", "December 2023"),
        ("2023-Q1", "quý I năm 2023", "quarter 1 of 2023"),
        ("2023-Q4", "quý IV năm 2023", "quarter 4 of 2023"),
        ("2023-H1", "6 tháng đầu năm 2023", "the first half of 2023"),
        ("2023-H2", "6 tháng cuối năm 2023", "the second half of 2023"),
        ("2023", "năm 2023", "2023"),
        ("stage-2025", "stage-2025", "stage-2025"),
    ],
)
def test_a_period_is_written_as_an_office_writes_it(period: str, vi: str, en: str) -> None:
    assert period_words(period) == (vi, en)


def test_no_two_periods_of_a_kind_are_written_alike() -> None:
    for kind in PeriodKind:
        listed = DECREE.parts(Stretch("x", parse_period("2020"), parse_period("2026")), kind)
        for language in ("vi", "en"):
            assert len({period_words(str(period)).in_language(language) for period in listed}) == len(listed)


def test_the_days_of_a_period_are_those_of_the_decree() -> None:
    assert DECREE.days(parse_period("2023-Q1")) == "15/12/2022–14/03/2023"
    assert MONTHS.days(parse_period("2023-Q1")) == "01/01/2023–31/03/2023"


def test_kinds_have_words() -> None:
    assert words_of(PeriodKind.WEEK) == ("tuần", "week")
