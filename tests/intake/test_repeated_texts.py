"""What a sender wrote is repeated in bounded length, in a bounded time, and only where it is nobody's."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from starlette.requests import Request

from deploy.local.http import LOCAL
from services.intake.formats.cloudevents import parse_binary, parse_structured
from services.intake.formats.dhis2 import Conflict
from services.intake.formats.dhis2_csv import read_csv
from services.intake.formats.dhis2_parameters import OF_VALUES, read_options, truth
from services.intake.formats.dhis2_rows import LONGEST_NAME, read_completions, read_json
from services.intake.formats.json_text import UnreadableError, load
from services.intake.http.dhis2_responses import ImportResult, summary
from services.intake.http.request_head import flag, flags
from services.intake.refusals.request_errors import RefusedError, unsupported_type
from shared.domain.periods import PeriodError, parse_period
from shared.domain.refusals import Code, Place, Refusal
from shared.http.read_api import QueryError, none_of, only
from shared.sheets.header import HeaderSearch, LayoutError
from shared.sheets.notes import Notes
from shared.wording.words import Words
from tests.system import System, counselling

PHONE = "0912345678"
# 4 MB of the first took hours; the others are what other patterns, and Unicode's own sorting, might stumble over.
LONG = (
    "@" + "a" * 60_000,
    "@" + "a" * 4_000_000,
    "0 " * 30_000,
    "a" + "\u0301\u0323" * 30_000,
    "sinh " + ": " * 30_000,
)
CSV = "dataelement,period,orgunit,value"


def said(error: Exception) -> Words:
    """What an error tells its client."""
    if isinstance(error, RefusedError):
        return Words(error.message("vi"), error.message("en"))
    if isinstance(error, QueryError):
        return Words(f"{error.field}: {error.words.vi}", f"{error.field}: {error.words.en}")
    words: Words = error.words  # type: ignore[attr-defined]
    return words


def post_with(query: str) -> Request:
    return Request({"type": "http", "query_string": query.encode(), "headers": []})


REFUSED: dict[str, Callable[[str], Any]] = {
    "a key twice": lambda text: load(json.dumps({"x": 1})[:-1].encode() + f', "{text}": 1, "{text}": 2}}'.encode()),
    "an unknown field": lambda text: read_json(json.dumps({text: 1, "dataValues": []}).encode()),
    "an unknown field of a value": lambda text: read_json(json.dumps({"dataValues": [{text: 1}]}).encode()),
    "a CSV's unknown column": lambda text: read_csv(f"{CSV},{text}\n".encode(), header=True),
    "a CSV's column twice": lambda text: read_csv(f"{CSV},{text},{text}\n".encode(), header=True),
    "a sheet's unknown column": lambda text: HeaderSearch("").take(1, ["unit", "activity", "record", text]),
    "a sheet's column twice": lambda text: HeaderSearch("").take(1, ["unit", "activity", text, text]),
    "a sheet's name": lambda text: HeaderSearch(text).take(1, ["unit", "activity", "x"]),
    "a parameter": lambda text: flags(post_with(f"{text}=1"), "dry_run"),
    "a flag": lambda text: flag(post_with(f"dry_run={text}"), "dry_run"),
    "DHIS2's parameter": lambda text: read_options([(text, "1")], OF_VALUES),
    "DHIS2's flag": lambda text: truth("dryRun", text),
    "DHIS2's scheme": lambda text: read_options([("idScheme", text)], OF_VALUES),
    "DHIS2's strategy": lambda text: read_options([("importStrategy", text)], OF_VALUES),
    "a read parameter": lambda text: only({text: "1"}, {"within"}),
    "a read value": lambda text: none_of("view", ["a", "b"], text),
    "a period": parse_period,
    "a header": lambda text: parse_binary([(b"ce-" + text.encode(), b"1")] * 2, b"{}"),
    "a type": lambda text: unsupported_type("application/json", text),
}
ERRORS = (UnreadableError, RefusedError, LayoutError, QueryError, PeriodError)


def refusal(of: str, text: str) -> Words:
    """What is told where this text comes there."""
    try:
        made = REFUSED[of](text)
    except ERRORS as error:
        made = error
    assert isinstance(made, ERRORS)
    return said(made)


@pytest.mark.parametrize("of", REFUSED)
def test_a_refusal_repeats_nothing_of_a_person_and_says_what_else_came(of: str) -> None:
    person, other = refusal(of, PHONE), refusal(of, "tuoi-9")
    assert PHONE not in "".join(person)
    assert all("tuoi-9" in words or "TUOI-9" in words for words in other), other


@pytest.mark.parametrize("of", REFUSED)
@pytest.mark.parametrize("text", LONG, ids=lambda text: f"{text[:8]!a} {len(text)}")
def test_a_text_without_end_is_refused_in_a_few_words(of: str, text: str) -> None:
    """In how long, only the tests' own timeout says."""
    for words in refusal(of, text):
        assert len(words) < 1500


