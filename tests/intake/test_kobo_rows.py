"""Repeat groups inside repeat groups: the example of docs/forms.md as it stands, edits of it, and its faults."""

import asyncio
import copy
import json
import re
import uuid
from collections.abc import Iterator
from shutil import copytree
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from deploy.local.http import LOCAL
from deploy.local.stack import LocalStack
from services.intake.formats.cloudevents import parse_items
from services.intake.formats.kobo import draft_events
from shared.programme.senders import Form
from tests.system import ROOT, System, kip

PAGE = (ROOT / "docs/forms.md").read_text(encoding="utf-8")
(MAPPING,) = re.findall(r"```yaml\nforms:\n(.*?)```", PAGE, flags=re.DOTALL)
(SUBMISSION,) = re.findall(r"```json\n(.*?)```", PAGE, flags=re.DOTALL)
COMMUNES, TALKS, HOMES = "visits/communes", "visits/communes/talks", "visits/communes/talks/homes"


@pytest.fixture(scope="module")
def door(
    stack: LocalStack, rabbitmq: Any, session_database: Any, loaded_template: str, tmp_path_factory: Any
) -> Iterator[System]:
    """Services that have loaded the page's mapping."""
    folder = copytree(ROOT / "programmes/ecd-1437", tmp_path_factory.mktemp("programme") / "ecd-1437")
    with (folder / "programme.yaml").open("a", encoding="utf-8") as file:
        file.write(MAPPING)
    database = session_database(loaded_template)
    kip("load", str(folder), environment={"KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": database})
    system = System(stack, rabbitmq.add_vhost("forms"), database)
    yield system
    system.services.stop()


def post(system: System, body: Any) -> httpx.Response:
    return LOCAL.post(
        f"{system.services.url('intake')}/v1/kobo/field-visits", json=body,
        headers={"Authorization": f"Bearer {system.key}"},
    )  # fmt: skip


def example(*communes: str, **fields: Any) -> dict[str, Any]:
    """The page's submission, of other communes than the page's so that tests don't share figures."""
    body = {**json.loads(SUBMISSION), "_uuid": str(uuid.uuid4()), **fields}
    for row, code in zip(body[COMMUNES], communes, strict=True):
        row[f"{COMMUNES}/code"] = code
    return body


def talks(system: System, commune: str) -> tuple[int, int]:
    return figure(system, commune, "communication-session")


def homes(system: System, commune: str) -> tuple[int, int]:
    return figure(system, commune, "parent-counselling")


def figure(system: System, commune: str, activity: str) -> tuple[int, int]:
    row = system.rollups(activity=activity, within=commune, period="2023-03")[0]
    return row["records"], row["participants"]


def test_the_page_s_example_counts_once_however_often_it_comes(door: System) -> None:
    for _ in range(3):
        assert post(door, json.loads(SUBMISSION)).json() == door.all_taken(6)
    door.wait_until(lambda: homes(door, "06541") == (2, 3), "the homes of the last row are counted")
    assert talks(door, "06532") == (2, 30)
    assert talks(door, "06541") == (1, 5)
    assert homes(door, "06532") == (1, 2)


def test_an_edit_replaces_every_row_and_withdraws_those_that_are_gone(door: System) -> None:
    first = example("06544", "06547")
    assert post(door, first).json()["accepted"] == 6
    door.wait_until(lambda: homes(door, "06547") == (2, 3), "all is counted")
    former = {"meta/deprecatedID": f"uuid:{first['_uuid']}", "_submission_time": "2023-03-15T01:00:00"}
    edit = example("06544", "06547", **former)
    del edit[COMMUNES][0][TALKS][1]
    for commune in edit[COMMUNES]:
        commune[TALKS][0][HOMES] = []
    edit[COMMUNES][0][TALKS][0][f"{TALKS}/about/parents"] = "11"
    assert post(door, edit).status_code == 202
    door.wait_until(lambda: homes(door, "06547") == (0, 0), "its homes are withdrawn")
    door.wait_until(lambda: talks(door, "06544") == (1, 11), "one talk is left, corrected")
    assert (talks(door, "06547"), homes(door, "06544")) == ((1, 5), (0, 0))


