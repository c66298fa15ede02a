"""With `Accept-Language: vi` every door answers in Vietnamese, down to what was expected; else in English."""

import json
from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import httpx
import pytest

from deploy.local.http import LOCAL
from services.intake.formats.cloudevents import STRUCTURED
from services.intake.refusals.event_words import FormWords
from services.intake.refusals.request_errors import FAULTS, Fault, RefusedError
from services.intake.refusals.request_words import ImportWords
from shared.domain.refusals import TEXTS, Code, Place, Refusal
from shared.sheets.words import NoteWords
from shared.wording.words import Words
from tests.intake.test_form_versions import COMMCARE
from tests.raw_http import Raw
from tests.shared.test_words import check_both, english_in
from tests.system import BATCH, System, access, counselling, event

JSON, CSV, NDJSON = "application/json", "text/csv", "application/x-ndjson"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
EVENTS, SHEETS, FORM, SETS = "/v1/events", "/v1/import", "/v1/kobo/parent-counselling", "/api/dataValueSets"
TELLS = frozenset({"message", "description", "value", "notes"})  # the fields of answers that hold what is said


class Asked(NamedTuple):
    """A request that is refused, at least in part."""

    path: str
    body: bytes = b""
    kind: str = JSON
    query: Mapping[str, str] = MappingProxyType({})
    method: str = "POST"
    key: str | None = None
    headers: Mapping[str, str] = MappingProxyType({})


def structured(**changes: Any) -> Asked:
    return Asked(EVENTS, json.dumps({**counselling(), **changes}).encode(), STRUCTURED)


def data(**changes: Any) -> Asked:
    made = counselling()
    return structured(data={**made["data"], **changes})


def values(*rows: dict[str, Any], **stated: str) -> bytes:
    return json.dumps({"dataValues": list(rows), **stated}).encode()


