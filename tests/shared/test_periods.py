"""Periods by Decree 09/2019/NĐ-CP, art. 12."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.periods import Period, PeriodCalendar, PeriodKind, parse_period

DECREE = PeriodCalendar(cutoff_day=14)
MONTHS = PeriodCalendar(cutoff_day=None)
periods = st.builds(
    lambda kind, month: Period(kind, month // kind.months),
    st.sampled_from(list(PeriodKind)),
    st.integers(2000 * 12, 2100 * 12),
)
days = st.dates(date(2000, 1, 1), date(2100, 1, 1))


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
    "text", ["", "2023-13", "2023-00", "2023-Q5", "2023-Q0", "2023-H3", "23", "2023-3", "2023-Q1 ", "2０２３"]
)
def test_what_is_no_period_is_refused_with_what_was_expected(text: str) -> None:
    with pytest.raises(ValueError, match="expected a period like 2023-03"):
        parse_period(text)


@given(periods)
def test_writing_and_reading_give_the_same_period(period: Period) -> None:
    assert parse_period(str(period)) == period


@given(days, st.sampled_from(list(PeriodKind)), st.sampled_from([DECREE, MONTHS]))
def test_every_day_lies_in_exactly_one_period_of_each_kind(
    day: date, kind: PeriodKind, calendar: PeriodCalendar
) -> None:
    period = calendar.containing(day, kind)
    assert calendar.start(period) <= day <= calendar.end(period)
    assert calendar.end(period) + timedelta(days=1) == calendar.start(period.shift(1))


@given(periods, st.sampled_from(list(PeriodKind)), st.sampled_from([DECREE, MONTHS]))
def test_periods_nest(period: Period, kind: PeriodKind, calendar: PeriodCalendar) -> None:
    if kind.months > period.kind.months:
        with pytest.raises(ValueError, match=f"has no {kind}s"):
            period.parts(kind)
        return
    parts = list(period.parts(kind))
    assert len(parts) == period.kind.months // kind.months
    assert calendar.start(parts[0]) == calendar.start(period)
    assert calendar.end(parts[-1]) == calendar.end(period)
    assert all(part.within(period.kind) == period for part in parts)
