"""Figures by task group, of everything that was held and of measures, held against the programme's file."""

from collections import Counter
from typing import Any

from tests.aggregation.late import held, post
from tests.aggregation.model import PLAN
from tests.system import System

TASK = {item["slug"]: item.get("task") for item in PLAN["activities"]}
SESSIONS = [  # (commune, activity, day, people, dong)
    ("06397", "communication-session", "2022-02-01", 30, 500),
    ("06397", "advocacy", "2022-03-20", 7, 0),
    ("06397", "parent-counselling", "2022-05-02", 12, 100),
    ("06397", "service-health", "2022-05-03", 9, 0),
    ("06421", "service-nutrition", "2022-06-03", 11, 40),
    ("06421", "planning", "2022-06-04", 3, 0),
]


def session(number: int) -> dict[str, Any]:
    unit, activity, day, people, dong = SESSIONS[number]
    group = "child-0-8" if activity.startswith("service") else "parent"
    money = [{"line": "f1-state-budget", "amount": dong}] if dong else []
    return held(unit, activity, f"task-{number}", day, participants={group: people}, money=money)


def test_all_that_was_held_is_told_by_task_group_and_apart_what_belongs_to_none(late: System) -> None:
    post(late, *(session(number) for number in range(len(SESSIONS))))
    records, people = Counter[str | None](), Counter[str | None]()
    for _, activity, _, count, _ in SESSIONS:
        records[TASK[activity]] += 1
        people[TASK[activity]] += count
    asked = {"activity": "all", "within": "186@1", "period": "2022"}
    (whole,) = late.rollups(**asked)
    assert (whole["value"], whole["participants"], whole["amount"]) == (6, 72, 640)
    rows = late.rollups(by="task", **asked)
    assert [row["by"]["task"] for row in rows] == [*(item["slug"] for item in PLAN["tasks"]), None]
    assert {row["by"]["task"]: row["value"] for row in rows} == {
        row["by"]["task"]: records[row["by"]["task"]] for row in rows
    }
    assert {row["by"]["task"]: row["participants"] for row in rows if row["participants"]} == dict(people)
    assert sum(row["amount"] for row in rows) == whole["amount"]
    assert all(row["units_expected"] == whole["units_expected"] for row in rows)
    below = late.rollups(by="task", **asked, level="commune")
    assert len(below) == 9 * len({row["uid"] for row in below})
    table = late.read("/v1/rollups", by="task", format="csv", **asked).text
    assert "task:t1-communication" in table
    assert ",task:\r\n" in table or ",task:," in table
    lines = late.rollups(by="money", **asked)
    assert [(row["by"], row["amount"]) for row in lines] == [({"money": "f1-state-budget"}, 640)]
    told = late.read("/v1/rollups/explain", **asked).json()["rows"]
    assert {row["data"]["record"] for row in told} == {f"task-{number}" for number in range(len(SESSIONS))}


def test_a_measure_of_several_activities_is_split_by_their_groups(late: System) -> None:
    def of(measure: str) -> dict[Any, Any]:
        rows = late.rollups(indicator=measure, by="task", within="186@1", period="2022")
        return {row["by"]["task"]: row["value"] for row in rows}

    assert of("parents-counselled") == {"t4-parenting": 12, "t5-services": 0}
    assert of("services-delivered") == {"t5-services": 20}
    spent = late.rollups(indicator="budget-spent", by="task", within="186@1", period="2022")
    numbers = {row["by"]["task"]: (row["value"], row["numerator"], row["denominator"]) for row in spent}
    assert numbers["t1-communication"] == (None, 500, 0)  # what was allotted belongs to no group


def test_what_can_not_be_added_up_over_groups_is_refused(late: System) -> None:
    for asked in (
        {"activity": "parent-counselling"}, {"indicator": "plan-issued"}, {"indicator": "report-timeliness"},
        {"indicator": "child-service-access"},
    ):  # fmt: skip
        answer = late.read("/v1/rollups", by="task", within="186@1", period="2022", **asked)
        assert (answer.status_code, answer.json()["field"]) == (400, "by"), asked