NUMERATOR = {"dataElement": "child-service-access.numerator", "period": "2023Q1", "orgUnit": "06475", "value": "1"}
REGISTERED = {"dataSet": "progress-quarterly", "period": "2023Q1", "organisationUnit": "06403"}
OPTION_GONE = {
    "orgUnits": ["06475"], "periods": ["2023Q1"],
    "elements": [{"dataElement": NUMERATOR["dataElement"], "categoryOptionCombo": "domain:health"}],
}  # fmt: skip
TOO_MUCH_GONE = {"orgUnits": ["1"] * 400, "periods": ["2023"] * 400, "elements": [NUMERATOR["dataElement"]]}
SESSIONS = "unit,agency,record,activity,held_on,participants.parent,female\n"
FIGURES = "unit,agency,period,indicator,by.domain,numerator,denominator\n"
ROW = "06412,ubnd-xa,2023-Q1,child-service-access"
TEXT = {"record": "w-1", "agency": "ubnd-xa", "text": "Gọi 0912345678"}
OF_A_YEAR = {**access(), "data": {**access()["data"], "period": "2023"}}
SUBMISSION = {
    "_uuid": "9d5a1f0e-8a6b-4c8f-9a55-2f8d7e3c1b21", "_submission_time": "2023-03-14T01:10:05",
    "place/commune": "06412", "session/date": "2023-03-09", "session/domain": "dinh_duong",
    "session/people/parents": "nhiều",
}  # fmt: skip
ASKED: dict[str, Asked] = {
    # A sheet, at a cell and as a whole.
    "a sheet's number": Asked(SHEETS, f"{FIGURES}{ROW},,x,530\n".encode(), CSV),
    "a number of two meanings": Asked(SHEETS, f'{FIGURES}{ROW},,"1,234",5000\n'.encode(), CSV),
    "a cell's error": Asked(SHEETS, f"{FIGURES}{ROW},,#N/A,530\n".encode(), CSV),
    "a formula": Asked(SHEETS, f"{FIGURES}{ROW},,=A1+B1,530\n".encode(), CSV),
    "lost digits": Asked(SHEETS, f"{SESSIONS}06412,ubnd-xa,1E+15,parent-counselling,9/3/2023,1,1\n".encode(), CSV),
    "a sheet's day": Asked(SHEETS, f"{SESSIONS}06412,ubnd-xa,r-1,parent-counselling,never,1,1\n".encode(), CSV),
    "a record with a space": Asked(SHEETS, f"{SESSIONS}06412,ubnd-xa,r 1,parent-counselling,,1,1\n".encode(), CSV),
    "a row too long": Asked(SHEETS, f"{FIGURES}{ROW},,1,530,7\n".encode(), CSV),
    "two rows": Asked(SHEETS, f"{FIGURES}{ROW},,1,530\n{ROW},,2,530\n".encode(), CSV),
    "a column too many": Asked(SHEETS, b"unit,agency,period,indicator,numerator,denominator,colour\n", CSV),
    "a column missing": Asked(SHEETS, b"unit,agency,period,indicator,numerator\n", CSV),
    "a column twice": Asked(SHEETS, b"unit,agency,period,indicator,numerator,numerator\n", CSV),
    "no table": Asked(SHEETS, b"a,b\n1,2\n", CSV),
    "no letters of UTF-8": Asked(SHEETS, "unit,agency\n".encode("utf-16"), CSV),
    "an open quote": Asked(SHEETS, FIGURES.encode() + b'"06412', CSV),
    "wrong quotes": Asked(SHEETS, FIGURES.encode() + b'"06412"x,\n', CSV),
    "too many rows": Asked(SHEETS, FIGURES.encode() + b"a,b,c,d,e,f,g\n" * 20_001, CSV),
    "no workbook": Asked(SHEETS, b"no zip at all", XLSX),
    # Events.
    "no array": Asked(EVENTS, b"{}", BATCH),
    "broken JSON": Asked(EVENTS, b'[{"a":', BATCH),
    "a key twice": Asked(EVENTS, b'{"a":1,"a":2}', STRUCTURED),
    "a person's key twice": Asked(EVENTS, b'{"0912345678":1,"0912345678":2}', STRUCTURED),
    "no fields": Asked(EVENTS, json.dumps([{}, 7, {"type": "vn.kip.obligation.opened.v1"}]).encode(), BATCH),
    "a type of nobody's": structured(type="x"),
    "a text": structured(id=7),
    "a constant": structured(specversion="0.3"),
    "a time": structured(time="2023"),
    "a time to come": structured(time="2099-01-01T00:00:00Z"),
    "a control character": structured(subject="\x1f"),
    "a name": structured(id="a b"),
    "a field too many": structured(Colour="red"),
    "base64": structured(data=None, data_base64=7),
    "a whole number": data(female="7"),
    "a number below 0": data(female=-1),
    "a number above all": data(participants={"parent": 10**13}),
    "an object": data(participants=[]),
    "a list": data(money={}),
    "a list too long": data(money=[{"line": "x", "amount": 1}] * 17),
    "a slug too long": data(activity="x" * 65),
    "an empty slug": data(activity=""),
    "a day": data(held_on=7),
    "more women than people": data(participants={"parent": 1}, female=2),
    "an unknown activity": data(activity="x"),
    "an unknown option": data(domain="x", by={"x": "y"}, participants={"x": 1}, money=[{"line": "x", "amount": 1}]),
    "a day to come": data(held_on="2030-01-01"),
    "a day before all": data(held_on="2001-01-01"),
    "an unknown agency": data(agency="x"),
    "an unknown programme": data(programme="x"),
    "an unknown unit": structured(subject="99999"),
    "a unit of another time": structured(subject="20@2"),
    "a wrong level": Asked(EVENTS, json.dumps([access("VN")]).encode(), BATCH),
    "a wrong period": Asked(EVENTS, json.dumps([OF_A_YEAR]).encode(), BATCH),
    "too large a numerator": Asked(EVENTS, json.dumps([access(numerator=531)]).encode(), BATCH),
    "a person's number": Asked(EVENTS, json.dumps([event("problem.raised", "06412", TEXT)]).encode(), BATCH),
    "a withdrawal of nothing": Asked(
        EVENTS, json.dumps([event("record.retracted", "06412", {"revision": 1})]).encode(), BATCH
    ),
    "too large an event": structured(id="x" * 70_000),
    "a header of an event": Asked(
        EVENTS, b"{}", headers={"ce-specversion": "1.0", "ce-type": "x", "ce-source": "%FF"}
    ),
    "an event in headers": Asked(EVENTS, b"{}", headers={"ce-specversion": "1.0", "ce-type": "vn.kip.x.v1"}),
    "a stream's lines": Asked(EVENTS, b'{"a":\n[]\n' + b"x" * 70_000 + b"\n{}\n", NDJSON),
    # Forms.
    "a form's number": Asked(FORM, json.dumps(SUBMISSION).encode()),
    "no submission": Asked(FORM, b"7"),
    "a submission without a name": Asked(FORM, b'{"place/commune": "06412"}'),
    "another software": Asked(FORM, json.dumps(COMMCARE).encode()),
    "a wrapped submission": Asked(FORM, b'{"body": {}}'),
    "many submissions": Asked(FORM, b"[{}]"),
    "XML": Asked(FORM, b"<a/>", "text/xml"),
    "an unknown form": Asked("/v1/kobo/x", b"{}"),
    # DHIS2.
    "half a record": Asked(SETS, values(NUMERATOR)),
    "bad values": Asked(
        SETS,
        values(
            {**NUMERATOR, "value": "x"}, {**NUMERATOR, "period": "x"}, {**NUMERATOR, "orgUnit": "99999"},
            {**NUMERATOR, "dataElement": "x"}, {**NUMERATOR, "deleted": "x"},
            {**NUMERATOR, "categoryOptionCombo": "x"},
        ),
    ),
    "a bare summary": Asked("/api/37/dataValueSets", values({**NUMERATOR, "value": "x"})),
    "a bad completion": Asked(SETS, values(NUMERATOR, completeDate="soon", dataSet="x", period="2023Q1")),
    "no list": Asked(SETS, b"{}"),
    "a text in a list": Asked(SETS, b'{"dataValues": [7]}'),
    "an object for a text": Asked(SETS, b'{"dataValues": [{"period": {}}]}'),
    "semicolons": Asked(SETS, b"dataelement;period;orgunit;value\na;b;c;d\n", "application/csv"),
    "a bad scheme": Asked(SETS, b"{}", query={"idScheme": "name"}),
    "a bad strategy": Asked(SETS, b"{}", query={"importStrategy": "x"}),
    "two strategies": Asked(SETS, b"{}", query={"importStrategy": "DELETE", "strategy": "CREATE_AND_UPDATE"}),
    "a bad flag of DHIS2": Asked(SETS, b"{}", query={"dryRun": "x"}),
    "a parameter of DHIS2 that is none": Asked(SETS, b"{}", query={"mergeMode": "MERGE"}),
    "a parameter that can't be obeyed": Asked(SETS, b"{}", query={"force": "true"}),
    "a bad scheme in the body": Asked(SETS, values(idScheme="name")),
    "a field that is not read": Asked(SETS, values(NUMERATOR, colour="red")),
    "a person's field": Asked(SETS, b'{"dataValues": [], "0912345678": 1}'),
    "no list of what is gone": Asked(SETS, b'{"dataValues": [], "deletion": {"orgUnits": []}}'),
    "an option that is gone": Asked(SETS, json.dumps({"dataValues": [], "deletion": OPTION_GONE}).encode()),
    "too much that is gone": Asked(SETS, json.dumps({"dataValues": [], "deletion": TOO_MUCH_GONE}).encode()),
    "completed and not": Asked(
        "/api/completeDataSetRegistrations",
        json.dumps({"completeDataSetRegistrations": [REGISTERED, {**REGISTERED, "completed": False}]}).encode(),
    ),
    "several units": Asked("/api/completeDataSetRegistrations", query={"multiOu": "true"}, method="DELETE"),
    "an import that starts": Asked(SETS, values(NUMERATOR), query={"async": "true", "dryRun": "true"}),
    "no registration": Asked("/api/completeDataSetRegistrations", method="DELETE"),
    "an unknown version": Asked("/api/x/dataValueSets", b"{}"),
    "an unknown job": Asked("/api/system/tasks/DATAVALUE_IMPORT/x", method="GET"),
    # Any door.
    "a bad flag": Asked(EVENTS, b"[]", BATCH, {"partial": "maybe"}),
    "a parameter that is none": Asked(EVENTS, b"[]", BATCH, {"dryRun": "true"}),
    "a sheet's parameter that is none": Asked(SHEETS, b"", CSV, {"dryRun": "true"}),
    "a form's parameter that is none": Asked(FORM, b"{}", query={"partial": "true"}),
    "another type": Asked(EVENTS, b"[]", "image/png"),
    "no type": Asked(SHEETS, b"", ""),
    "compressed": Asked(EVENTS, b"[]", BATCH, headers={"Content-Encoding": "gzip"}),
    "no key": Asked(EVENTS, b"[]", BATCH, key="nobody"),
    "no address": Asked("/v1/nothing", method="GET"),
    "no address of DHIS2": Asked("/api/nothing", method="GET"),
    "another method": Asked(EVENTS, method="DELETE"),
    "no schema": Asked("/v1/schemas/x", method="GET"),
    "too large": Asked(EVENTS, b" " * (8 * 1024 * 1024 + 1), BATCH),
}  # fmt: skip
WITHOUT_REFUSAL = {"an import that starts"}


