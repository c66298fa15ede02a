"""The canonical event: what is written is read again as the same, and what is none is refused."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from pydantic import TypeAdapter
from pydantic_core import from_json

from shared.domain.canonical import (
    CanonicalEvent,
    Marks,
    UndecodableError,
    decode,
    decode_batch,
    encode,
    encode_batch,
    encode_current,
    encode_posted,
    instant_json,
    json_object,
)
from shared.domain.events import PostedEvent

CURRENT = {"programme": "ecd-1437", "report": "progress-quarterly", "agency": "ubnd-xa", "period": "2023-Q1"}
DATA = {**CURRENT, "revision": 2}
POSTED = {
    "specversion": "1.0", "id": "Một", "source": "/app", "subject": "06412", "time": "2023-03-15T08:00:00.5+07:00",
    "type": "vn.kip.report.submitted.v1", "data": DATA,
}  # fmt: skip
ACCEPTED = datetime(2023, 3, 20, 8, 0, 0, 123456, timezone(timedelta(hours=7)))
EVENT = CanonicalEvent(
    "Một", "/app", "report.submitted", "06412@1", datetime(2023, 3, 15, 1, 0, 0, 500000, UTC),
    "2023-03-15T01:00:00.500000Z", "app", ACCEPTED, "20@2", DATA,
)  # fmt: skip
posted: TypeAdapter[Any] = TypeAdapter(PostedEvent)


def test_what_a_sender_posted_is_read_as_the_door_stamped_it() -> None:
    message = encode_posted(posted.validate_python(POSTED), "06412@1", "app", instant_json(ACCEPTED), "20@2")
    assert decode(from_json(message)) == EVENT
    assert encode(EVENT) == message


@pytest.mark.parametrize("former", [None, "Không"])
def test_a_current_event_has_no_revision_and_names_what_it_edits(former: str | None) -> None:
    message = encode_current(posted.validate_python(POSTED), "06412@1", "app", instant_json(ACCEPTED), "20@2", former)
    event = decode(from_json(message))
    assert event == EVENT._replace(data=CURRENT | ({"deprecates": former} if former else {}))
    assert encode(event) == message


@pytest.mark.parametrize("marks", [Marks("12.0", None), Marks("12.3", "3f9c21ab")])
def test_what_was_posted_in_an_officers_name_says_so_beside_it(marks: Marks) -> None:
    stamps = "06412@1", "app", instant_json(ACCEPTED), "20@2", None
    message = encode_current(posted.validate_python(POSTED), *stamps, marks)
    event = decode(from_json(message))
    assert event == EVENT._replace(data=CURRENT, officer=marks.officer, device=marks.device)
    assert event.body() == EVENT._replace(data=CURRENT).body()
    assert encode(event) == message
    assert from_json(message).keys() - json_object(EVENT).keys() == marks.attributes().keys()


@pytest.mark.parametrize("mark", ["officer", "device"])
def test_an_officer_that_is_no_text_is_refused(mark: str) -> None:
    with pytest.raises(TypeError, match=f"{mark}: expected a text, got int"):
        decode({**json_object(EVENT), mark: 12})


def test_several_are_read_out_of_one_message() -> None:
    events = [EVENT, EVENT._replace(id="2", data={"programme": "p"})]
    assert [decode(written) for written in decode_batch(encode_batch(events))] == events


@pytest.mark.parametrize("attribute", ["id", "source", "type", "subject", "time", "sender", "acceptedat", "province"])
@pytest.mark.parametrize("value", [None, 1, True, ["x"], {"x": "y"}])
def test_an_attribute_that_is_no_text_is_refused(attribute: str, value: object) -> None:
    with pytest.raises(TypeError):
        decode({**json_object(EVENT), attribute: value})


@pytest.mark.parametrize("attribute", sorted({*json_object(EVENT)} - {"specversion"}))
def test_one_without_an_attribute_is_refused(attribute: str) -> None:
    with pytest.raises(KeyError, match=attribute):
        decode({name: value for name, value in json_object(EVENT).items() if name != attribute})


@pytest.mark.parametrize(
    "changed",
    [
        {"type": "report.submitted"}, {"type": "vn.kip.report.submitted.v2"}, {"type": "vn.kip.v1"},
        {"time": "2023-03-15"}, {"time": "1999-12-31T23:59:59Z"}, {"acceptedat": "2101-01-01T00:00:00Z"},
        {"data": {"held_on": "1999-12-31"}}, {"data": {"held_on": 5}},
    ],
)  # fmt: skip
def test_a_foreign_type_or_a_wild_time_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected"):
        decode({**json_object(EVENT), **changed})


@pytest.mark.parametrize("data", [None, "x", [], 5])
def test_data_that_is_no_object_is_refused(data: object) -> None:
    with pytest.raises(TypeError, match="data: expected an object"):
        decode({**json_object(EVENT), "data": data})


@pytest.mark.parametrize(
    "message",
    [
        b"", b"{", b"7", b"\xff", b"[7]", b'{"type": "x"}', b"[" + b"{}," * 10_000 + b"{}]",
        b"[{}" + b" " * (4 * 1024 * 1024) + b"]",
    ],
    ids=["nothing", "half", "a number", "no text", "of numbers", "an object", "too many", "too large"],
)  # fmt: skip
def test_a_message_that_is_no_array_of_objects_is_refused_whole(message: bytes) -> None:
    with pytest.raises(UndecodableError):
        decode_batch(message)
