"""The tally, against sums done by hand."""

from datetime import datetime, timedelta

import pytest

from sample.post import Post
from sample.tally import extend, last_states, overdue, periods_of_day, tally
from sample.workdays import HANOI

MORNING = datetime(2023, 3, 15, 9, tzinfo=HANOI)


def said(number, subject, kind, minutes=0, sender="app", **data):
    event = {"id": f"e{number}", "subject": subject, "type": f"vn.kip.{kind}.v1", "data": {"revision": 0, **data}}
    return Post(MORNING + timedelta(minutes=minutes), sender, event)


def access(number, subject, numerator, denominator, revision=0, minutes=0, period="2023-Q1"):
    return said(
        number, subject, "indicator.reported", minutes, indicator="access", agency="ubnd-xa", period=period,
        revision=revision, numerator=numerator, denominator=denominator,
        breakdown=[{"by": {"domain": "health"}, "numerator": numerator - 1, "denominator": denominator}],
    )  # fmt: skip


def held(number, subject, day, record, revision=0, parents=10, minutes=0, **more):
    return said(
        number, subject, "activity.recorded", minutes, activity="counselling", record=record, revision=revision,
        held_on=day, agency="ubnd-xa", participants={"parent": parents}, female=4,
        money=[{"line": "f1", "amount": 100}], **more,
    )  # fmt: skip


def place(counted, subject, period, uid, by=""):
    sums = counted.cells[subject, period, uid][by]
    return sums.records, sums.numerator, sums.denominator, sums.people, sums.money


def test_ratios_are_summed_over_units_and_a_correction_takes_the_place_of_what_it_corrects(scope):
    posts = [
        access(1, "06412", 40, 100),
        access(2, "06427", 90, 300),
        access(3, "05431", 70, 100),
        access(4, "06427", 120, 300, revision=1, minutes=5),
        access(2, "06427", 90, 300, minutes=9),
    ]
    counted = tally(posts, scope.units)
    subject = "indicator:access"
    assert place(counted, subject, "2023-Q1", "06427@1")[:3] == (1, 120, 300)
    assert place(counted, subject, "2023-Q1", "186@1")[:3] == (2, 160, 400)
    assert place(counted, subject, "2023-Q1", "20@1")[:3] == (2, 160, 400)
    assert place(counted, subject, "2023-Q1", "VN")[:3] == (3, 230, 500)
    assert place(counted, subject, "2023-Q1", "VN", "domain:health")[:3] == (3, 227, 500)
    assert counted.reported[subject, "2023-Q1", "VN"] == 3
    assert (counted.posted, counted.accepted) == (5, 4)


def test_what_comes_later_is_counted_as_if_it_had_been_there(scope):
    first, later = [access(1, "06412", 40, 100), access(1, "06412", 40, 100, minutes=1)], [access(2, "06427", 9, 30)]
    counted = tally(first, scope.units)
    extend(counted, later, scope.units)
    assert counted == tally([*first, *later], scope.units)


def test_the_highest_revision_stands_in_whatever_order_it_comes(scope):
    posts = [held(1, "06412", "2023-03-09", "r", revision=1, parents=7), held(2, "06412", "2023-03-09", "r", minutes=3)]
    counted = tally(posts, scope.units)
    assert place(counted, "activity:counselling", "2023-03", "06412@1") == (1, 0, 0, 7, 100)


def test_what_is_withdrawn_is_out_and_a_higher_revision_revives_it(scope):
    withdrawn = said(2, "06412", "record.retracted", 1, record="r", revision=1)
    assert not tally([held(1, "06412", "2023-03-09", "r"), withdrawn], scope.units).cells
    revived = held(3, "06412", "2023-03-09", "r", revision=2, parents=5)
    counted = tally([held(1, "06412", "2023-03-09", "r"), withdrawn, revived], scope.units)
    assert place(counted, "activity:counselling", "2023", "VN") == (1, 0, 0, 5, 100)


