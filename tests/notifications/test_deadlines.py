from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.notifications.obligations.deadlines import due_at
from shared.domain.periods import PeriodCalendar, PeriodKind, parse_period
from shared.domain.working_days import DayKind, WorkingDays
from shared.programme.model import CalendarDay
from shared.programme.reports import AfterCutoff, DayOfMonth

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
CALENDAR = PeriodCalendar(14)
OVERRIDES = (
    CalendarDay(date=date(2026, 1, 2), kind="off", instrument="12729/VPCP-KGVX"),
    CalendarDay(date=date(2026, 1, 10), kind="work", instrument="12729/VPCP-KGVX"),
)
DAYS = WorkingDays("VN", OVERRIDES)
FOLLOWING = DayOfMonth(day_of_month=10, month="following")


def deadline(period, rule):
    return due_at(rule, parse_period(period), CALENDAR, DAYS, time(17), ZONE)


@pytest.mark.parametrize(
    ("period", "rule", "due", "why"),
    [
        ("2023-Q1", AfterCutoff(after_cutoff_working_days=2), "2023-03-16", "cut-off Tue 14/03: Wed, Thu"),
        ("2023-Q1", AfterCutoff(after_cutoff_working_days=4), "2023-03-20", "Wed, Thu, Fri, Mon"),
        ("2023-Q1", AfterCutoff(after_cutoff_working_days=6), "2023-03-22", "to the Wed of the week after"),
        ("2023-Q2", AfterCutoff(after_cutoff_working_days=2), "2023-06-16", "cut-off Wed 14/06: Thu, Fri"),
        ("2023-Q3", AfterCutoff(after_cutoff_working_days=2), "2023-09-18", "cut-off Thu 14/09: Fri, Mon"),
        ("2023-Q4", AfterCutoff(after_cutoff_working_days=2), "2023-12-18", "cut-off Thu 14/12: Fri, Mon"),
        ("2026-Q1", AfterCutoff(after_cutoff_working_days=2), "2026-03-17", "cut-off Sat 14/03: Mon, Tue"),
        ("2026-02", AfterCutoff(after_cutoff_working_days=2), "2026-02-24", "Sat 14/02, Tết 16 to 20/02: Mon, Tue"),
        ("2024-02", AfterCutoff(after_cutoff_working_days=2), "2024-02-16", "Wed 14/02 is the last day of Tết"),
        ("2023-01", AfterCutoff(after_cutoff_working_days=6), "2023-01-30", "Mon to Thu 19, Tết to 26/01, Fri, Mon"),
        ("2023", DayOfMonth(day_of_month=25), "2023-12-25", "a Monday"),
        ("2026-04", DayOfMonth(day_of_month=25), "2026-04-28", "Saturday; Mon is off for Sunday's holiday"),
        ("2022", DayOfMonth(day_of_month=25), "2022-12-26", "25/12/2022 is a Sunday"),
        ("2025", DayOfMonth(day_of_month=25), "2025-12-25", "a Thursday: Christmas is no holiday in Vietnam"),
        ("2026-03", FOLLOWING, "2026-04-10", "a Friday of the month after the cut-off's"),
        ("2026-Q4", FOLLOWING, "2027-01-11", "10/01/2027 is a Sunday of the next year"),
    ],
)  # fmt: skip
def test_a_deadline_is_where_the_calendar_says(period, rule, due, why):
    assert deadline(period, rule).due_at == datetime.combine(date.fromisoformat(due), time(17), ZONE), why


@pytest.mark.parametrize(
    ("period", "due", "why"),
    [
        ("2026-03", "2026-04-10", "a Friday"),
        ("2026-04", "2026-05-11", "10/05/2026 is a Sunday"),
        ("2026-12", "2027-01-11", "10/01/2027 is a Sunday"),
        ("2027-01", "2027-02-11", "10/02/2027 is in Tết, to the 10th"),
    ],
)
def test_a_calendar_month_is_due_on_a_day_of_the_following_one(period, due, why):
    found = due_at(FOLLOWING, parse_period(period), PeriodCalendar(None), DAYS, time(17), ZONE)
    assert found.due_at == datetime.combine(date.fromisoformat(due), time(17), ZONE), why
    assert (found.shifted_because is None) == due.endswith("-10")


