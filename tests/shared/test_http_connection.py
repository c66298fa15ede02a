"""A connection over a real server: what is answered, when it ends, and that nobody holds it for ever."""

import asyncio
import json
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from shared.http.connections import Limits
from tests.http_server import serving
from tests.raw_http import Raw, answers_in, in_chunks, request

LIMITS = Limits(
    connections=8, reserve=4, head_seconds=2, body_seconds=2, keep_alive_seconds=2, drain_seconds=2,
    drain_bytes=2**20, unsent_seconds=2,
)  # fmt: skip
LARGE = b"x" * 30_000_000


async def body(request: Request) -> Response:
    try:
        content = await request.body()
    except ClientDisconnect:
        return PlainTextResponse("broken off", 400)
    headers = sorted(name for name in request.headers if name != "host")
    return JSONResponse({"size": len(content), "path": request.url.path, "headers": headers})


async def early(_: Request) -> Response:
    return PlainTextResponse("no", 401)


async def stream(_: Request) -> Response:
    async def parts() -> Iterator[bytes]:
        for part in (b"one", b"", b"two"):
            yield part
            await asyncio.sleep(0)

    return StreamingResponse(parts())


async def large(_: Request) -> Response:
    return Response(LARGE)


async def crash(_: Request) -> Response:
    raise ZeroDivisionError("secret inside")


async def wrong(_: Request) -> Response:
    return Response(b"four", headers={"Content-Length": "5"})


async def torn(_: Request) -> Response:
    return Response(b"four", headers={"X-Torn": "a\r\nSet-Cookie: b"})


async def silent(request: Request) -> Response:
    await request.body()
    raise asyncio.CancelledError


