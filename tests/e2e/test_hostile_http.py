"""All services, as they run, against bytes that no client library sends; and none of it stops anybody."""

import contextlib
import json
import time
from collections.abc import Iterator
from contextlib import ExitStack

import psutil
import pytest

from deploy.local.http import LOCAL
from deploy.local.stack import LocalStack
from tests.raw_http import Raw, answers_in, in_chunks, request
from tests.shared.test_http_framing import REFUSED
from tests.system import BATCH, System, counselling

SERVICES = ("intake", "aggregation", "notifications", "board")
CONNECTIONS = 40
MIB = 2**20
POSTED_TO = {
    "intake": "/v1/events", "aggregation": "/v1/rollups", "notifications": "/v1/obligations/1/waive",
    "board": "/v1/calendar/1.2.3.x.ics",
}  # fmt: skip
# What each says to a post by nobody.
TO_NOBODY = {"intake": 401, "aggregation": 405, "notifications": 401, "board": 405}


@pytest.fixture(scope="module")
def running(stack: LocalStack, rabbitmq, session_database, district_template: str) -> Iterator[System]:
    settings = {"KIP_BODY_TIMEOUT": "3", "KIP_CONNECTIONS": str(CONNECTIONS)}
    system = System(stack, rabbitmq.add_vhost("hostile"), session_database(district_template), SERVICES, settings)
    system.use_broker()
    yield system
    system.services.stop()


@pytest.fixture(params=SERVICES)
def service(request) -> str:
    return str(request.param)


@pytest.fixture
def port(running: System, service: str) -> Iterator[int]:
    yield running.services.ports[service]
    assert LOCAL.get(f"{running.services.url(service)}/healthz").status_code == 200
    assert "Traceback" not in running.services.process(service).last_lines(200)


def resident(running: System, service: str) -> int:
    return int(psutil.Process(running.services.process(service).pid).memory_info().rss)


@pytest.mark.parametrize("case", REFUSED)
def test_a_head_that_can_be_misread_is_answered_and_the_connection_ends(port: int, case: str) -> None:
    status, data = REFUSED[case]
    with Raw(port) as client:
        came = client.send(data).all()
        assert answers_in(came) == [status]
        told = json.loads(came.partition(b"\r\n\r\n")[2])
        assert set(told) == {"error", "message"}


