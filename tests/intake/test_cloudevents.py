"""CloudEvents over HTTP with the CNCF's own Python package as client: binary, structured, batch, and the handshake."""

import base64
import json
from datetime import datetime
from typing import Any

import httpx
import pytest
from cloudevents.core.bindings.http import to_binary, to_structured
from cloudevents.core.formats.json import JSONFormat
from cloudevents.core.v1.event import CloudEvent

from deploy.local.http import LOCAL
from services.intake.documents import examples
from services.intake.formats.cloudevents import decode_header, keys_of, parse_structured
from services.intake.formats.json_text import UnreadableError, may_have_duplicates
from tests.system import BATCH, System, access, counselling


def send(system: System, content: bytes, headers: dict[str, str]) -> httpx.Response:
    return LOCAL.post(
        f"{system.services.url('intake')}/v1/events",
        content=content,
        headers={"Authorization": f"Bearer {system.key}", **headers},
    )


def as_package_event(made: dict[str, Any], data: Any = None) -> CloudEvent:
    attributes = {key: value for key, value in made.items() if key != "data"}
    attributes["time"] = datetime.fromisoformat(attributes["time"])
    attributes["datacontenttype"] = "application/json"
    return CloudEvent(attributes, made["data"] if data is None else data)


@pytest.mark.parametrize("write", [to_binary, to_structured])
def test_the_package_s_messages_are_taken(system: System, write: Any) -> None:
    message = write(as_package_event(counselling("06466", f"package-{write.__name__}")), JSONFormat())
    answer = send(system, message.body, dict(message.headers))
    assert (answer.status_code, answer.json()) == (202, system.all_taken(1))


def test_structured_data_in_base64_is_read_as_the_json_that_it_is(system: System) -> None:
    made = counselling("06466", "base64")
    content = json.dumps({**made, "data": None}).encode()
    assert send(system, content, {"Content-Type": "application/cloudevents+json"}).status_code == 422
    coded = base64.b64encode(json.dumps(made.pop("data")).encode()).decode()
    content = json.dumps({**made, "data_base64": coded, "datacontenttype": "application/json; charset=utf-8"}).encode()
    answer = send(system, content, {"Content-Type": "application/cloudevents+json"})
    assert answer.status_code == 202, answer.text


def test_vietnamese_attributes_travel_percent_encoded_in_headers(system: System) -> None:
    made = counselling("06466", "vietnamese-1", source="/xã/Yên-Vượng", id="mam-non-1")
    message = to_binary(as_package_event(made), JSONFormat())
    assert "%" in dict(message.headers)["ce-source"]
    assert send(system, message.body, dict(message.headers)).status_code == 202
    again = send(system, json.dumps([made]).encode(), {"Content-Type": BATCH})  # the same identity, the same body
    assert again.status_code == 202
    system.wait_until(
        lambda: system.metric("aggregation", "kip_events_applied_total", outcome="duplicate") >= 1,
        "both were one event",
    )


@pytest.mark.parametrize(
    ("raw", "text"),
    [
        (b"Euro%20%E2%82%AC", "Euro €"),
        (b'"Xu%C3%A2n \\"Mai\\""', 'Xuân "Mai"'),
        (b"100%2525", "100%25"),
        (b"50%", "50%"),
    ],
)
def test_a_header_is_unquoted_and_decoded_once(raw: bytes, text: str) -> None:
    assert decode_header("source", raw) == text


def test_a_header_of_invalid_utf8_is_refused() -> None:
    with pytest.raises(UnreadableError, match="ce-source"):
        decode_header("source", b"%C3%28")


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"ce-source": "%C3%28"}, 400, "unreadable"),
        ({"ce-its_colour": "red"}, 422, "field_unknown"),
        ({"ce-specversion": "0.3"}, 422, "value_invalid"),
        ({"content-type": "text/xml"}, 415, "unsupported_type"),
        ({"ce-id": ""}, 422, "value_invalid"),
    ],
)
def test_a_bad_binary_event_is_refused(system: System, change: dict[str, str], status: int, code: str) -> None:
    message = to_binary(as_package_event(counselling("06466", "bad")), JSONFormat())
    answer = send(system, message.body, {**dict(message.headers), **change})
    assert answer.status_code == status, answer.text
    found = answer.json()
    assert code == (found["error"] if "error" in found else found["rejected"][0]["errors"][0]["code"])


def test_the_body_of_a_binary_event_can_t_smuggle_attributes(system: System) -> None:
    message = to_binary(as_package_event(counselling("06466", "smuggled")), JSONFormat())
    body = message.body + b',"subject":"06385"'
    assert send(system, body, dict(message.headers)).status_code == 400


@pytest.mark.parametrize("content_type", ["Application/CloudEvents-Batch+JSON", f"{BATCH}; charset=UTF-8"])
def test_the_content_type_is_matched_without_case_or_parameters(system: System, content_type: str) -> None:
    assert send(system, json.dumps([access("06466")]).encode(), {"Content-Type": content_type}).status_code == 202


@pytest.mark.parametrize(
    "content",
    [
        json.dumps([access()]).replace('"numerator": 412', '"numerator": 412, "numerator": 1', 1).encode(),
        json.dumps([access()]).replace('"id"', '"subject": "06385", "id"', 1).encode(),
        json.dumps([access()]).replace('"numerator": 412', '"numerator" : 1, "numerator": 412', 1).encode(),
        json.dumps([access(id='a":b')]).replace('"numerator": 412', '"numerator" :1, "numerator": 412', 1).encode(),
        json.dumps([access()]).replace('"id"', '"\\u0069d": "other", "id"', 1).encode(),
        b'[{"id": "1", "id": "2"}]',
    ],
)
def test_a_key_twice_in_an_object_is_refused(system: System, content: bytes) -> None:
    answer = send(system, content, {"Content-Type": BATCH})
    assert (answer.status_code, answer.json()["error"]) == (400, "unreadable")
    assert "twice" in answer.json()["message"]


def test_the_webhook_handshake_allows_the_origin(system: System) -> None:
    url = f"{system.services.url('intake')}/v1/events"
    answer = LOCAL.request("OPTIONS", url, headers={"WebHook-Request-Origin": "eventemitter.example.com"})
    assert answer.status_code == 200
    assert answer.headers["WebHook-Allowed-Origin"] == "eventemitter.example.com"
    assert "WebHook-Allowed-Rate" in answer.headers
    plain = LOCAL.request("OPTIONS", url)
    assert (plain.status_code, plain.headers["Allow"]) == (200, "POST, OPTIONS")
    assert "WebHook-Allowed-Origin" not in plain.headers


@pytest.mark.parametrize("made", [*examples.EVENTS.values(), access(), counselling()])
def test_an_event_without_a_key_twice_is_not_suspected_of_one(made: dict[str, Any]) -> None:
    body = json.dumps(made).encode()
    (candidate,), _ = parse_structured(body)
    assert not may_have_duplicates(body, keys_of(candidate.event))
