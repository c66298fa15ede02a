"""Bounded inputs: sizes, times and slow or hostile clients."""

import contextlib
import gzip
import json
import socket
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from deploy.local.http import LOCAL
from deploy.local.stack import LocalStack
from tests.system import BATCH, System, access, counselling


@pytest.fixture(scope="module")
def door(stack: LocalStack, rabbitmq: Any, session_database: Any, loaded_template: str) -> Iterator[System]:
    settings = {"KIP_BODY_TIMEOUT": "1.5", "KIP_BODY_MEMORY": str(9 * 2**20)}
    system = System(stack, rabbitmq.add_vhost("limits"), session_database(loaded_template), ["intake"], settings)
    yield system
    system.services.stop()


def connect(system: System) -> socket.socket:
    return socket.create_connection(("127.0.0.1", system.services.ports["intake"]), timeout=30)


def head(system: System, length: int, *more: str) -> bytes:
    lines = [
        "POST /v1/events HTTP/1.1", "Host: x", f"Authorization: Bearer {system.key}", f"Content-Type: {BATCH}",
        f"Content-Length: {length}", *more, "", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode()


def status_of(client: socket.socket) -> int:
    first = client.recv(4096)
    return int(first.split(b" ")[1]) if first else 0


def post(system: System, content: Any, **headers: str) -> httpx.Response:
    return LOCAL.post(
        f"{system.services.url('intake')}/v1/events", content=content, timeout=30,
        headers={"Authorization": f"Bearer {system.key}", "Content-Type": BATCH, **headers},
    )  # fmt: skip


def test_a_body_that_grows_past_the_limit_is_refused_while_it_comes(door: System) -> None:
    def endless() -> Iterator[bytes]:
        for _ in range(1600):
            yield b" " * 65_536  # 100 MB

    with contextlib.suppress(httpx.TransportError):  # the door may hang up on the rest
        assert post(door, endless()).status_code == 413
    assert post(door, b"[]").status_code == 202


def test_a_body_whose_declared_size_is_too_large_is_refused_unread(door: System) -> None:
    with connect(door) as client:
        client.sendall(head(door, 100 * 2**20))
        assert status_of(client) == 413


def test_a_client_that_dawdles_over_its_body_is_sent_away(door: System) -> None:
    with connect(door) as client:
        client.sendall(head(door, 1000) + b"[")
        assert status_of(client) == 408


def test_slow_clients_hold_nobody_up(door: System) -> None:
    clients = [connect(door) for _ in range(100)]
    for client in clients:
        client.sendall(head(door, 1000) + b"[")
    assert post(door, json.dumps([access()]).encode()).status_code == 202
    for client in clients:
        client.close()


def test_a_head_without_end_is_refused(door: System) -> None:
    with connect(door) as client:
        client.sendall(b"POST /v1/events HTTP/1.1\r\nHost: x\r\nX-Long: ")
        client.sendall(b"a" * 40_000)
        assert status_of(client) == 431


def test_a_large_head_is_refused_also_at_once(door: System) -> None:
    with connect(door) as client:
        client.sendall(head(door, 2, f"X-Long: {'a' * 40_000}") + b"[]")
        assert status_of(client) == 431


def test_a_head_that_never_comes_ends_the_connection(door: System) -> None:
    with connect(door) as client:
        client.sendall(b"POST /v1/ev")
        began = time.monotonic()
        assert status_of(client) == 408
        assert time.monotonic() - began < 20


def test_a_further_head_on_the_connection_is_bounded_too(door: System) -> None:
    whole = head(door, 2) + b"[]"
    large = head(door, 2, f"X-Long: {'a' * 40_000}") + b"[]"
    with connect(door) as client:
        client.sendall(whole)
        assert status_of(client) == 202
        client.sendall(large)
        assert status_of(client) == 431
    for behind in (large, large[:30_000], b"POST /v1/ev"):  # sent unasked: its end isn't taken for the answer
        with connect(door) as client:
            client.sendall(whole + behind)
            assert status_of(client) == 202
            began = time.monotonic()
            assert client.recv(100) == b""
            assert time.monotonic() - began < 20


def test_bodies_under_way_together_are_bounded(door: System) -> None:
    with connect(door) as holding:
        holding.sendall(head(door, 8 * 2**20) + b" " * (8 * 2**20 - 1))
        time.sleep(0.5)
        answer = post(door, b" " * (2 * 2**20))
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
    door.wait_until(lambda: post(door, b" " * (2 * 2**20)).status_code == 400, "the memory is free again")


def test_compressed_bodies_are_refused_so_no_bomb_is_inflated(door: System) -> None:
    bomb = gzip.compress(b" " * 50_000_000)
    answer = post(door, bomb, **{"Content-Encoding": "gzip"})
    assert (answer.status_code, answer.json()["error"]) == (415, "unsupported_encoding")


def test_a_hundred_thousand_events_in_a_batch_are_over_the_size_of_a_request(door: System) -> None:
    one = json.dumps(counselling()).encode()
    assert post(door, b"[" + b",".join([one] * 100_000) + b"]").status_code == 413
    assert post(door, b"[" + b",".join([b"{}"] * 100_000) + b"]").status_code == 413


@pytest.mark.parametrize(
    "content",
    [
        b'[{"data":' * 5000 + b"1" + b"}]" * 5000,
        b"[NaN]",
        b'[{"a":Infinity}]',
        '["\ud800"]'.encode("utf-16", "surrogatepass"),
        b'["\\ud800"]',
        b'["\x00"]',
        b"",
        b"\xef\xbb\xbf",
        b'["H\xe0 N\xf4i"]',  # Latin-1
    ],
)
def test_what_is_no_json_is_refused(door: System, content: bytes) -> None:
    answer = post(door, content)
    assert (answer.status_code, answer.json()["error"]) == (400, "unreadable"), answer.text


DEEP = b'{"data":' * 5000 + b"1" + b"}" * 5000
DOORS = {
    "/v1/events": "application/cloudevents+json",
    "/api/dataValueSets": "application/json",
    "/api/completeDataSetRegistrations": "application/json",
    "/v1/kobo/parent-counselling": "application/json",
}


@pytest.mark.parametrize("path", DOORS)
@pytest.mark.parametrize(
    "content",
    [DEEP, b'{"a":NaN}', b'{"a":-Infinity}', b'{"a":1,"a":2}', b'{"a":"H\xe0 N\xf4i"}', b'{"a":', b"", b"[" * 60_000],
    ids=["deep", "NaN", "infinite", "a key twice", "Latin-1", "broken off", "empty", "open brackets"],
)
def test_every_door_of_json_refuses_what_is_none(door: System, path: str, content: bytes) -> None:
    answer = LOCAL.post(
        f"{door.services.url('intake')}{path}", content=content, timeout=30,
        headers={"Authorization": f"Bearer {door.key}", "Content-Type": DOORS[path]},
    )  # fmt: skip
    assert answer.status_code == 400, answer.text
    assert answer.json()["message"]


@pytest.mark.parametrize("content", [DEEP, b'{"a":NaN}', b'{"a":"H\xe0 N\xf4i"}', b"[" * 60_000])
def test_a_line_that_is_no_json_is_a_rejected_line(door: System, content: bytes) -> None:
    body = content + b"\n" + json.dumps(counselling()).encode() + b"\n"
    answer = post(door, body, **{"Content-Type": "application/x-ndjson"})
    (rejected,) = answer.json()["rejected"]
    assert (answer.status_code, rejected["index"], rejected["errors"][0]["code"]) == (207, 0, "not_json")


@pytest.mark.parametrize("number", ["1e400", "1e10", "99999999999999999999999999", "-1", "1.5", '"1"', "true"])
def test_a_number_that_is_no_count_is_refused(door: System, number: str) -> None:
    content = json.dumps([access()]).replace(": 412", f": {number}", 1).encode()
    answer = post(door, content)
    assert answer.status_code in {400, 422}, answer.text


def test_unknown_paths_and_methods_are_told_in_json(door: System) -> None:
    url = door.services.url("intake")
    assert LOCAL.get(f"{url}/v2/nothing").json()["error"] == "not_found"
    answer = LOCAL.get(f"{url}/v1/events")
    assert (answer.status_code, answer.json()["error"]) == (405, "method_not_allowed")
    assert answer.headers["Allow"] == "POST, OPTIONS"
