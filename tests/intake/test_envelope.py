"""The envelope as senders write it: extensions, whole numbers, times, byte order marks, base64."""

import asyncio
import base64
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from deploy.local.http import LOCAL
from services.intake.documents import examples
from services.intake.formats.cloudevents import Event, parse_batch, parse_structured
from services.intake.formats.json_text import MARK
from services.intake.formats.ndjson import groups_of, parse_lines
from shared.domain.events import Kind
from shared.domain.refusals import Refusal
from tests.system import BATCH, System, access, counselling

CASES = Path(__file__).parent / "cases"
STRUCTURED = "application/cloudevents+json"


def case(name: str) -> bytes:
    return (CASES / f"{name}.json").read_bytes()


def in_batch(body: bytes) -> tuple[list[Any], list[Any]]:
    return asyncio.run(parse_batch(b"[" + body.removeprefix(MARK) + b"]"))


def in_lines(body: bytes) -> tuple[list[Any], list[Any]]:
    async def read() -> tuple[list[Any], list[Any]]:
        async def chunks() -> Any:
            yield body.replace(b"\n", b" ")

        async for lines in groups_of(chunks()):
            return await parse_lines(lines)
        raise AssertionError("no line")

    return asyncio.run(read())


READERS = pytest.mark.parametrize("read", [parse_structured, in_batch, in_lines])
Read = Callable[[bytes], tuple[list[Any], list[Any]]]


def taken(found: tuple[list[Any], list[Any]]) -> Event:
    candidates, rejected = found
    assert not rejected, rejected
    event: Event = candidates[0].event
    return event


def refused(found: tuple[list[Any], list[Any]]) -> dict[str, Any]:
    candidates, (rejected,) = found
    assert not candidates
    (refusal,) = rejected.refusals
    assert isinstance(refusal, Refusal)
    return refusal.to_json("en")


def told(made: dict[str, Any], **attributes: Any) -> bytes:
    return json.dumps({**made, **attributes}).encode()


@READERS
def test_extension_attributes_are_taken_and_not_kept(read: Read) -> None:
    made = json.loads(case("ce_extension"))
    event = taken(read(case("ce_extension")))
    del made["knativearrivaltime"], made["sequence"]
    assert event == taken(read(told(made)))
    assert "sequence" not in event.model_dump_json()


@READERS
@pytest.mark.parametrize(
    "attributes",
    [{"partitionkey": "06412"}, {"pubsubname": "pubsub", "topic": "kip", "traceid": "00-1"}, {"sampledrate": 30},
     {"authtype": None, "retried": False}, {"a" * 40: "1"}],
)  # fmt: skip
def test_whatever_the_middle_adds_is_no_fault(read: Read, attributes: dict[str, Any]) -> None:
    made = access()
    assert taken(read(told(made, **attributes))) == taken(read(told(made)))


@READERS
@pytest.mark.parametrize(
    "attributes",
    [{"Sequence": "3"}, {"my_attribute": "1"}, {"số": "1"}, {"extra": {"numerator": 1}}, {"list": [1]}, {"": "1"},
     {"revision": 2}, {"supersedes": "old"}, {"numerator": 7}],
)  # fmt: skip
def test_what_is_no_extension_attribute_is_refused_where_it_stands(read: Read, attributes: dict[str, Any]) -> None:
    (name,) = attributes
    error = refused(read(told(access(), **attributes)))
    assert (error["code"], error["field"]) == ("field_unknown", name or "event")


def test_extensions_travel_in_headers_as_well(system: System) -> None:
    made = counselling("06466", "extended")
    headers = {f"ce-{name}": str(value) for name, value in made.items() if name != "data"}
    extra = {"ce-knativearrivaltime": "2023-03-09T22:48:50.3Z", "ce-partitionkey": "x%C3%A3"}
    for more, status in ((extra, 202), ({"ce-my_attribute": "1"}, 422), ({"ce-revision": "2"}, 422)):
        answer = LOCAL.post(
            f"{system.services.url('intake')}/v1/events", json=made["data"],
            headers={"Authorization": f"Bearer {system.key}", **headers, **more},
        )  # fmt: skip
        assert answer.status_code == status, answer.text


