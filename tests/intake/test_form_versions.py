"""One record of a form through all its versions, its days and codes; and bodies that are no submission at all."""

import json
import uuid
from itertools import permutations
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from deploy.local.http import LOCAL
from services.intake.formats.foreign_forms import foreign_body
from services.intake.formats.kobo import Draft, Drafted, draft_events
from shared.programme.senders import Form
from tests.intake.test_kobo import figure, post, sessions, submission
from tests.shipped import shipped_programme
from tests.system import System, event

CASES = Path(__file__).parent / "cases"
PROGRAMME = shipped_programme()
FORMS = {form.form: form for form in PROGRAMME.forms}
ONE, MANY = FORMS["parent-counselling"], FORMS["communication-sessions"]


def case(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CASES / f"{name}.json").read_text(encoding="utf-8"))
    return found


def drafted(body: dict[str, Any], form: Form = ONE, zone: str = PROGRAMME.timezone) -> Drafted:
    return draft_events("ecd-1437", form, body, ZoneInfo(zone))


def only(made: Drafted) -> Draft:
    assert not made.rejected, made.rejected
    (draft,) = made.drafts.values()
    return draft


def names(draft: Draft) -> tuple[str, str | None, str | None, str | None]:
    data = draft.event["data"]
    return draft.event["id"], data["record"], draft.deprecates, data.get("supersedes")


def version(number: int, former: int | None, **fields: Any) -> dict[str, Any]:
    edit = {} if former is None else {"meta/deprecatedID": f"uuid:v{former}"}
    return submission(f"v{number}", **{"meta/rootUuid": "uuid:v1"}, **edit, **fields)


def test_an_edit_whose_predecessor_never_came_is_the_same_record(system: System) -> None:
    first, third = case("kobo_v1"), case("kobo_v3_v2_unseen")
    root = first["_uuid"]
    assert names(only(drafted(first))) == (f"{root}:0:0", root, None, None)
    former = third["meta/deprecatedID"].removeprefix("uuid:")
    assert names(only(drafted(third))) == (f"{third['_uuid']}:0:0", root, f"{former}:0:0", None)
    for body in (first, third):
        assert post(system, body).status_code == 202
    system.wait_until(lambda: figure(system, "06424")[0] == 1, "it is one record")


@pytest.mark.parametrize("order", list(permutations((1, 2, 3))))
def test_versions_in_any_order_are_one_record_and_each_names_the_one_before(order: tuple[int, ...]) -> None:
    made = [only(drafted(version(number, number - 1 if number > 1 else None))) for number in order]
    assert {draft.event["data"]["record"] for draft in made} == {"v1"}
    assert [draft.deprecates for draft in made] == [f"v{number - 1}:0:0" if number > 1 else None for number in order]
    assert [draft.event["id"] for draft in made] == [f"v{number}:0:0" for number in order]


@pytest.mark.parametrize(
    "root", [{"rootUuid": "uuid:v1"}, {"meta": {"rootUuid": "v1"}}, {"meta/rootUuid": " uuid:v1 "}]
)
def test_the_root_is_found_wherever_software_writes_it(root: dict[str, Any]) -> None:
    body = submission("v2", **{"meta/deprecatedID": "uuid:v1"}, **root)
    assert names(only(drafted(body))) == ("v2:0:0", "v1", "v1:0:0", None)


def test_without_a_root_an_edit_supersedes_the_record_that_it_names() -> None:
    body = submission("v2", **{"meta/deprecatedID": "uuid:v1"})
    assert names(only(drafted(body))) == ("v2:0:0", "v2", None, "v1")