def ask(system: System, asked: Asked, language: str, service: str = "intake") -> httpx.Response:
    headers = {
        "Authorization": f"Bearer {asked.key or system.key}", "Content-Type": asked.kind, "Accept-Language": language,
        **asked.headers,
    }  # fmt: skip
    url = f"{system.services.url(service)}{asked.path}"
    return LOCAL.request(asked.method, url, content=asked.body, params=asked.query or None, headers=headers, timeout=60)


def said_in(answer: Any) -> Iterator[str]:
    """All that an answer says to people, in its order."""
    if isinstance(answer, list):
        for item in answer:
            yield from said_in(item)
    elif isinstance(answer, dict):
        for name, value in answer.items():
            if name in TELLS:
                yield from [value] if isinstance(value, str) else value
            else:
                yield from said_in(value)


TOLD = [*TEXTS.values(), *(words for _, words in FAULTS.values()), *(it.value for it in ImportWords)]


@pytest.mark.parametrize("name", ASKED)
def test_a_door_answers_in_the_language_that_is_asked_for(system: System, name: str) -> None:
    asked = ASKED[name]
    vietnamese, english = ask(system, asked, "vi-VN,vi;q=0.9,en;q=0.5"), ask(system, asked, "fr, en")
    assert vietnamese.status_code == english.status_code
    assert english.status_code == 200 if name in WITHOUT_REFUSAL else english.status_code >= 400
    ours, theirs = list(said_in(vietnamese.json())), list(said_in(english.json()))
    assert ours
    for pair in zip(ours, theirs, strict=True):
        check_both(*pair, among=[*TOLD, *(it.value for it in FormWords), *(it.value for it in NoteWords)])