@pytest.mark.parametrize("line", [b"X: " + b"a" * 65_000 + b"\r\n", b"X: y\r\n" * 10_000, b"a" * 65_536])
def test_a_trailer_without_end_takes_no_memory(running: System, service: str, port: int, line: bytes) -> None:
    before = resident(running, service)
    with Raw(port) as client:
        client.send(request("POST", POSTED_TO[service], "Transfer-Encoding: chunked") + b"1\r\nx\r\n0\r\n")
        with contextlib.suppress(OSError):  # it hangs up in the midst of it
            for _ in range(60 * MIB // len(line)):
                client.send(line)
        assert resident(running, service) - before < 20 * MIB


def test_a_key_in_a_trailer_never_counts(running: System, port: int, service: str) -> None:
    body = json.dumps([counselling()]).encode()
    trailer = f"Authorization: Bearer {running.key}\r\n".encode()
    with Raw(port) as client:
        head = request("POST", POSTED_TO[service], "Transfer-Encoding: chunked", f"Content-Type: {BATCH}")
        client.send(head + in_chunks([body], trailer))
        assert client.answer().status == TO_NOBODY[service]


@pytest.mark.parametrize("service", sorted(set(SERVICES) - {"board"}))  # which asks nobody for a key
def test_two_keys_are_none(running: System, service: str, port: int) -> None:
    keys = [f"Authorization: Bearer {key}" for key in (running.reader_key, running.key)]
    method, path = {"aggregation": ("GET", "/v1/rollups")}.get(service, ("POST", POSTED_TO[service]))
    with Raw(port) as client:
        assert client.send(request(method, path, *keys)).answer().status == 401


@pytest.mark.parametrize("framing", ["Content-Length: 100", "Transfer-Encoding: chunked"])
def test_a_body_that_never_comes_holds_nothing_after_the_answer(port: int, service: str, framing: str) -> None:
    with Raw(port) as client:
        client.send(request("POST", POSTED_TO[service], framing))
        answer = client.answer()
        assert (answer.status, answer.headers["connection"]) == (TO_NOBODY[service], "close")
        assert client.all() == b""


def test_a_large_post_by_nobody_gets_its_answer_and_no_reset(port: int, service: str) -> None:
    with Raw(port) as client:
        client.send(request("POST", POSTED_TO[service], body=b"x" * 10 * MIB))
        assert answers_in(client.all()) == [TO_NOBODY[service]]


@pytest.mark.parametrize("chunked", [False, True])
def test_a_post_over_the_limit_gets_its_413_as_an_answer(running: System, chunked: bool) -> None:
    headers = [f"Authorization: Bearer {running.key}", f"Content-Type: {BATCH}"]
    body = b"x" * 10 * MIB
    with Raw(running.services.ports["intake"]) as client:
        if chunked:
            client.send(request("POST", "/v1/events", *headers, "Transfer-Encoding: chunked"), in_chunks([body]))
        else:
            client.send(request("POST", "/v1/events", *headers, body=body))
        assert answers_in(client.all()) == [413]


def test_a_slash_too_many_is_no_address_and_nobody_is_sent_elsewhere(running: System, service: str, port: int) -> None:
    known = {
        "intake": "/v1/events/", "aggregation": "/v1/rollups/", "notifications": "/v1/alerts/", "board": "/v1/ack/",
    }[service]  # fmt: skip
    for path in (known, "/healthz/", "//healthz", "//evil.example/healthz"):
        with Raw(port) as client:
            answer = client.send(request("GET", path, host="Host: evil.example")).answer()
            assert (answer.status, json.loads(answer.body)["error"]) == (404, "not_found")
            assert "location" not in answer.headers


def test_garbage_behind_a_post_changes_nothing_of_its_one_answer(running: System) -> None:
    event = counselling("06412", "before-garbage")
    headers = [f"Authorization: Bearer {running.key}", f"Content-Type: {BATCH}"]
    with Raw(running.services.ports["intake"]) as client:
        came = client.send(
            request("POST", "/v1/events", *headers, body=json.dumps([event]).encode()) + b"\0x\r\n"
        ).all()
        assert answers_in(came) == [202]

    def applied() -> bool:
        rows = running.read(f"/v1/events/{event['source'].lstrip('/')}/{event['id']}").json()["rows"]
        return [row["status"] for row in rows] == ["applied"]

    running.wait_until(applied, "the event is counted")


def test_a_broken_chunk_behind_a_key_takes_nothing(running: System) -> None:
    event = counselling("06412", "never")
    body = json.dumps([event]).encode()
    before = running.metric("intake", "kip_events_received_total", outcome="accepted")
    headers = [f"Authorization: Bearer {running.key}", f"Content-Type: {BATCH}", "Transfer-Encoding: chunked"]
    for broken in (b"%x\r\n%b\r\nzz\r\n", b"%x\r\n%b0\r\n\r\n", b"%x\r\n%b\r\n0\r\nno header\r\n\r\n"):
        with Raw(running.services.ports["intake"]) as client:
            came = client.send(request("POST", "/v1/events", *headers) + broken % (len(body), body)).all()
            assert answers_in(came) == [400]
    assert running.metric("intake", "kip_events_received_total", outcome="accepted") == before


def test_a_form_is_read_only_for_who_may_post_it_and_within_the_limits(running: System) -> None:
    port = running.services.ports["notifications"]
    deciding = running.add_source("decider", "--kinds", "obligation.decide")
    for path in ("/v1/obligations/1/extend", "/v1/obligations/1/waive?token=1.2.3.x", "/v1/ack/1.2.3.x"):
        with Raw(port) as client:
            answer = client.send(request("POST", path, "Content-Length: 100")).answer()
            assert answer.status in {401, 404}
    for sent, status in ((b"x" * 20_000, 413), (b"[" * 10_000, 400), (b"\xff", 400), (b"{", 400)):
        with Raw(port) as client:
            head = ("Content-Type: application/json", f"Authorization: Bearer {deciding}")
            assert client.send(request("POST", "/v1/obligations/1/extend", *head, body=sent)).answer().status == status
    with Raw(port) as client:
        dawdling = request("POST", "/v1/obligations/1/extend", f"Authorization: Bearer {deciding}", "Content-Length: 9")
        assert client.send(dawdling).answer().status == 408


def test_a_body_that_the_board_hands_on_has_the_same_limits(running: System) -> None:
    port = running.services.ports["board"]
    for sent, status in ((request("POST", "/v1/ack/x", "Content-Length: 9"), 408),
                         (request("POST", "/v1/ack/x", body=b"x" * 20_000), 413)):  # fmt: skip
        with Raw(port) as client:
            assert client.send(sent).answer().status == status


def test_every_stage_of_a_connection_has_an_end_on_every_service(running: System) -> None:
    reader = f"Authorization: Bearer {running.reader_key}"
    stages = {
        b"": [],
        b"GET /v1/ev": [408],
        b"GET / HTTP/1.1\r\nHost: x\r\nX: ": [408],
        request("GET", "/healthz"): [200],
        request("GET", "/healthz") + b"GET": [200],
        request("GET", "/healthz", "Content-Length: 5"): [200],
        request("GET", "/nowhere", "Transfer-Encoding: chunked") + b"3\r\na": [404],
        request("POST", "/v1/events", reader, f"Content-Type: {BATCH}", "Content-Length: 5") + b"[": [408],
        request("POST", "/v1/events", reader, f"Content-Type: {BATCH}", "Transfer-Encoding: chunked") + b"1\r\n": [408],
    }
    with ExitStack() as opened:
        clients = [
            (sent, service, opened.enter_context(Raw(running.services.ports[service])).send(sent))
            for service in SERVICES
            for sent in stages
        ]
        for sent, service, client in clients:
            expected = stages[sent]
            if b"/v1/events" in sent and service != "intake":
                expected = [404]
            assert answers_in(client.all()) == expected, (service, sent)


def test_idle_connections_never_keep_a_client_out(running: System, service: str, port: int) -> None:
    with ExitStack() as opened:
        for number in range(10 * CONNECTIONS):
            client = opened.enter_context(Raw(port))
            with contextlib.suppress(OSError):
                client.send(b"GET /heal" if number % 2 else b"")
        assert running.metric(service, "kip_http_connections") <= CONNECTIONS + 33
        running.wait_until(
            lambda: LOCAL.get(f"{running.services.url(service)}/readyz", timeout=30).status_code == 200, "it answers"
        )
        running.wait_until(
            lambda: LOCAL.get(f"{running.services.url(service)}/nowhere", timeout=30).status_code == 404, "for all"
        )
    assert running.metric(service, "kip_http_refused_total", reason="gave_way") > 0


def test_slow_readers_without_a_key_keep_nobody_out(running: System, service: str, port: int) -> None:
    with ExitStack() as opened:
        for _ in range(CONNECTIONS + 4):
            client = opened.enter_context(Raw(port, receive_buffer=4096))
            client.socket.setblocking(False)
            with contextlib.suppress(OSError):  # one too many is refused
                client.socket.send(request("GET", "/openapi.json") * 200)
        time.sleep(2.5)
        for _ in range(10):
            assert LOCAL.get(f"{running.services.url(service)}/nowhere", timeout=2).status_code == 404


def test_half_bodies_of_one_key_keep_no_other_sender_out(running: System) -> None:
    other = running.add_source("other-sender")
    head = ("POST", "/v1/events", f"Authorization: Bearer {running.key}", "Content-Length: 1000")
    with ExitStack() as opened:
        for number in range(CONNECTIONS + 4):
            media = f"Content-Type: {'application/x-ndjson' if number % 2 else BATCH}"
            opened.enter_context(Raw(running.services.ports["intake"])).send(request(*head, media) + b"[")
        time.sleep(2.5)
        for number in range(10):
            event = counselling("06412", f"meanwhile-{number}")
            assert running.post([event], key=other).status_code == 202