def test_what_counts_of_versions_without_a_root_and_nobody_has_withdrawn_the_others(system: System) -> None:
    """Without a root only the version that an edit names is known: one with a root comes too late then."""
    one, two, three, four = (str(uuid.uuid4()) for _ in range(4))
    rooted = {"meta/rootUuid": f"uuid:{one}"}
    bodies = [
        submission(one), submission(two, **{"meta/deprecatedID": f"uuid:{one}"}),
        submission(three, **{"meta/deprecatedID": f"uuid:{two}"}, **rooted),
        submission(four, **{"meta/deprecatedID": f"uuid:{three}"}, **rooted),
    ]  # fmt: skip
    asked = {"activity": "parent-counselling", "within": "06529", "period": "2023-03"}

    def statuses() -> dict[str, str]:
        rows = system.read("/v1/rollups/explain", **asked).json()["rows"]
        return {row["id"].partition(":")[0]: row["status"] for row in rows}

    for number, body in enumerate(bodies, 1):
        assert post(system, body | {"place/commune": "06529"}).status_code == 202
        system.wait_until(lambda: len(statuses()) == number, "it is there")  # noqa: B023
    system.wait_until(
        lambda: statuses() == {one: "superseded", two: "counted", three: "superseded", four: "superseded"},
        "the edit without a root stays",
    )
    assert figure(system, "06529")[0] == 1
    gone = event("record.retracted", "06529", {"record": two, "revision": 0})
    assert system.post([gone]).status_code == 202
    left = {one: "superseded", two: "withdrawn", three: "superseded", four: "superseded", gone["id"]: "withdrawal"}
    system.wait_until(lambda: statuses() == left, "only what somebody withdrew is withdrawn")


def test_rows_that_are_gone_are_withdrawn_under_the_root() -> None:
    edit = {"meta/deprecatedID": "uuid:v2", "meta/rootUuid": "uuid:v1"}
    made = drafted(sessions("v3", "06508", 50, **edit), MANY)
    kept, *gone = made.drafts.values()
    assert (kept.event["data"]["record"], kept.deprecates) == ("v1", "v2:0:0")
    assert len(gone) == MANY.events[0].at_most - 1
    assert (gone[0].event["data"]["record"], gone[0].deprecates) == ("v1/0.1", "v2:0:1")
    assert all("supersedes" not in draft.event["data"] for draft in made.drafts.values())


def test_an_instant_is_the_day_that_it_is_in_the_programme_s_zone() -> None:
    assert only(drafted(case("kobo_date_utc"))).event["data"]["held_on"] == "2023-03-15"
    assert only(drafted(case("kobo_date_utc"), zone="UTC")).event["data"]["held_on"] == "2023-03-14"


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2023-03-14T16:59:59Z", "2023-03-14"), ("2023-03-14T17:00:00Z", "2023-03-15"),
        ("2023-03-15T00:30:00.000+09:00", "2023-03-14"), ("2023-03-14T23:30:00", "2023-03-14"),
        ("2023-03-14T18:30:00.000-05:00", "2023-03-15"), (" 2023-03-14 ", "2023-03-14"),
        ("2023-03-14 and more", "2023-03-14 and more"), ("9999-12-31T23:59:59-07:00", "9999-12-31T23:59:59-07:00"),
    ],
)  # fmt: skip
def test_days_and_instants(written: str, day: str) -> None:
    assert only(drafted(submission(**{"session/date": written}))).event["data"]["held_on"] == day


def test_what_is_no_day_is_refused_not_cut(system: System) -> None:
    answer = post(system, submission(**{"session/date": "2023-03-14 and more"}))
    (error,) = answer.json()["rejected"][0]["errors"]
    assert (answer.status_code, error["code"], error["got"]) == (422, "value_invalid", "2023-03-14 and more")