def test_what_became_of_an_import_is_told_in_the_language_of_who_asks_for_it(system: System) -> None:
    started = ask(system, ASKED["an import that starts"], "vi").json()["response"]
    for path in (started["relativeNotifierEndpoint"], f"/api/system/taskSummaries/DATAVALUE_IMPORT/{started['id']}"):
        asked = Asked(path, method="GET")
        said = [list(said_in(ask(system, asked, language).json())) for language in ("vi", "en")]
        assert all(said)
        for pair in zip(*said, strict=True):
            check_both(*pair, among=TOLD)


@pytest.mark.parametrize("code", Code)
def test_every_code_of_an_event_is_told_from_its_table(code: Code) -> None:
    refusal = Refusal(code, "data.x", Words("đúng", "right"), 7, Place("Trang 1", 3, "B"))
    for language in ("vi", "en"):
        told = refusal.to_json(language)
        template = TEXTS[code].in_language(language)
        assert told["message"] == template.format(expected="đúng" if language == "vi" else "right")
    assert not english_in(refusal.to_json("vi")["message"])


@pytest.mark.parametrize("fault", Fault)
def test_every_fault_of_a_request_is_told_from_its_table(fault: Fault) -> None:
    refused = RefusedError(fault, Words("đúng", "right"))
    assert refused.message("vi") == FAULTS[fault][1].vi.format(detail="đúng")
    assert refused.message("en") == FAULTS[fault][1].en.format(detail="right")
    assert json.loads(bytes(refused.response("vi").body))["message"] == refused.message("vi")