def test_an_edit_without_any_row_can_t_say_whose_rows_are_gone(door: System) -> None:
    answer = post(door, {**example("06544", "06547"), "meta/deprecatedID": "uuid:x", COMMUNES: []})
    errors = [error for item in answer.json()["rejected"] for error in item["errors"]]
    assert answer.status_code == 422
    assert {(error["code"], error["field"]) for error in errors} == {("field_missing", f"{COMMUNES}/code")}


def test_nested_objects_are_read_like_full_names(door: System) -> None:
    body = {
        "_uuid": str(uuid.uuid4()), "_submission_time": "2023-03-14T01:10:05",
        "visits": {"communes": [{
            "code": "06550", "host": "uy_ban",
            "talks": [{"about": {"date": "2023-03-09", "parents": 7}}, {"about": {"date": "2023-03-09", "parents": 1}}],
        }]},
    }  # fmt: skip
    answer = post(door, body).json()
    assert (answer["accepted"], answer["rejected"]) == (2, [])
    assert ["visits/communes/talks/homes" in note for note in answer["notes"]] == [True]  # it is not there: said so
    door.wait_until(lambda: talks(door, "06550") == (2, 8), "both rows are counted")


@pytest.mark.parametrize(
    ("path", "value", "code", "field"),
    [
        ((1, TALKS, 0, f"{TALKS}/about/parents"), "many", "value_invalid",
         "data.participants.parent (visits/communes[2]/talks[1]/about/parents)"),
        ((1, TALKS, 0, HOMES, 1, f"{HOMES}/domain"), "sorcery", "option_unknown",
         "data.domain (visits/communes[2]/talks[1]/homes[2]/domain)"),
        ((0, TALKS, 1, f"{TALKS}/about/date"), "", "field_missing",
         "data.held_on (visits/communes[1]/talks[2]/about/date)"),
        ((0, f"{COMMUNES}/code"), "99999", "unit_unknown", "subject (visits/communes[1]/code)"),
        ((1, f"{COMMUNES}/host"), "nobody", "agency_unknown", "data.agency (visits/communes[2]/host)"),
        ((0, TALKS), "two", "value_invalid", "visits/communes[1]/talks"),
        ((0, TALKS, 1), "two", "value_invalid", "visits/communes[1]/talks[2]"),
        ((0, TALKS, 0, HOMES), [{}] * 21, "value_invalid", HOMES),
    ],
)  # fmt: skip
def test_a_fault_names_the_row_and_the_question(
    door: System, path: tuple[Any, ...], value: Any, code: str, field: str
) -> None:
    body = example("06532", "06541")
    *steps, last = path
    here = body[COMMUNES]
    for step in steps:
        here = here[step]
    here[last] = copy.deepcopy(value)
    answer = post(door, body)
    errors = [(error["code"], error["field"]) for item in answer.json()["rejected"] for error in item["errors"]]
    assert answer.status_code == 422
    assert (code, field) in errors


NAMES = [
    f"{COMMUNES}/code", COMMUNES, TALKS, HOMES, f"{TALKS}/about/date", f"{HOMES}/parents", "visits", "communes",
    "talks", "code", "_uuid", "_submission_time", "meta/deprecatedID",
]  # fmt: skip
ANSWERS = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False)
    | st.sampled_from(["", "06532", "2023-03-09"]),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=6),
    max_leaves=25,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from(NAMES), ANSWERS))
def test_whatever_a_submission_holds_it_becomes_events_or_faults(fields: dict[str, Any]) -> None:
    form = Form.model_validate(yaml.safe_load(MAPPING)[0])
    whole = {**fields, "_uuid": "u", "_submission_time": "2023-03-14T01:10:05"}
    made = draft_events("ecd-1437", form, whole, ZoneInfo("Asia/Ho_Chi_Minh"))
    indexes = [*made.drafts, *(item.index for item in made.rejected)]
    assert sorted(indexes) == list(range(len(indexes)))
    asyncio.run(parse_items([(index, draft.event) for index, draft in made.drafts.items()]))
