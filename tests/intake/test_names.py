"""What senders name their things: letters that every system keeps, and nothing of a person's."""

import json
import unicodedata
from typing import Any

import pytest

from services.intake.admission.names import check_names
from services.intake.formats.cloudevents import parse_structured
from services.intake.formats.json_text import UnreadableError
from tests.system import counselling, event

YEAR = 2023


def found(made: dict[str, Any]) -> list[tuple[str, str]]:
    candidates, rejected = parse_structured(json.dumps(made).encode())
    assert rejected == []
    return [(refusal.field, refusal.code) for refusal in check_names(candidates[0].event, YEAR)]


@pytest.mark.parametrize("name", ["2023-017", "06412-2023-017", "a", "uuid:3f0c:1:2", "x+y~z=1@06412/a.b_c", "A" * 200])
def test_these_names_are_taken(name: str) -> None:
    assert found(counselling(record=name, id=name)) == []


@pytest.mark.parametrize("name", ["r 1", "-r1", "xã-1", unicodedata.normalize("NFD", "xa\u0303"), "r1 ", "a;b", "₫1"])
def test_a_name_of_other_letters_is_refused_with_the_cure(name: str) -> None:
    assert found(counselling(record=name)) == [("data.record", "value_invalid")]
    assert found(counselling(id=name)) == [("id", "value_invalid")]


@pytest.mark.parametrize(
    "source", ["/app", "https://app.example.vn/forms", "/xã/06412", "/x%C3%A3", "/ứng-dụng:1", "/приложение"]
)
def test_a_source_may_have_letters_of_any_script(source: str) -> None:
    assert found(counselling(source=source)) == []


@pytest.mark.parametrize("source", ["/my app", "/my%20app", "/a\u00a0b", "/a;b", "/a?b=1"])
def test_a_source_has_no_space_however_it_is_written(source: str) -> None:
    assert found(counselling(source=source)) == [("source", "value_invalid")]


@pytest.mark.parametrize("name", ["0912345678", "lan-0912.345.678", "033220004321", "a+b@example.vn"])
def test_nothing_of_a_person_is_a_name(name: str) -> None:
    assert found(counselling(record=name)) == [("data.record", "personal_data")]
    assert found(counselling(id=name)) == [("id", "personal_data")]
    assert found(counselling(source=f"/{name}")) == [("source", "personal_data")]


@pytest.mark.parametrize("name", ["0912345678", "033220004321", "a+b@example.vn"])
def test_an_answer_repeats_nothing_of_a_person_whatever_the_event_is_refused_for(name: str) -> None:
    faults: list[dict[str, Any]] = [
        {"time": name}, {"subject": name, "time": "soon"}, {"data": {"programme": name}}, {"data": {name: name}},
        {name.replace("@", "_"): {}}, {"type": name},
    ]  # fmt: skip
    for fault in faults:
        _, (refused,) = parse_structured(json.dumps({**counselling(id=name), **fault}).encode())
        answer = refused.to_json("en")
        assert (answer["index"], answer["id"]) == (0, None)
        assert name not in json.dumps(answer), fault
    _, (sound,) = parse_structured(json.dumps({**counselling(id="r-1"), "time": "soon"}).encode())
    assert (sound.to_json("en")["id"], sound.to_json("en")["errors"][0]["got"]) == ("r-1", "soon")


def test_a_key_that_comes_twice_is_named_unless_it_may_be_a_person_s() -> None:
    with pytest.raises(UnreadableError, match="'revision' twice"):
        parse_structured(b'{"revision": 1, "revision": 2}')
    with pytest.raises(UnreadableError, match="got what looks like a person's data twice"):
        parse_structured(b'{"0912345678": 1, "0912345678": 2}')


def test_a_person_s_number_in_the_text_of_a_problem_is_found_however_it_is_written() -> None:
    data = {"record": "p1", "agency": "ubnd-xa"}
    person = event("problem.raised", "06412", {**data, "text": "Gọi ０９１２·345·678"})
    assert found(person) == [("data.text", "personal_data")]
    assert found(event("problem.raised", "06412", {**data, "text": "Thiếu 1.500.000.000 đồng"})) == []
