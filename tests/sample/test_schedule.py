"""Deadlines, the clock's stops and the letters of the made-up year."""

from collections import Counter
from datetime import date, datetime

import pytest

from sample import workdays
from sample.officers import address_of, as_csv, huu_lung_address
from sample.workdays import HANOI
from services.notifications.obligations.deadlines import deadline_of
from shared.domain.events import Kind
from shared.domain.periods import parse_period, period_words
from shared.programme.reports import AfterCutoff, DayOfMonth


@pytest.mark.parametrize(
    ("rule", "period", "due_on"),
    [
        (AfterCutoff(after_cutoff_working_days=2), "2023-Q1", date(2023, 3, 16)),
        (AfterCutoff(after_cutoff_working_days=4), "2023-Q1", date(2023, 3, 20)),
        (AfterCutoff(after_cutoff_working_days=2), "2023-Q3", date(2023, 9, 18)),
        (AfterCutoff(after_cutoff_working_days=6), "2023-H1", date(2023, 6, 22)),
        (DayOfMonth(day_of_month=25), "2023", date(2023, 12, 25)),
        (DayOfMonth(day_of_month=25), "2023-Q1", date(2023, 3, 27)),
        (AfterCutoff(after_cutoff_working_days=5), "2023-01", date(2023, 1, 27)),
    ],
)
def test_deadlines_worked_out_by_hand(rule, period, due_on):
    assert workdays.due_on(rule, parse_period(period)) == due_on


def test_the_hand_written_days_off_agree_with_the_product_s_calendar_for_every_duty(data):
    for report in data.programme.reports:
        for reporter in report.reporters:
            for period in data.programme.calendar.parts(parse_period("2023"), report.period):
                deadline = deadline_of(data.programme, reporter.deadline, period)
                assert workdays.due_at(reporter.deadline, period) == deadline.due_at


def test_the_stops_hold_every_post_once_and_never_post_before_its_instant(data):
    played = [post for stop in data.stops for post in stop.posts]
    assert played == list(data.year.posts)
    assert all(post.at <= stop.at for stop in data.stops for post in stop.posts)
    instants = [stop.at for stop in data.stops]
    assert instants == sorted(set(instants))


def test_a_report_in_time_is_posted_before_its_deadline_and_a_late_one_after_the_morning_s_letters(data):
    posted_at = {}
    for stop in data.stops:
        for post in stop.posts:
            if post.kind == Kind.REPORT_SUBMITTED:
                record = post.event["data"]
                posted_at.setdefault(
                    (post.event["subject"], record["report"], record["agency"], record["period"]), stop.at
                )
    checked = 0
    for item in data.year.submissions:
        duty = item.duty
        if item.handed_in_at is not None:
            key = (duty.unit.code, duty.report, duty.agency, str(duty.period))
            assert (posted_at[key] <= duty.due_at) == (item.handed_in_at <= duty.due_at)
            checked += 1
    assert checked > 1000


def test_the_silence_of_yen_vuong_makes_one_reminder_one_notice_and_one_line_in_the_district_s_digest(data):
    told = data.letters
    about = [line for line in told.elements() if line.unit_code == "06412" and line.period == "quý I năm 2023"]
    assert sorted((line.on, line.address, line.overdue) for line in about) == [
        (date(2023, 3, 15), address_of("06412@1", "ubnd-xa"), False),
        (date(2023, 3, 17), huu_lung_address(), True),
        (date(2023, 3, 17), address_of("06412@1", "ubnd-xa"), True),
    ]


def test_who_has_handed_in_before_the_reminder_gets_no_letter(data):
    told = data.letters
    early = {
        (item.duty.unit.code, item.duty.agency, period_words(str(item.duty.period)).vi)
        for item in data.year.submissions
        if item.handed_in_at is not None and item.handed_in_at < datetime(2023, 3, 15, 8, tzinfo=HANOI)
    }
    written = {(line.unit_code, line.address.split(".")[0], line.period) for line in told if not line.digest}
    assert len(early) > 50
    assert {agency for _, agency, _ in early} & {agency for _, agency, _ in written}, "both are told of alike"
    assert not early & written


def test_mass_organisations_are_asked_and_never_reported_to_the_level_above(data):
    told = data.letters
    asked = [line for line in told if line.address.startswith(("hnd-tinh.", "hlhpn-tinh.", "mttq-tinh."))]
    assert asked
    assert not any(line.overdue or line.digest for line in asked)


def test_one_commune_of_the_digest_has_nobody_to_write_to(data):
    lines = as_csv(data.officers).splitlines()
    assert lines[0] == "name,role,unit,agency,channels,language"
    units = Counter(line.split(",")[-4] for line in lines[1:])
    assert "06460@1" not in units
    assert units["06412@1"] == 1
    assert units["20@1"] == 0


def test_the_clock_stops_on_every_morning_on_which_a_letter_is_due(data):
    mornings = {stop.at.astimezone(HANOI).date() for stop in data.stops if stop.at.astimezone(HANOI).hour == 8}
    assert {told.on for told in data.letters} <= mornings
