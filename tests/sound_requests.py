"""A sound request for every route of every service: what hostile ones are made of."""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from tests.hostile import Sound
from tests.system import BATCH, System, access, counselling, event

FIGURES = (
    "unit,agency,period,indicator,by.domain,numerator,denominator\n06412,ubnd-xa,2023-Q1,child-service-access,,1,2\n"
)
ACTIVITIES = (
    "unit;agency;record;activity;held_on;domain;participants.parent;female;money.f1-state-budget;withdraw\n"
    "06412;ubnd-xa;h1;parent-counselling;9/3/2023;nutrition;3;1;1000;\n"
)
SUBMISSION = {
    "_uuid": "9d5a1f0e-8a6b-4c8f-9a55-2f8d7e3c1b20",
    "_submission_time": "2023-03-14T01:10:05",
    "meta/deprecatedID": "uuid:x",
    "place/commune": "06412",
    "session/date": "2023-03-09",
    "session/domain": "dinh_duong",
    "session/people/parents": "24",
    "session/people/women": "20",
    "session/cost": "1500000",
}
SESSIONS = {
    "_uuid": "9d5a1f0e-8a6b-4c8f-9a55-2f8d7e3c1b21",
    "_submission_time": "2023-03-14T01:10:05",
    "commune": "06412",
    "sessions": [{"sessions/date": "2023-03-10", "sessions/people/parents": "7"}],
}
VALUES = {
    "dataSet": "progress-quarterly",
    "completeDate": "2023-03-14",
    "period": "2023Q1",
    "orgUnit": "06412",
    "attributeOptionCombo": "ubnd-xa",
    "dataValues": [
        {"dataElement": "child-service-access.numerator", "value": 3, "categoryOptionCombo": "default"},
        {"dataElement": "child-service-access.denominator", "value": "5", "deleted": False, "comment": "no"},
    ],
}
COMPLETION = {
    "completeDataSetRegistrations": [
        {
            "dataSet": "progress-quarterly",
            "period": "2023Q1",
            "organisationUnit": "06412",
            "date": "2023-03-14",
            "attributeOptionCombo": "ubnd-xa",
            "completed": True,
        }
    ]
}
VALUES_CSV = (
    b"dataelement,period,orgunit,catoptcombo,attroptcombo,value\n"
    b"child-service-access.numerator,2023Q1,06412,,ubnd-xa,3\n"
    b"child-service-access.denominator,2023Q1,06412,,ubnd-xa,5\n"
)
FLAGS = {"partial": "true", "dry_run": "false"}  # of the events' and sheets' addresses
FORM = {
    "content-type": "application/x-www-form-urlencoded",
    "accept": "text/html",
}  # as a browser or mail program has it


class World(NamedTuple):
    """The running services, and what sound requests need: keys, an officer's links, obligations that are still open."""

    system: System
    keys: Mapping[str, str]
    page: str
    message: str
    calendar: str
    obligations: tuple[str, ...]


def problem() -> dict[str, Any]:
    return event("problem.raised", "06412", {"record": "p1", "agency": "ubnd-xa", "text": "Thiếu phòng họp"}, id="p1")


def sound_requests(service: str, world: World) -> list[Sound]:
    """At least one sound request for every route of the service."""
    return {"intake": _of_intake, "aggregation": _of_aggregation, "notifications": _of_notifications}[service](world)


def _of_intake(world: World) -> list[Sound]:
    own = {"authorization": f"Bearer {world.keys['app']}"}
    return [
        *_of_events(own),
        *_of_sheets(own),
        *_of_kobo(own),
        *_of_dhis2(own),
        *(Sound("GET", path, part=6) for path in ("/openapi.json", "/asyncapi.json")),
        Sound("GET", "/v1/schemas/{kind}", path={"kind": "activity.recorded"}),
    ]


def _of_events(own: Mapping[str, str]) -> list[Sound]:
    structured = {**own, "content-type": "application/cloudevents+json"}
    attributes = {f"ce-{name}": str(value) for name, value in counselling().items() if name != "data"}
    binary = {**own, "content-type": "application/json", **attributes}
    batch = {**own, "content-type": BATCH}
    lines = {**own, "content-type": "application/x-ndjson"}
    corrected = counselling()
    corrected["data"] |= {"supersedes": "r0", "by": {"domain": "nutrition"}}
    others = [
        problem(),
        event("report.submitted", "06412", {"report": "progress-quarterly", "agency": "ubnd-xa", "period": "2023-Q1"}),
        event("record.retracted", "06412", {"record": "r1", "revision": 3}),
    ]
    return [
        *(Sound("POST", "/v1/events", headers=structured, document=made) for made in (access(), corrected)),
        *(Sound("POST", "/v1/events", headers=structured, document=made, part=6) for made in others),
        Sound("POST", "/v1/events", query=FLAGS, headers=batch, document=[access(), counselling()], part=6),
        Sound("POST", "/v1/events", headers=binary, document=counselling()["data"], part=6),
        Sound("OPTIONS", "/v1/events", headers={"webhook-request-origin": "example.vn"}),
        Sound("POST", "/v1/events", query=FLAGS, headers=lines, body=json.dumps(access()).encode(), part=3),
    ]