RAW = {
    "two hosts": b"GET / HTTP/1.1\r\nAccept-Language: vi\r\nHost: x\r\nHost: x\r\n\r\n",
    "an upgrade": b"GET / HTTP/1.1\r\nHost: x\r\nAccept-Language: vi\r\nUpgrade: h2c\r\n\r\n",
    "an expectation": b"POST / HTTP/1.1\r\nHost: x\r\nExpect: coffee\r\nAccept-Language: vi\r\n\r\n",
    "a header that is none": b"GET / HTTP/1.1\r\nAccept-Language: vi\r\nHost : x\r\n\r\n",
    "too large": b"GET / HTTP/1.1\r\nHost: x\r\nAccept-Language: vi\r\nX: " + b"a" * 40_000,
}


@pytest.mark.parametrize("service", ["intake", "aggregation"])
@pytest.mark.parametrize("name", RAW)
def test_what_is_no_good_http_is_told_in_the_language_of_the_headers_that_came(
    system: System, service: str, name: str
) -> None:
    said: dict[str, str] = {}
    for language in ("vi", "en"):
        with Raw(system.services.ports[service]) as client:
            came = client.send(RAW[name].replace(b": vi", b": " + language.encode())).all()
        said[language] = json.loads(came.partition(b"\r\n\r\n")[2])["message"]
    check_both(said["vi"], said["en"])


QUESTIONS: dict[str, Asked] = {
    path: Asked(path, method="GET")
    for path in (
        "/v1/rollups", "/v1/rollups?indicator=x&activity=y", "/v1/rollups?indicator=x", "/v1/rollups?activity=x",
        "/v1/rollups?indicator=child-service-access&period=x", "/v1/rollups?indicator=child-service-access&view=x",
        "/v1/rollups?indicator=child-service-access&period=2023-01", "/v1/rollups?colour=red",
        "/v1/rollups?indicator=child-service-access&period=2024-Q4..2024-Q1", "/v1/rollups?programme=x",
        "/v1/rollups?indicator=child-service-access&within=99999", "/v1/rollups?format=pdf",
        "/v1/rollups?indicator=child-service-access&within=06412@1&period=2026-Q1",
        "/v1/rollups?indicator=child-service-access&level=x", "/v1/rollups?indicator=child-service-access&sort=x",
        "/v1/rollups?indicator=child-service-access&limit=0", "/v1/rollups?indicator=child-service-access&by=x",
        "/v1/rollups?limit=1&limit=2",
        "/v1/timeliness", "/v1/timeliness?report=progress-quarterly&period=2023", "/v1/events//x",
        "/v1/units/99999", "/v1/units/06412?on=x", "/v1/nothing", "/v1/programmes?slug=x", "/v1/programmes/x",
    )
}  # fmt: skip
QUESTIONS |= {
    "no key": Asked("/v1/rollups", method="GET", key="nobody"),
    "another method": Asked("/v1/rollups", method="DELETE"),
}


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_question_is_refused_in_the_language_that_is_asked_for(system: System, name: str) -> None:
    asked = QUESTIONS[name]
    asked = asked._replace(key=asked.key or system.reader_key)
    vietnamese, english = (ask(system, asked, language, "aggregation") for language in ("vi", "en"))
    assert vietnamese.status_code == english.status_code >= 400
    ours, theirs = vietnamese.json()["message"], english.json()["message"]
    check_both(ours, theirs)
    assert {**vietnamese.json(), "message": theirs} == english.json(), "codes and fields stay as they are"


def test_a_key_that_may_not_read_is_told_so_in_vietnamese(system: System) -> None:
    refused = ask(system, Asked("/v1/rollups", method="GET", key=system.key), "vi", "aggregation")
    assert refused.status_code == 403
    assert refused.json()["message"].startswith("khóa này không được đọc")