def test_a_repeat_group_that_is_absent_is_told_from_one_that_is_empty(system: System) -> None:
    form = "communication-sessions"
    empty = post(system, sessions(str(uuid.uuid4()), "06508"), form)
    assert (empty.status_code, empty.json()) == (202, system.all_taken(0))
    absent = sessions(str(uuid.uuid4()), "06508")
    del absent["sessions"]
    answer = post(system, absent, form)
    (error,) = answer.json()["rejected"][0]["errors"]
    assert (answer.status_code, error["code"], error["field"]) == (422, "field_missing", "sessions")
    edit = {**absent, "_uuid": "v2", "meta/rootUuid": "uuid:v1", "meta/deprecatedID": "uuid:v1"}
    told = post(system, edit, form, dry_run="true").json()
    assert told["accepted"] == MANY.events[0].at_most, "its rows are withdrawn"
    assert "no repeat group 'sessions'" in told["notes"][0]


def test_a_question_that_is_absent_is_named(system: System) -> None:
    assert not drafted(submission()).notes
    renamed = submission()
    renamed["session/people/aunts"] = renamed.pop("session/people/caregivers")
    answer = post(system, renamed, dry_run="true")
    (note,) = answer.json()["notes"]
    assert (answer.json()["accepted"], "no question 'session/people/caregivers'" in note) == (1, True)
    (said,) = drafted(renamed).notes
    assert said.vi.startswith("Bài gửi không có câu hỏi «session/people/caregivers»:")
    names = ["session/domain", "session/people/parents", "session/people/caregivers", "session/people/women",
             "session/cost"]  # fmt: skip
    bare = {name: answer for name, answer in submission().items() if name not in names}
    assert [name for note in drafted(bare).notes for name in names if f"'{name}'" in note.en] == names
    assert not drafted({**bare, **dict.fromkeys(names, "")}).notes, "there, and not answered"


def test_a_question_is_absent_where_no_row_has_it() -> None:
    body = sessions("v1", "06508", 5, 6)
    rows = body["sessions"]
    rows[1]["sessions/people/caregivers"] = "2"
    assert not drafted(body, MANY).notes
    del rows[1]["sessions/people/caregivers"]
    (note,) = drafted(body, MANY).notes
    assert "'sessions/people/caregivers'" in note.en
    assert not drafted(sessions("v1", "06508"), MANY).notes, "no row, nothing to answer"


def nested(**visits: Any) -> dict[str, Any]:
    return {"_uuid": "v1", "_submission_time": "2023-03-14T01:10:05", "unit": "06508", "date": "2023-03-09", **visits}


DEEP = Form.model_validate({
    "form": "deep", "events": [
        {"kind": "activity.recorded", "unit": "unit", "values": {"activity": "parent-counselling", "agency": "ubnd-xa"},
         "fields": {"held_on": "date"}},
        {"kind": "activity.recorded", "unit": "unit", "repeat": "visits/talks", "fields": {"held_on": "date"},
         "values": {"activity": "communication-session", "agency": "ubnd-xa"}},
    ],
})  # fmt: skip


@pytest.mark.parametrize(
    ("body", "notes"),
    [
        (nested(), 1), (nested(visits=[{}]), 1), (nested(visits=[{"visits/speeches": [{}]}]), 1),
        (nested(visits={}), 1),
        (nested(visits=[]), 0), (nested(visits=[{"visits/talks": []}]), 0), (nested(visits=[{}, {"talks": [{}]}]), 0),
        (nested(visits={"talks": []}), 0),
    ],
)  # fmt: skip
def test_a_group_inside_another_is_absent_where_no_row_tells_of_it(body: dict[str, Any], notes: int) -> None:
    made = drafted(body, DEEP)
    assert (len(made.notes), made.rejected) == (notes, [])
    assert all("visits/talks" in note.vi and "visits/talks" in note.en for note in made.notes)


def test_codes_are_trimmed_and_composed() -> None:
    form = FORMS["parent-counselling"].model_copy(deep=True)
    (event,) = form.events
    event.options["session/domain"] = {"dinh dưỡng": "nutrition"}
    fields = {"place/commune": "\u00a006502 ", "session/domain": " dinh du\u031bo\u031b\u0303ng\n", "session/cost": " "}
    data = only(drafted(submission(**fields), form)).event
    assert (data["subject"], data["data"]["domain"]) == ("06502", "nutrition")
    assert not data["data"].get("money")