@READERS
def test_a_number_that_is_whole_is_whole_however_it_is_written(read: Read) -> None:
    event = taken(read(case("ce_float_integer")))
    assert event.data.participants == {"parent": 24}  # type: ignore[union-attr]
    assert '"parent":24}' in event.model_dump_json()


NUMBERS = [
    (Kind.ACTIVITY_RECORDED, "participants.parent"), (Kind.ACTIVITY_RECORDED, "female"),
    (Kind.ACTIVITY_RECORDED, "revision"), (Kind.INDICATOR_REPORTED, "numerator"),
    (Kind.INDICATOR_REPORTED, "denominator"), (Kind.REPORT_SUBMITTED, "revision"), (Kind.RECORD_RETRACTED, "revision"),
]  # fmt: skip


@READERS
@pytest.mark.parametrize(("kind", "field"), NUMBERS)
@pytest.mark.parametrize(
    ("written", "number"),
    [("24.0", 24), ("2.4e1", 24), ("1e2", 100), ("0.0", 0), ("24.5", None), ("true", None), ('"24"', None),
     ("1e400", None), ("-24.0", None), ("null!", None)],
)  # fmt: skip
def test_each_number_of_each_kind(read: Read, kind: Kind, field: str, written: str, number: int | None) -> None:
    made = json.loads(json.dumps(examples.EVENTS[kind]))
    *groups, last = field.split(".")
    data = made["data"]
    for group in groups:
        data = data.setdefault(group, {})
    data[last] = "HERE"
    body = json.dumps(made).replace('"HERE"', written.replace("null!", "[24.0]")).encode()
    if number is None:
        error = refused(read(body))
        assert (error["code"], error["field"]) == ("value_invalid", f"data.{field}")
        return
    found: Any = taken(read(body)).data
    for group in groups:
        found = getattr(found, group)
    assert (found[last] if groups else getattr(found, last)) == number


def test_amounts_and_parts_are_numbers_too() -> None:
    made = counselling()
    made["data"]["money"] = [{"line": "budget", "amount": 1.5e6}]
    assert taken(parse_structured(told(made))).data.money[0].amount == 1_500_000  # type: ignore[union-attr]
    made = access()
    made["data"]["breakdown"] = [{"by": {"domain": "health"}, "numerator": 1.0, "denominator": 2e0}]
    (split,) = taken(parse_structured(told(made))).data.breakdown  # type: ignore[union-attr]
    assert (split.numerator, split.denominator) == (1, 2)


@READERS
def test_a_day_without_a_time_is_no_instant(read: Read) -> None:
    error = refused(read(case("ce_time_number")))
    assert (error["code"], error["field"]) == ("value_invalid", "time")


@READERS
@pytest.mark.parametrize(
    "time",
    ["2023-03-09T16:00+07:00", "2023-03-09T16:00:00+0700", "2023-03-09_16:00:00Z", "2023-03-09T16:00:00", 1678352400,
     "1678352400", "2023-03-09T16:00:00,5Z", "2023-W10-4T16:00:00Z", "2023-3-9T16:00:00Z", " 2023-03-09T16:00:00Z"],
)  # fmt: skip
def test_a_time_is_written_as_rfc_3339_has_it(read: Read, time: object) -> None:
    error = refused(read(told(access(), time=time)))
    assert (error["code"], error["field"]) == ("value_invalid", "time")


@READERS
@pytest.mark.parametrize(
    "time",
    ["2023-03-09T09:00:00Z", "2023-03-09t09:00:00z", "2023-03-09 16:00:00+07:00", "2023-03-09T09:00:00.000000000Z",
     "2023-03-09T09:00:00-00:00"],
)  # fmt: skip
def test_every_way_in_which_the_rfc_writes_an_instant_is_the_same_instant(read: Read, time: str) -> None:
    assert taken(read(told(access(), time=time))).time.isoformat() == "2023-03-09T09:00:00+00:00"


@pytest.mark.parametrize("day", ["20230309", 20230309, 1678352400, "2023-3-9", "2023-03-09T00:00:00Z"])
def test_a_day_is_written_as_a_day(day: object) -> None:
    made = counselling()
    made["data"]["held_on"] = day
    error = refused(parse_structured(told(made)))
    assert (error["code"], error["field"]) == ("value_invalid", "data.held_on")