def test_a_record_that_was_replaced_is_out(scope):
    posts = [held(1, "06412", "2023-03-09", "r"), held(2, "06412", "2023-03-09", "s", parents=3, supersedes="r")]
    counted = tally(posts, scope.units)
    assert place(counted, "activity:counselling", "2023", "VN") == (1, 0, 0, 3, 100)


def test_two_senders_may_use_the_same_record_id(scope):
    posts = [held(1, "06412", "2023-03-09", "r"), held(1, "05431", "2023-03-09", "r")]
    both = [posts[0], Post(posts[1].at, "another app", posts[1].event)]
    assert place(tally(both, scope.units), "activity:counselling", "2023", "VN")[0] == 2


def test_an_activity_counts_in_its_month_quarter_half_year_and_year(scope):
    counted = tally([held(1, "06412", "2023-03-14", "a"), held(2, "06412", "2023-03-15", "b")], scope.units)
    periods = {period: sums[""].records for (_, period, uid), sums in counted.cells.items() if uid == "186@1"}
    assert periods == {
        "2023-03": 1, "2023-Q1": 1, "2023-04": 1, "2023-Q2": 1, "2023-H1": 2, "2023": 2,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("day", "periods"),
    [
        ("2022-12-15", ("2023-01", "2023-Q1", "2023-H1", "2023")),
        ("2023-06-14", ("2023-06", "2023-Q2", "2023-H1", "2023")),
        ("2023-06-15", ("2023-07", "2023-Q3", "2023-H2", "2023")),
        ("2023-12-15", ("2024-01", "2024-Q1", "2024-H1", "2024")),
    ],
)
def test_periods_begin_on_the_15th(day, periods):
    assert periods_of_day(datetime.fromisoformat(day).date()) == periods


def test_a_status_holds_until_another_is_reported_and_goes_no_further_than_it_may(scope):
    def status(number, subject, period, **components):
        agency = "ubnd-huyen" if len(subject) == 3 else "ubnd-tinh"
        return said(
            number, subject, "indicator.reported", number, indicator="network", agency=agency, period=period,
            components=components,
        )  # fmt: skip

    posts = [
        status(1, "186", "2023-Q1", c1=True, c2=True),
        status(2, "164", "2023-Q1", c1=True, c2=False),
        status(3, "164", "2023-Q3", c1=True, c2=True),
        status(4, "19", "2023-Q1", c1=False, c2=True),
    ]
    counted = tally(posts, scope.units)
    assert last_states(counted, "network", ["186@1"], "2023-Q4") == [{"c1": True, "c2": True}]
    assert last_states(counted, "network", ["164@1", "165@1"], "2023-Q2") == [{"c1": True, "c2": False}]
    assert counted.reported == {
        ("indicator:network", "2023-Q1", "186@1"): 1,
        ("indicator:network", "2023-Q1", "20@1"): 1,
        ("indicator:network", "2023-Q1", "164@1"): 1,
        ("indicator:network", "2023-Q1", "19@1"): 1,
        ("indicator:network", "2023-Q3", "164@1"): 1,
        ("indicator:network", "2023-Q3", "19@1"): 1,
        ("indicator:network", "2023-Q1", "VN"): 1,
    }


def test_late_is_what_came_after_the_deadline_and_what_never_came(scope):
    def report(number, subject, minutes):
        return said(
            number, subject, "report.submitted", minutes, report="quarterly", agency="ubnd-xa", period="2023-Q1"
        )

    due_at = MORNING + timedelta(minutes=10)
    # A report that is posted once more is not late: what counts is when it first came.
    counted = tally([report(1, "06412", 5), report(2, "06427", 15), report(3, "06412", 30)], scope.units)
    owed = [(uid, "ubnd-xa", "quarterly", "2023-Q1", due_at) for uid in ("06412@1", "06427@1", "06403@1")]
    late = [(item.uid, item.came_at) for item in overdue(counted, owed)]
    assert late == [("06427@1", MORNING + timedelta(minutes=15)), ("06403@1", None)]
