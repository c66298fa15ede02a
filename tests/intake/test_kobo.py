"""KoboToolbox's webhook in its real shape: flat group paths, texts for numbers, repeats, edits."""

import uuid
from typing import Any

import httpx
import pytest

from deploy.local.http import LOCAL
from tests.system import System


def submission(record: str | None = None, **fields: Any) -> dict[str, Any]:
    """As Kobo's REST service sends it, with what it always adds."""
    record = record or str(uuid.uuid4())
    return {
        "_id": 4711, "formhub/uuid": "f1f2", "start": "2023-03-14T08:00:01.000+07:00",
        "end": "2023-03-14T08:10:00.000+07:00", "__version__": "vA1", "meta/instanceID": f"uuid:{record}",
        "_xform_id_string": "aXyZ", "_uuid": record, "_status": "submitted_via_web", "_geolocation": [None, None],
        "_submission_time": "2023-03-14T01:10:05", "_tags": [], "_notes": [], "_attachments": [], "_submitted_by": None,
        "place/commune": "06502", "place/officer_name": "Nguyễn Thị Mai", "place/phone": "0912345678",
        "session/date": "2023-03-09", "session/domain": "dinh_duong", "session/people/parents": "24",
        "session/people/caregivers": "3", "session/people/women": "20", "session/cost": "1500000", **fields,
    }  # fmt: skip


def sessions(record: str, commune: str, *rows: int, **fields: Any) -> dict[str, Any]:
    return {
        "_uuid": record, "meta/instanceID": f"uuid:{record}", "_submission_time": "2023-03-14T01:10:05",
        "commune": commune,
        "sessions": [{"sessions/date": "2023-03-10", "sessions/people/parents": str(row)} for row in rows], **fields,
    }  # fmt: skip


def post(system: System, body: dict[str, Any], form: str = "parent-counselling", **query: str) -> httpx.Response:
    return LOCAL.post(
        f"{system.services.url('intake')}/v1/kobo/{form}", json=body, params=query,
        headers={"Authorization": f"Bearer {system.key}"},
    )  # fmt: skip


def figure(system: System, commune: str, activity: str = "parent-counselling") -> tuple[int, int]:
    row = system.rollups(activity=activity, within=commune, period="2023-03")[0]
    return row["records"], row["participants"]


def test_a_submission_counts_once_however_often_the_webhook_repeats_it(system: System) -> None:
    body = submission()
    for _ in range(3):
        assert post(system, body).json() == system.all_taken(1)
    system.wait_until(lambda: figure(system, "06502") == (1, 27), "it is counted once")


def test_an_edit_supersedes_the_submission_that_it_names(system: System) -> None:
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    assert post(system, submission(first, **{"place/commune": "06505"})).status_code == 202
    system.wait_until(lambda: figure(system, "06505") == (1, 27), "the first is counted")
    change = {"place/commune": "06505", "session/people/parents": "10", "session/people/women": "5"}
    edit = submission(second, **change, **{"meta/deprecatedID": f"uuid:{first}"})
    assert post(system, edit).status_code == 202
    system.wait_until(lambda: figure(system, "06505") == (1, 13), "only the edit is counted")


def test_each_row_of_a_repeat_is_an_activity_and_an_edit_withdraws_rows_that_are_gone(system: System) -> None:
    first, second = str(uuid.uuid4()), str(uuid.uuid4())
    name = "communication-session"
    answer = post(system, sessions(first, "06508", 5, 6, 7), "communication-sessions")
    assert answer.json()["accepted"] == 3, answer.text
    system.wait_until(lambda: figure(system, "06508", name) == (3, 18), "three sessions")
    later = {"meta/deprecatedID": f"uuid:{first}", "_submission_time": "2023-03-15T01:00:00"}
    edit = sessions(second, "06508", 50, **later)
    assert post(system, edit, "communication-sessions").status_code == 202
    system.wait_until(lambda: figure(system, "06508", name) == (1, 50), "one is left")


def test_nested_objects_are_read_like_group_paths(system: System) -> None:
    body = submission(None, **{"place/commune": "06415"})
    nested = {key: value for key, value in body.items() if not key.startswith(("place/", "session/"))}
    nested["place"] = {"commune": "06415"}
    nested["session"] = {"date": "2023-03-09", "domain": "suc_khoe", "people": {"parents": 2}}
    assert post(system, nested).status_code == 202


def test_what_is_not_mapped_goes_no_further(system: System) -> None:
    assert post(system, submission(None, **{"place/commune": "06514"})).status_code == 202
    system.wait_until(lambda: figure(system, "06514")[0] == 1, "it is counted")
    answer = system.read(
        "/v1/rollups/explain", programme="ecd-1437", activity="parent-counselling", within="06514", unit="06514",
        period="2023-03",
    )  # fmt: skip
    assert "Mai" not in answer.text
    assert "0912" not in answer.text


@pytest.mark.parametrize(
    ("change", "code", "named"),
    [
        ({"session/people/parents": "many"}, "value_invalid", "session/people/parents"),
        ({"session/domain": "sorcery"}, "option_unknown", "session/domain"),
        ({"session/date": ""}, "field_missing", "session/date"),
        ({"session/date": "9/3/2023"}, "value_invalid", "session/date"),
        ({"place/commune": "99999"}, "unit_unknown", "place/commune"),
        ({"place/commune": ""}, "value_invalid", "place/commune"),
        ({"_uuid": "", "meta/instanceID": ""}, "field_missing", "_uuid"),
        ({"_submission_time": "soon", "end": ""}, "value_invalid", "time"),
    ],
)
def test_a_fault_names_the_form_s_own_field(system: System, change: dict[str, str], code: str, named: str) -> None:
    answer = post(system, submission(None, **change))
    assert answer.status_code == 422, answer.text
    (error,) = answer.json()["rejected"][0]["errors"]
    assert error["code"] == code
    assert named in error["field"]


def test_a_repeat_that_is_none_or_too_long_is_refused(system: System) -> None:
    record = str(uuid.uuid4())
    assert post(system, sessions(record, "06508", *range(21)), "communication-sessions").status_code == 422
    assert post(system, {**sessions(record, "06508"), "sessions": "x"}, "communication-sessions").status_code == 422


def test_an_unknown_form_another_type_and_a_dry_run(system: System) -> None:
    assert (post(system, submission(), "no-such").status_code, post(system, [1]).status_code) == (404, 400)  # type: ignore[arg-type]
    url = f"{system.services.url('intake')}/v1/kobo/parent-counselling"
    headers = {"Authorization": f"Bearer {system.key}", "Content-Type": "text/xml"}
    assert LOCAL.post(url, content=b"<data/>", headers=headers).status_code == 415
    assert post(system, submission(), dry_run="true").status_code == 200