COMMCARE = {
    "domain": "ecd", "app_id": "a1", "id": "f1", "received_on": "2023-03-14T01:10:05Z", "type": "data",
    "form": {"#type": "data", "@xmlns": "http://openrosa.org/formdesigner/1", "commune": "06412",
             "meta": {"instanceID": "f1", "timeEnd": "2023-03-14T01:10:05Z"}},
}  # fmt: skip
RAPIDPRO = {
    "contact": {"uuid": "c1", "name": "Mai", "urn": "tel:+84912345678"}, "flow": {"uuid": "w1", "name": "Parents"},
    "run": {"uuid": "r1", "created_on": "2023-03-14T01:10:05Z"}, "path": [],
    "results": {"parents": {"name": "Parents", "value": "24", "category": "All Responses"}},
}  # fmt: skip


@pytest.mark.parametrize(
    ("body", "field", "words"),
    [
        ([submission()], "submission", ("a list", "danh sách")),
        ({"@odata.context": "x", "value": [submission()]}, "value", ("OData", "OData")),
        ({"count": 1, "next": None, "results": [submission()]}, "results", ("page of an API", "trang của API")),
        ({"headers": {}, "query": {}, "body": submission()}, "body", ("$json.body", "$json.body")),
        ({"json": submission()}, "json", ("$json", "$json")),
        ({"fields": submission()}, "fields", ("not wrapped", "không bọc")),
        ({"data": [submission()], "_uuid": "u"}, "data", ("not wrapped", "không bọc")),
        ({"payload": submission(), "_submission_time": "2023-03-14T01:10:05"}, "payload", ("not wrapped", "không bọc")),
        (COMMCARE, "submission", ("CommCare HQ", "CommCare HQ")),
        (RAPIDPRO, "submission", ("RapidPro or TextIt", "RapidPro hoặc TextIt")),
    ],
)
def test_what_is_no_submission_is_named_with_what_to_set_up(
    system: System, body: Any, field: str, words: tuple[str, str]
) -> None:
    url = f"{system.services.url('intake')}/v1/kobo/parent-counselling"
    for language, word in zip(("en", "vi"), words, strict=True):
        headers = {"Authorization": f"Bearer {system.key}", "Accept-Language": language}
        answer = LOCAL.post(url, json=body, headers=headers)
        (error,) = answer.json()["rejected"][0]["errors"]
        assert (answer.status_code, error["field"]) == (422, field)
        assert word in error["message"]
        assert "0912" not in answer.text


@pytest.mark.parametrize("kind", ["text/xml", "application/xml; charset=utf-8", "multipart/form-data; boundary=x"])
def test_openrosa_s_xml_is_refused_by_name(system: System, kind: str) -> None:
    url = f"{system.services.url('intake')}/v1/kobo/parent-counselling"

    def answer(language: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {system.key}", "Content-Type": kind, "Accept-Language": language}
        return LOCAL.post(url, content=b'<data id="x"/>', headers=headers)

    assert (answer("en").status_code, answer("en").json()["error"]) == (415, "unsupported_type")
    assert "choose the type JSON for the REST service" in answer("en").json()["message"]
    assert "chọn kiểu JSON cho REST Services" in answer("vi").json()["message"]


def test_a_group_of_the_form_s_own_with_such_a_name_is_no_wrapper() -> None:
    form = Form.model_validate({
        "form": "own",
        "events": [{"kind": "activity.recorded", "unit": "data/unit", "fields": {"held_on": "data/date"}}],
    })  # fmt: skip
    assert foreign_body({"data": {"unit": "06412"}}, form) is None
    assert foreign_body({"data/unit": "06412", "body": {}}, form) is None
    assert foreign_body({"body": {"data/unit": "06412"}}, form) is not None