def _of_sheets(own: Mapping[str, str]) -> list[Sound]:
    sheet = {**own, "content-type": "text/csv"}
    return [
        Sound("POST", "/v1/import", query=FLAGS, headers=sheet, body=FIGURES.encode()),
        Sound("POST", "/v1/import", query=FLAGS, headers=sheet, body=ACTIVITIES.encode(), part=3),
    ]


def _of_kobo(own: Mapping[str, str]) -> list[Sound]:
    json_ = {**own, "content-type": "application/json"}
    counselled, sessions = {"form": "parent-counselling"}, {"form": "communication-sessions"}
    trial = {"dry_run": "true"}
    return [
        Sound("POST", "/v1/kobo/{form}", path=counselled, query=trial, headers=json_, document=SUBMISSION),
        Sound("POST", "/v1/kobo/{form}", path=sessions, headers=json_, document=SESSIONS, part=3),
    ]


def _of_dhis2(own: Mapping[str, str]) -> list[Sound]:
    json_ = {**own, "content-type": "application/json"}
    csv = {**own, "content-type": "application/csv"}
    asked = {"dryRun": "false", "async": "false", "importStrategy": "CREATE_AND_UPDATE", "idScheme": "code"}
    header, later = {"firstRowIsHeader": "true"}, {"async": "true"}
    trial = {"dryRun": "true", "dataSetIdScheme": "code"}
    withdrawn = {"ds": "progress-quarterly", "pe": "2023Q1", "ou": "06412", "cp": "ubnd-xa", "multiOu": "false"}
    version = {"version": "41"}
    values, completions = "dataValueSets", "completeDataSetRegistrations"
    versioned = "/api/{version}"
    return [
        Sound("POST", f"/api/{values}", query=asked, headers=json_, document=VALUES),
        Sound("POST", f"/api/{values}", query=header, headers=csv, body=VALUES_CSV, part=2),
        Sound("POST", f"{versioned}/{values}", path=version, query=later, headers=json_, document=VALUES, part=6),
        Sound("POST", f"/api/{completions}", query=trial, headers=json_, document=COMPLETION),
        Sound("POST", f"{versioned}/{completions}", path=version, headers=json_, document=COMPLETION, part=6),
        Sound("DELETE", f"/api/{completions}", query=withdrawn, headers=own),
        Sound("DELETE", f"{versioned}/{completions}", path=version, query=withdrawn, headers=own, part=6),
        *(
            Sound("GET", f"{prefix}/system/{what}/DATAVALUE_IMPORT/{{job}}", path={"job": "a1", **given}, headers=own)
            for prefix, given in (("/api", {}), (versioned, version))
            for what in ("tasks", "taskSummaries")
        ),
    ]


def _of_aggregation(world: World) -> list[Sound]:
    own = {"authorization": f"Bearer {world.keys['reader']}", "accept": "application/json"}
    asked = {
        "programme": "ecd-1437",
        "within": "186@1",
        "period": "2023-Q1",
        "limit": "10",
        "after": "",
        "format": "json",
    }
    indicator, activity = {**asked, "indicator": "child-service-access"}, {**asked, "activity": "parent-counselling"}
    shown = {"view": "as_of_today", "level": "commune", "by": "domain", "sort": "uid"}
    several = {**asked, "indicator": "all", "period": "2023-Q1..2023-Q3"}
    one_unit = {"programme": "ecd-1437", "unit": "06412@1", "agency": "ubnd-xa", "period": "2023-Q1"}
    pages = {"limit": "10", "after": "", "format": "json"}
    return [
        Sound("GET", "/v1/records", query={**one_unit, **pages}, headers=own),
        Sound("GET", "/v1/rollups", query={**indicator, **shown}, headers=own),
        Sound("GET", "/v1/rollups", query={**activity, "sort": "-value", "format": "csv"}, headers=own, part=3),
        Sound("GET", "/v1/rollups", query={**several, "level": "commune", "limit": "3"}, headers=own),
        Sound("GET", "/v1/rollups/missing", query={**indicator, "format": "csv"}, headers=own),
        Sound("GET", "/v1/rollups/explain", query={**indicator, "view": "as_reported"}, headers=own),
        Sound("GET", "/v1/rollups/explain", query=activity, headers=own, part=3),
        Sound(
            "GET",
            "/v1/timeliness",
            query={**asked, "report": "progress-quarterly", "level": "commune", "view": "as_reported"},
            headers=own,
        ),
        Sound(
            "GET",
            "/v1/events/{source}/{id}",
            path={"source": "tests", "id": "p1"},
            query={"format": "json"},
            headers=own,
        ),
        Sound(
            "GET", "/v1/units/{code}", path={"code": "06412"}, query={"on": "2023-03-01", "format": "xlsx"}, headers=own
        ),
        Sound("GET", "/v1/programmes", headers=own),
        Sound("GET", "/v1/programmes/{slug}", path={"slug": "ecd-1437"}, headers=own),
        Sound("GET", "/openapi.json"),
    ]