def post(system: System, content: bytes, kind: str) -> httpx.Response:
    return LOCAL.post(
        f"{system.services.url('intake')}/v1/events", content=content,
        headers={"Authorization": f"Bearer {system.key}", "Content-Type": kind},
    )  # fmt: skip


def test_a_byte_order_mark_is_skipped_in_every_mode(system: System) -> None:
    assert case("ce_bom").startswith(MARK)
    lines = [MARK + told(access(id=f"mark-{number}")) for number in range(2)]
    for content, kind, accepted in (
        (case("ce_bom"), STRUCTURED, 1),
        (MARK + b"[" + told(access()) + b"]", BATCH, 1),
        (b"\n".join(lines), "application/x-ndjson", 2),
        (MARK + b"\r\n" + lines[0], "application/x-ndjson", 1),
    ):
        answer = post(system, content, kind)
        assert (answer.status_code, answer.json()["accepted"]) == (202, accepted), answer.text
    made = counselling("06466", "marked")
    headers = {f"ce-{name}": str(value) for name, value in made.items() if name != "data"}
    answer = LOCAL.post(
        f"{system.services.url('intake')}/v1/events", content=MARK + json.dumps(made["data"]).encode(),
        headers={"Authorization": f"Bearer {system.key}", "Content-Type": "application/json", **headers},
    )  # fmt: skip
    assert answer.status_code == 202, answer.text
    assert post(system, MARK + MARK + told(access()), STRUCTURED).status_code == 400


def test_base64_in_lines_is_the_json_that_it_is() -> None:
    assert taken(parse_structured(case("ce_bad_base64"))).data.record == "q1"  # type: ignore[union-attr]


def coded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@READERS
@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"data_base64": "@@@@"}, "valid base64"),
        ({"data_base64": coded("{}")[:-1]}, "valid base64"),
        ({"data_base64": coded("<data/>")}, "JSON in base64: expected JSON"),
        ({"data_base64": coded('{"a": 1, "a": 2}')}, "twice"),
        ({"data_base64": 7}, "a text in base64, got a number"),
        ({"data_base64": {"a": 1}}, "a text in base64, got an object"),
        ({"data_base64": coded("{}"), "data": {}}, "only one of data and data_base64"),
    ],
)
def test_bad_base64_is_refused_for_its_own_reason(read: Read, change: dict[str, Any], words: str) -> None:
    made = {name: value for name, value in access().items() if name != "data"}
    error = refused(read(told(made, **change)))
    assert (error["code"], error["field"]) == ("value_invalid", "data_base64")
    assert words in error["message"]


def test_the_reason_is_told_in_vietnamese_too(system: System) -> None:
    made = {name: value for name, value in access().items() if name != "data"}
    answer = LOCAL.post(
        f"{system.services.url('intake')}/v1/events", content=told(made, data_base64="@"),
        headers={"Authorization": f"Bearer {system.key}", "Content-Type": STRUCTURED, "Accept-Language": "vi"},
    )  # fmt: skip
    (error,) = answer.json()["rejected"][0]["errors"]
    assert error["message"] == "Giá trị không hợp lệ: cần base64 hợp lệ (RFC 4648, mục 4)"


def strictly(text: str) -> Any:
    def no(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(text, parse_constant=no)


@pytest.mark.parametrize("number", ["1e400", "-1e400", "[1e400]", '{"a": -1e999}', "1" * 4000])
def test_an_answer_is_always_json(system: System, number: str) -> None:
    body = case("ce_huge_number").replace(b"1e400", number.encode())
    for content, kind in (
        (body, STRUCTURED), (b"[" + body + b"]", BATCH), (body, "application/x-ndjson"),
        (body.replace(b'"data":', b'"data": {}, "Other":'), STRUCTURED),
    ):  # fmt: skip
        answer = post(system, content, kind)
        assert answer.status_code == 422, answer.text
        assert strictly(answer.text)["rejected"][0]["errors"][0]["code"] in {"value_invalid", "field_missing"}
