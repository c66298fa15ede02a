"""What loses within one request: by the rule of which version counts, whatever the order of its events."""

import itertools
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from services.intake.admission.superseding import superseded_among
from shared.domain.canonical import EventBody
from shared.domain.claims import claims
from shared.domain.events import Kind
from shared.programme.families import Families

ALONE = Families({})
NOW = datetime(2023, 3, 15, 8, tzinfo=UTC)
ACTIVITY = {"programme": "p", "activity": "a", "held_on": "2023-03-01", "agency": "g"}
FIGURE = {"programme": "p", "indicator": "i", "agency": "g", "period": "2023-Q1"}


def activity(record: str, revision: int | None, **more: Any) -> tuple[Kind, Mapping[str, Any]]:
    return Kind.ACTIVITY_RECORDED, {**ACTIVITY, "record": record, "revision": revision, **more}


def figure(revision: int | None) -> tuple[Kind, Mapping[str, Any]]:
    return Kind.INDICATOR_REPORTED, {**FIGURE, "revision": revision}


def problem(kind: Kind) -> tuple[Kind, Mapping[str, Any]]:
    return kind, {"programme": "p", "record": "r", "agency": "g", "text": "Thiếu cán bộ"}


def withdrawal(revision: int, **what: str) -> tuple[Kind, Mapping[str, Any]]:
    return Kind.RECORD_RETRACTED, {"programme": "p", "revision": revision, **what}


# By its name each event, and what loses to what.
CASES: dict[str, tuple[dict[str, tuple[Kind, Mapping[str, Any]]], dict[str, str]]] = {
    "the higher revision": ({"a": activity("r", 1), "b": activity("r", 0)}, {"b": "a"}),
    "all lose to the one that counts": (
        {"a": activity("r", 1), "b": activity("r", 2), "c": activity("r", 3)},
        {"a": "c", "b": "c"},
    ),
    "two records": ({"a": activity("r", 1), "b": activity("s", 0)}, {}),
    "a withdrawal": ({"a": activity("r", 1), "b": withdrawal(2, record="r")}, {"a": "b"}),
    "a withdrawal that comes too late": ({"a": activity("r", 3), "b": withdrawal(2, record="r")}, {"b": "a"}),
    "a figure's withdrawal": (
        {"a": figure(1), "b": withdrawal(2, indicator="i", agency="g", period="2023-Q1")},
        {"a": "b"},
    ),
    "a record that another one supersedes, whatever its revision": (
        {"a": activity("r", 9), "b": activity("s", 0, supersedes="r")},
        {"a": "b"},
    ),
    "a resolved problem": ({"a": problem(Kind.PROBLEM_RAISED), "b": problem(Kind.PROBLEM_RESOLVED)}, {"a": "b"}),
    "an edit before what it edits, of a sender without revisions": (
        {"a": activity("r", None), "b": activity("r", None, deprecates="a")},
        {"a": "b"},
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_loses_is_named_with_what_wins(name: str) -> None:
    events, expected = CASES[name]
    for order in itertools.permutations(events):
        claimed = [
            (index, claims(EventBody("19@2", "app", events[it][0], "1@1", NOW, events[it][1]), "/app", it, NOW, ALONE))
            for index, it in enumerate(order)
        ]
        lost = superseded_among(claimed)
        assert {item.event.id: item.by.id for item in lost} == expected
        assert all(order[it.index] == it.id for item in lost for it in (item.event, item.by))
        assert [item.event.index for item in lost] == sorted(item.event.index for item in lost)


def test_a_copy_does_not_lose_to_itself_and_another_province_s_record_is_another_one() -> None:
    copy = EventBody("19@2", "app", Kind.ACTIVITY_RECORDED, "1@1", NOW, activity("r", 0)[1])
    other = copy._replace(province="20@2", time=NOW + timedelta(minutes=1), data=activity("r", 5)[1])
    made = [claims(said, "/app", id_, NOW, ALONE) for said, id_ in ((copy, "a"), (copy, "a"), (other, "b"))]
    assert superseded_among(enumerate(made)) == []