class Slow:
    """Answers when it is told to."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.go = threading.Event()

    async def __call__(self, request: Request) -> Response:
        await request.body()
        self.entered.release()
        while not self.go.is_set():
            await asyncio.sleep(0.01)
        return PlainTextResponse("slow")


@pytest.fixture
def slow() -> Slow:
    return Slow()


@pytest.fixture
def server(slow: Slow) -> Iterator[uvicorn.Server]:
    async def wait(request: Request) -> Response:
        return await slow(request)

    every = ["GET", "POST", "HEAD"]
    paths = {"/": body, "/early": early, "/stream": stream, "/large": large, "/crash": crash, "/slow": wait}
    broken = {"/silent": silent, "/wrong": wrong, "/torn": torn}
    routes = [Route(path, endpoint, methods=every) for path, endpoint in {**paths, **broken}.items()]
    app = Starlette(routes=[*routes, Route("/healthz", early)])
    with serving(app, LIMITS) as running:
        yield running
        slow.go.set()


@pytest.fixture
def raw(server: uvicorn.Server) -> Iterator[Raw]:
    with Raw(server.config.port) as opened:
        yield opened


def trickle(raw: Raw, piece: bytes) -> None:
    """Send a little, again and again, until the other side has had enough; that has to come."""
    try:
        for _ in range(600):
            raw.send(piece)
            threading.Event().wait(0.1)
    except OSError:
        return
    raise AssertionError("it is still open")


def test_a_connection_is_kept_for_further_requests(raw: Raw) -> None:
    for size in (0, 1, 100_000):
        raw.send(request("POST", "/", body=b"a" * size))
        assert raw.answer().body.startswith(b'{"size":%d,' % size)


def test_requests_sent_before_the_answers_are_answered_in_their_order(raw: Raw) -> None:
    raw.send(b"".join(request("POST", "/", body=b"a" * size) for size in (1, 2, 3)))
    assert [raw.answer().body[:10] for _ in range(3)] == [b'{"size":%d,' % size for size in (1, 2, 3)]
    raw.send(request("GET", "/"))
    assert raw.answer().status == 200


def test_a_header_in_a_trailer_is_no_header(raw: Raw) -> None:
    chunked = request("POST", "/", "Transfer-Encoding: chunked")
    raw.send(chunked, in_chunks([b"abc", b"de"], b"Authorization: Bearer stolen\r\nX-More: 1\r\n"))
    told = json.loads(raw.answer().body)
    assert (told["size"], told["headers"]) == (5, ["transfer-encoding"])
    raw.send(request("GET", "/"))
    assert json.loads(raw.answer().body)["headers"] == []


@pytest.mark.parametrize("garbage", [b"nonsense\r\n\r\n", b"\0\1\2", b"GET / HTTP/1.1\r\n\r\n", b"X: " + b"a" * 40_000])
def test_garbage_behind_a_request_ends_the_connection_and_the_request_has_its_one_answer(
    raw: Raw, garbage: bytes
) -> None:
    came = raw.send(request("POST", "/", body=b"abc") + garbage).all()
    assert answers_in(came) == [200]
    assert b'{"size":3,' in came


def test_what_is_asked_wrongly_after_an_answer_is_told_so(raw: Raw) -> None:
    raw.send(request("GET", "/"))
    assert raw.answer().status == 200
    assert answers_in(raw.send(request("GET", "/", "Host: y")).all()) == [400]


def test_an_answer_before_the_body_is_out_ends_the_connection(raw: Raw) -> None:
    raw.send(request("POST", "/early", "Content-Length: 1000"))
    answer = raw.answer()
    assert (answer.status, answer.headers["connection"]) == (401, "close")
    assert raw.all() == b""


def test_what_is_still_sent_then_does_not_reset_the_answer(raw: Raw) -> None:
    raw.send(request("POST", "/early", "Content-Length: 900000"))
    raw.send(b"x" * 900_000)
    assert answers_in(raw.all()) == [401]


def test_a_client_that_does_not_end_then_is_let_go_of(raw: Raw) -> None:
    raw.send(request("POST", "/early", "Transfer-Encoding: chunked"))
    assert raw.answer().status == 401
    trickle(raw, b"1\r\nx\r\n")


@pytest.mark.parametrize("rest", [b"zz\r\n", b"3\r\nabcd\r\n", b"3;" + b"a" * 2000])
def test_a_body_that_breaks_off_is_told_to_the_application_and_its_answer_goes_out(raw: Raw, rest: bytes) -> None:
    raw.send(request("POST", "/", "Transfer-Encoding: chunked") + b"3\r\nabc\r\n")
    threading.Event().wait(0.2)
    came = raw.send(rest).all()
    assert answers_in(came) == [400]
    assert came.endswith(b"broken off")


def test_a_broken_chunk_that_comes_with_the_head_never_reaches_the_application(raw: Raw) -> None:
    came = raw.send(request("POST", "/", "Transfer-Encoding: chunked") + b"zz\r\n").all()
    assert answers_in(came) == [400]
    assert b"malformed_request" in came


@pytest.mark.parametrize("path", ["/silent", "/wrong", "/torn"])
def test_an_application_that_ends_without_a_good_answer_is_answered_for(raw: Raw, path: str) -> None:
    came = raw.send(request("GET", "/") + request("GET", path)).all()
    assert answers_in(came) == [200, 500]
    assert b"set-cookie" not in came.lower()


def test_every_stage_has_an_end(server: uvicorn.Server) -> None:
    stages = {
        "nothing": b"",
        "half a head": b"GET / HT",
        "head of many pieces": b"GET / HTTP/1.1\r\nHost: x\r\n",
        "no body": request("POST", "/", "Content-Length: 5"),
        "half a body": request("POST", "/", "Content-Length: 5") + b"ab",
        "no chunk": request("POST", "/", "Transfer-Encoding: chunked"),
        "no end of the trailer": request("POST", "/", "Transfer-Encoding: chunked") + b"0\r\nA: b\r\n",
        "kept, and no further request": request("GET", "/"),
        "kept, and half a further one": request("GET", "/") + b"GET",
        "an answer before the body": request("POST", "/early", "Content-Length: 5"),
    }
    expected = {
        "nothing": [], "half a head": [408], "head of many pieces": [408], "kept, and no further request": [200],
        "kept, and half a further one": [200], "an answer before the body": [401],
    }  # fmt: skip
    for wave in range(0, len(stages), LIMITS.connections):
        names = list(stages)[wave : wave + LIMITS.connections]
        with ExitStack() as opened:
            clients = {name: opened.enter_context(Raw(server.config.port)) for name in names}
            for name, client in clients.items():
                client.send(stages[name])
            for name, client in clients.items():
                assert answers_in(client.all()) == expected.get(name, [400]), name


def test_trickling_does_not_lengthen_a_heads_time(raw: Raw) -> None:
    raw.send(b"GET / HTTP/1.1\r\nHost: x\r\nX: ")
    trickle(raw, b"a")


def test_a_client_that_does_not_read_its_answer_is_let_go_of(server: uvicorn.Server) -> None:
    with Raw(server.config.port, receive_buffer=4096) as client:
        client.send(request("GET", "/large"))
        while not server.server_state.connections:
            threading.Event().wait(0.01)
        for _ in range(600):
            if not server.server_state.connections:
                return
            threading.Event().wait(0.1)
    raise AssertionError("it is still open")


def test_a_client_that_reads_slowly_gets_all_of_it(server: uvicorn.Server) -> None:
    with Raw(server.config.port, receive_buffer=65_536) as client:
        client.send(request("GET", "/large", "Connection: close"))
        size = 0
        while part := client.socket.recv(400_000):
            size += len(part)
            threading.Event().wait(0.02)
        assert size > len(LARGE)


def test_a_stream_goes_out_in_chunks_and_to_an_old_client_until_the_end(server: uvicorn.Server) -> None:
    with Raw(server.config.port) as client:
        came = client.send(request("GET", "/stream", "Connection: close")).all()
        assert came.endswith(b"\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n")
    with Raw(server.config.port) as client:
        came = client.send(b"GET /stream HTTP/1.0\r\n\r\n").all()
        assert came.endswith(b"\r\n\r\nonetwo")
        assert b"chunked" not in came


def test_head_is_answered_without_a_body(raw: Raw) -> None:
    raw.send(request("HEAD", "/"), request("HEAD", "/stream"), request("GET", "/"))
    assert raw.answer("HEAD").status == 200
    assert raw.answer("HEAD").body == b""
    assert raw.answer().body.startswith(b'{"size":0')


def test_a_client_that_asks_first_is_told_to_send(raw: Raw) -> None:
    raw.send(request("POST", "/", "Expect: 100-continue", "Content-Length: 3"))
    assert raw.answer().status == 100
    raw.send(b"abc")
    assert raw.answer().body.startswith(b'{"size":3')
    raw.send(request("POST", "/early", "Expect: 100-continue", "Content-Length: 3"))
    assert (raw.answer().status, raw.all()) == (401, b"")


def test_a_crash_is_told_without_its_inside_and_the_connection_goes_on(raw: Raw) -> None:
    raw.send(request("GET", "/crash"))
    answer = raw.answer()
    assert answer.status == 500
    assert b"secret" not in answer.body
    raw.send(request("GET", "/"))
    assert raw.answer().status == 200


def test_the_longest_idle_gives_way_and_probes_are_answered_when_all_are_at_work(
    server: uvicorn.Server, slow: Slow
) -> None:
    with ExitStack() as opened:
        idle = [opened.enter_context(Raw(server.config.port)) for _ in range(LIMITS.connections)]
        threading.Event().wait(1.2)
        busy = []
        for number in range(LIMITS.connections):
            busy.append(opened.enter_context(Raw(server.config.port)).send(request("GET", "/slow")))
            assert slow.entered.acquire(timeout=30)
            assert idle[number].all() == b""
        with Raw(server.config.port) as probe:
            assert probe.send(request("GET", "/healthz")).answer().status == 401
            assert probe.all() == b""
        with Raw(server.config.port) as late:
            answer = late.send(request("GET", "/")).answer()
            assert (answer.status, answer.headers["retry-after"]) == (503, "2")
        crowd = [opened.enter_context(Raw(server.config.port)) for _ in range(50)]
        held = len(server.server_state.connections)
        assert held <= LIMITS.connections + LIMITS.reserve + 1
        slow.go.set()
        assert [client.answer().body for client in busy] == [b"slow"] * LIMITS.connections
        for client in crowd:
            client.socket.close()
    with Raw(server.config.port) as client:
        assert client.send(request("GET", "/")).answer().status in {200, 503}


def test_those_that_have_their_answer_and_go_on_sending_keep_nobody_out(server: uvicorn.Server) -> None:
    with ExitStack() as opened:
        for _ in range(3 * (LIMITS.connections + LIMITS.reserve)):
            client = opened.enter_context(Raw(server.config.port))
            client.send(b"POST /early HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n")
            assert client.answer().status == 401
        with Raw(server.config.port) as client:
            assert client.send(request("GET", "/")).answer().status == 200


@pytest.mark.parametrize("option", [b"close", b"Close", b"keep-alive, close", b"x,close"])
def test_a_client_that_wants_to_close_is_closed_behind_its_answer(server: uvicorn.Server, option: bytes) -> None:
    for more in (b"", b"Content-Length: 0\r\n"):
        with Raw(server.config.port) as client:
            client.send(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: " + option + b"\r\n" + more + b"\r\n")
            answer = client.answer()
            assert (answer.status, answer.headers["connection"]) == (200, "close")
            assert client.all() == b""


def test_a_server_that_stops_gives_the_answer_and_hangs_up(server: uvicorn.Server, slow: Slow) -> None:
    with Raw(server.config.port) as client, Raw(server.config.port) as idle:
        client.send(request("GET", "/slow"))
        assert slow.entered.acquire(timeout=30)
        server.should_exit = True
        assert idle.all() == b""
        slow.go.set()
        answer = client.answer()
        assert (answer.body, answer.headers["connection"]) == (b"slow", "close")
        assert client.all() == b""