@pytest.mark.parametrize("text", LONG, ids=lambda text: f"{text[:8]!a} {len(text)}")
def test_an_event_s_fields_without_end_are_named_in_a_few_letters(text: str) -> None:
    errors = [Refusal(Code.FIELD_UNKNOWN, text, "x", text, Place(text, 1, "A")).to_json("vi") for _ in range(100)]
    assert all(len(json.dumps(error, ensure_ascii=False)) < 500 for error in errors)
    _, rejected = parse_structured(json.dumps({**counselling(), text[:50_000]: 1}).encode())
    assert len(json.dumps([item.to_json("en") for item in rejected])) < 1500


def test_what_is_no_text_is_not_repeated_either() -> None:
    for value in (int("84" + PHONE[1:]), [PHONE], {"phone": PHONE}):
        assert Refusal(Code.VALUE_INVALID, "data.numerator", "x", value).to_json("en")["got"] is None
    assert Refusal(Code.VALUE_INVALID, "data.numerator", "x", -5).to_json("en")["got"] == -5
    assert Refusal(Code.ROW_TOO_LONG, "row", "x", 1, Place(f"Lan {PHONE}", 3, "B")).to_json("vi")["sheet"] == "…"


def test_a_note_names_no_sheet_that_is_called_after_a_person() -> None:
    notes = Notes()
    notes.without_table(f"Lan {PHONE}")
    notes.without_table("Trang 2")
    told = [words.vi for words in notes.words()]
    assert PHONE not in told[0]
    assert "Trang 2" in told[1]


@pytest.mark.parametrize("text", LONG, ids=lambda text: f"{text[:8]!a} {len(text)}")
def test_a_thousand_conflicts_repeat_a_name_in_bounded_length(text: str) -> None:
    objects = {"dataElement": text, "orgUnit": text, "period": text}
    one = Conflict(Refusal(Code.UNIT_UNKNOWN, "orgUnit", "x", text), (0,), objects)
    found = summary(ImportResult(1000, [one] * 1000), "vi", complete=None, dry_run=False)
    assert all(len(json.dumps(item, ensure_ascii=False)) < 2000 for item in found["conflicts"])


BOUNDED: dict[str, Callable[[str], Any]] = {
    "dataelement": lambda text: read_csv(f"{CSV}\n{text},b,c,1\n".encode(), header=True),
    "orgunit": lambda text: read_csv(f"{CSV}\na,b,{text},1\n".encode(), header=True),
    "dataElement": lambda text: read_json(json.dumps({"dataValues": [{"dataElement": text}]}).encode()),
    "categoryOptionCombo": lambda text: read_json(json.dumps({"dataValues": [{"categoryOptionCombo": text}]}).encode()),
    "orgUnit": lambda text: read_json(json.dumps({"orgUnit": text, "dataValues": [{}] * 1000}).encode()),
    "period": lambda text: read_json(json.dumps({"period": text, "dataValues": [{}] * 1000}).encode()),
    "dataSet": lambda text: read_completions(
        json.dumps({"completeDataSetRegistrations": [{"dataSet": text}]}).encode()
    ),
}


@pytest.mark.parametrize("name", BOUNDED)
def test_a_name_of_dhis2_is_bounded_where_it_enters(name: str) -> None:
    BOUNDED[name]("x" * LONGEST_NAME)
    with pytest.raises(UnreadableError, match=f"{LONGEST_NAME} characters at most in .*{name}.*, got 1041"):
        BOUNDED[name]("x" * (LONGEST_NAME + 1))


def test_the_address_of_what_is_not_there_is_not_repeated_where_it_is_a_person_s(system: System) -> None:
    headers = {"Authorization": f"Bearer {system.key}", "Content-Type": "application/json"}
    url = system.services.url("intake")
    for method, path in (
        ("POST", f"/v1/kobo/{PHONE}"), ("GET", f"/api/system/tasks/DATAVALUE_IMPORT/{PHONE}"),
        ("POST", f"/api/{PHONE}/dataValueSets"), ("GET", f"/v1/schemas/{PHONE}"), ("GET", f"/{PHONE}"),
        ("POST", f"/v1/events?{PHONE}=1"), ("POST", f"/v1/events?dry_run={PHONE}"),
        ("POST", f"/api/dataValueSets?{PHONE}=1"),
    ):  # fmt: skip
        answer = LOCAL.request(method, f"{url}{path}", headers=headers, content=b"{}")
        assert answer.status_code in {400, 404}, (path, answer.text)
        assert PHONE not in answer.text, path