def test_the_reason_for_a_shift_is_kept():
    saturday = deadline("2026-04", DayOfMonth(day_of_month=25)).shifted_because
    assert saturday is not None
    assert saturday.as_json() == {"from": "2026-04-25", "day": "2026-04-25", "kind": "weekend", "name": {}}
    tet = deadline("2026-02", AfterCutoff(after_cutoff_working_days=2)).shifted_because
    assert tet is not None
    assert tet.as_json() == {
        "from": "2026-02-17",
        "day": "2026-02-16",
        "kind": "holiday",
        "name": {"vi": "Giao thừa Tết Nguyên Đán", "en": "Lunar New Year's Eve"},
    }
    assert deadline("2023-Q1", AfterCutoff(after_cutoff_working_days=2)).shifted_because is None


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        ("2026-01-02", DayKind.OFF),  # the swap that the package misses
        ("2026-01-10", DayKind.WORK),
        ("2024-04-29", DayKind.HOLIDAY),  # a swap that it knows
        ("2024-05-04", DayKind.WORK),
        ("2023-05-03", DayKind.HOLIDAY),  # 30/04 was a Sunday, 29/04 a Saturday
        ("2023-03-18", DayKind.WEEKEND),
        ("2023-03-17", DayKind.WEEKDAY),
    ],
)
def test_a_day_is_worked_or_not(day, kind):
    assert WorkingDays("VN", OVERRIDES).kind(date.fromisoformat(day)) is kind


MONTHS_OR_LONGER = [kind for kind in PeriodKind if kind is not PeriodKind.WEEK]
periods = st.builds(
    lambda kind, year, part: CALENDAR.containing(date(year, 1 + part, 1), kind),
    st.sampled_from(MONTHS_OR_LONGER),
    st.integers(2018, 2030),
    st.integers(0, 11),
)
rules = st.one_of(
    st.builds(AfterCutoff, after_cutoff_working_days=st.integers(1, 15)),
    st.builds(DayOfMonth, day_of_month=st.integers(1, 31), month=st.sampled_from(["last", "following"])),
)


@given(periods, rules, st.sampled_from([14, 20, None]))
def test_a_deadline_is_a_working_day_at_least_one_after_the_cutoff_and_never_earlier_for_a_later_period(
    period, rule, cutoff
):
    calendar = PeriodCalendar(cutoff)
    due = due_at(rule, period, calendar, DAYS, time(17), ZONE)
    day = due.due_at.astimezone(ZONE).date()
    assert DAYS.is_working(day)
    assert day >= DAYS.add(calendar.end(period), 1)
    assert due.due_at.timetz().replace(tzinfo=None) == time(17)
    later = due_at(rule, period.shift(1), calendar, DAYS, time(17), ZONE)
    assert later.due_at > due.due_at
    if due.shifted_because is not None:
        assert due.shifted_because.original != day


swaps = st.dictionaries(
    st.dates(date(2024, 1, 1), date(2024, 12, 31)), st.sampled_from(["off", "work"]), max_size=40
).map(lambda kinds: tuple(CalendarDay(date=day, kind=kind, instrument="x") for day, kind in kinds.items()))


@given(st.dates(date(2018, 1, 1), date(2030, 12, 31)), st.integers(1, 15))
def test_a_week_is_due_on_a_working_day_after_its_sunday_and_never_later_than_the_next_week(day, count):
    rule, week = AfterCutoff(after_cutoff_working_days=count), CALENDAR.containing(day, PeriodKind.WEEK)
    due, later = (due_at(rule, item, CALENDAR, DAYS, time(17), ZONE).due_at for item in (week, week.shift(1)))
    sunday = CALENDAR.end(week)
    assert due.date() == DAYS.add(sunday, count)
    assert sunday < due.date() <= later.date()


@given(swaps, rules, st.sampled_from(MONTHS_OR_LONGER), st.integers(0, 11), st.integers(0, 11))
def test_whatever_days_are_swapped_a_deadline_is_worked_after_the_cutoff_and_monotone_over_periods(
    overrides, rule, kind, one, other
):
    days = WorkingDays("VN", overrides)
    former, latter = (CALENDAR.containing(date(2024, month + 1, 1), kind) for month in sorted((one, other)))
    due, later = (due_at(rule, period, CALENDAR, days, time(17), ZONE).due_at for period in (former, latter))
    assert due <= later
    for deadline_at, period in ((due, former), (later, latter)):
        assert days.is_working(deadline_at.date())
        assert any(
            days.is_working(CALENDAR.end(period) + timedelta(days=count))
            for count in range(1, (deadline_at.date() - CALENDAR.end(period)).days + 1)
        )


@given(st.dates(date(2018, 1, 1), date(2030, 12, 31)), st.integers(1, 30))
def test_counting_working_days_forward_and_back_ends_where_it_began(day, count):
    start = DAYS.roll(day)
    assert DAYS.add(DAYS.add(start, count), -count) == start
    between = [start + timedelta(days=i) for i in range(1, (DAYS.add(start, count) - start).days + 1)]
    assert sum(map(DAYS.is_working, between)) == count