def _of_notifications(world: World) -> list[Sound]:
    return [
        *_of_lists(world),
        *_of_links(world),
        *_of_officers(world),
        Sound("GET", "/v1/calendar/{token}.ics", path={"token": world.calendar}),
        Sound("GET", "/openapi.json"),
        *_of_decisions(world),
    ]


def _of_lists(world: World) -> list[Sound]:
    own = {"authorization": f"Bearer {world.keys['reader']}", "accept": "application/json"}
    page = {"unit": "186", "limit": "10"}
    owed = {"programme": "ecd-1437", "report": "progress-quarterly", "period": "2023-Q1", "state": "open"}
    alerted = {"officer": "1", "step": "overdue", "since": "2023-03-01T00:00:00+07:00", "state": "sent"}
    one = {"name": world.obligations[0]}
    lines = {"report": "progress-quarterly", "within": "186@1", "level": "commune", "periods": "3", "labels": "vi"}
    return [
        Sound("GET", "/v1/obligations", query={**page, **owed}, headers=own),
        Sound("GET", "/v1/obligations", query={"within": "20@2", "level": "commune", "sort": "due_at"}, headers=own),
        Sound("GET", "/v1/obligations/grid", query=lines, headers=own),
        Sound("GET", "/v1/obligations/{name}", path=one, headers=own),
        Sound("GET", "/v1/alerts", query={**page, **alerted}, headers=own),
        Sound("GET", "/v1/alerts/unaddressed", query={"programme": "ecd-1437"}, headers=own),
        Sound("GET", "/v1/problems", query={**page, "state": "raised"}, headers=own),
    ]


def _of_links(world: World) -> list[Sound]:
    link = {"token": world.page}
    json_ = {"content-type": "application/json"}
    one_click = {"List-Unsubscribe": "One-Click"}
    return [
        Sound("GET", "/v1/ack/{token}", path=link, headers={"accept": "text/html"}),
        Sound("POST", "/v1/ack/{token}", path=link, headers=FORM, form=one_click),
        Sound("POST", "/v1/ack/{token}", path=link, headers=json_, document=one_click),
    ]


def _of_officers(world: World) -> list[Sound]:
    board = {"authorization": f"Bearer {world.keys['board']}"}
    json_ = {**board, "content-type": "application/json"}
    link, session = {"token": world.page}, "0" * 64
    told = ".".join(world.page.split(".")[:2])  # whose link it is, as it says itself
    return [
        Sound("POST", "/v1/links/resolve", headers=json_, document=link),
        Sound("POST", "/v1/links/renew", headers=json_, document=link),
        Sound("POST", "/v1/codes", headers=json_, document={"officer": "1.0", "session": session}),
        Sound(
            "POST", "/v1/codes/verify", headers=json_,
            document={"officer": "1.0", "session": session, "code": "123456"},
        ),
        Sound("GET", "/v1/officers/{ref}", path={"ref": "1.0"}, headers=board),
        Sound("GET", "/v1/officers/{ref}/desk", path={"ref": "1.0"}, query={"labels": "vi"}, headers=board),
        Sound(
            "GET", "/v1/officers/{ref}/messages/{message}", path={"ref": told, "message": world.message},
            query={"labels": "vi"}, headers=board,
        ),
        Sound(
            "POST", "/v1/officers/{ref}/acknowledgements", path={"ref": "1.0"}, headers={**json_, "kip-officer": "1.0"},
            document={"programme": "ecd-1437", "obligations": [], "until": "2023-03-20"},
        ),
        Sound(
            "DELETE", "/v1/officers/{ref}/acknowledgements", path={"ref": "1.0"},
            headers={**json_, "kip-officer": "1.0; device=3f9c21ab"},
            document={"programme": "ecd-1437", "obligations": []},
        ),
    ]  # fmt: skip


def _of_decisions(world: World) -> list[Sound]:
    operator = {"authorization": f"Bearer {world.keys['operator']}"}
    form = {**operator, "content-type": "application/x-www-form-urlencoded"}
    json_ = {**operator, "content-type": "application/json"}
    one, link = {"name": world.obligations[0]}, {"token": world.page}
    # Each a later day.
    first, second, third = ({"until": f"2023-05-{day}", "reason": "Bão số 3"} for day in (15, 16, 17))
    merged = {"reason": "Sáp nhập"}
    return [
        Sound("POST", "/v1/obligations/{name}/extend", path=one, headers=form, form=first),
        Sound("POST", "/v1/obligations/{name}/extend", path=one, headers=json_, document=second),
        Sound("POST", "/v1/obligations/{name}/extend", path=one, query=link, headers=FORM, form=third),
        Sound("POST", "/v1/obligations/{name}/waive", path=one, headers=json_, document=merged),
        Sound("POST", "/v1/obligations/{name}/waive", path=one, headers=form, form=merged),
    ]
