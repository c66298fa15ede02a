"""All places of a service are taken by clients that are slow on purpose: whoever is not gets an answer all the same."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from shared.http.connections import Limits
from shared.http.pace import Pace
from tests.http_server import serving
from tests.raw_http import Raw, answers_in, request

LIMITS = Limits(
    connections=8, reserve=4, head_seconds=20, body_seconds=20, keep_alive_seconds=20, drain_seconds=20,
    unsent_seconds=60,
)  # fmt: skip
LARGE = b"x" * 6_000_000  # more than the system takes off our hands
SOON = 2.5  # seconds: two sweeps find who is slow


class Asked:
    """How many requests the application has begun to answer."""

    def __init__(self) -> None:
        self.large = 0

    async def whole(self, _: Request) -> Response:
        self.large += 1
        return Response(LARGE)

    async def streamed(self, _: Request) -> Response:
        async def parts() -> Iterator[bytes]:
            for _ in range(100):
                yield LARGE[:60_000]

        self.large += 1
        return StreamingResponse(parts())


async def body(request: Request) -> Response:
    try:
        return JSONResponse({"size": len(await request.body())})
    except ClientDisconnect:
        return PlainTextResponse("broken off", 400)


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def server(asked: Asked) -> Iterator[uvicorn.Server]:
    routes = {"/large": asked.whole, "/stream": asked.streamed, "/": body}
    app = Starlette(routes=[Route(path, endpoint, methods=["GET", "POST"]) for path, endpoint in routes.items()])
    with serving(app, LIMITS) as running:
        yield running


def wait(seconds: float) -> None:
    threading.Event().wait(seconds)


def answered_soon(server: uvicorn.Server) -> bool:
    """Whether a good client is, that tries again where it is told to."""
    began = time.monotonic()
    while time.monotonic() - began < SOON:
        with Raw(server.config.port) as client:
            if client.send(request("POST", "/", body=b"good")).answer().status == 200:
                return True
        wait(0.1)
    return False


def slow_reader(opened: ExitStack, server: uvicorn.Server, path: str, times: int = 1) -> Raw:
    client = opened.enter_context(Raw(server.config.port, receive_buffer=4096))
    return client.send(request("GET", path) * times)


def half_body(opened: ExitStack, server: uvicorn.Server) -> Raw:
    client = opened.enter_context(Raw(server.config.port))
    return client.send(request("POST", "/", "Content-Length: 100000") + b"[")


def until_it_ends(client: Raw, most: float) -> bytes:
    """All that comes; a reset is an end as well."""
    came = b""
    client.socket.settimeout(most)
    try:
        while part := client.socket.recv(65_536):
            came += part
    except ConnectionError:
        pass
    return came


@pytest.mark.parametrize("path", ["/large", "/stream"])
def test_clients_that_do_not_read_their_answers_keep_nobody_out(server: uvicorn.Server, path: str) -> None:
    with ExitStack() as opened:
        for _ in range(LIMITS.connections + LIMITS.reserve):
            slow_reader(opened, server, path, times=20)
        for _ in range(3 * LIMITS.connections):  # each slow one that ends is followed by another
            assert answered_soon(server)
            slow_reader(opened, server, path, times=20)
        assert len(server.server_state.connections) <= LIMITS.connections + LIMITS.reserve + 1


def test_clients_that_read_a_little_keep_nobody_out(server: uvicorn.Server) -> None:
    with ExitStack() as opened:
        clients = [slow_reader(opened, server, "/large") for _ in range(LIMITS.connections)]
        ends = threading.Event()

        def sip() -> None:
            while not ends.wait(0.1):
                for client in clients:
                    try:
                        client.socket.recv(2000)
                    except OSError:
                        continue

        sipping = threading.Thread(target=sip)
        sipping.start()
        try:
            wait(SOON)
            for _ in range(5):
                assert answered_soon(server)
        finally:
            ends.set()
            sipping.join(30)


def test_half_bodies_keep_nobody_out_and_are_told_to_try_again(server: uvicorn.Server) -> None:
    with ExitStack() as opened:
        half = [half_body(opened, server) for _ in range(LIMITS.connections)]
        assert answered_soon(server)
        wait(SOON)
        good = [opened.enter_context(Raw(server.config.port)) for _ in range(LIMITS.connections)]
        assert [client.send(request("GET", "/")).answer().status for client in good] == [200] * len(good)
        for client in half:
            came = until_it_ends(client, 10)
            assert answers_in(came) == [503]
            assert json.loads(came.partition(b"\r\n\r\n")[2])["error"] == "too_many_connections"
            assert b"Retry-After: " in came


def test_the_slowest_gives_way_and_whoever_sends_at_a_fair_pace_does_not(server: uvicorn.Server) -> None:
    size, piece = 500_000, 5_000
    with ExitStack() as opened:
        fair = [opened.enter_context(Raw(server.config.port)) for _ in range(2)]
        for client in fair:
            client.send(request("POST", "/", f"Content-Length: {size}"))
        for _ in range(LIMITS.connections - len(fair)):
            half_body(opened, server)
        for step in range(size // piece):
            for client in fair:
                client.send(b"x" * piece)
            wait(0.05)
            if step > 40 and step % 5 == 0:  # more come than there are slow ones
                half_body(opened, server)
        assert [json.loads(client.answer().body) for client in fair] == [{"size": size}] * len(fair)


def test_a_slow_but_steady_body_is_taken_while_there_are_places(server: uvicorn.Server) -> None:
    with ExitStack() as opened:
        for _ in range(LIMITS.connections - 2):
            half_body(opened, server)
        client = opened.enter_context(Raw(server.config.port))
        client.send(request("POST", "/", "Content-Length: 150"))
        for _ in range(150):
            wait(0.1)
            client.send(b"x")
        assert json.loads(client.answer().body) == {"size": 150}


def test_a_request_behind_an_answer_that_is_not_read_waits(server: uvicorn.Server, asked: Asked) -> None:
    with Raw(server.config.port, receive_buffer=65_536) as client:
        client.send(request("GET", "/large") * 5)
        wait(1)
        assert asked.large == 1
        for _ in range(5):
            assert client.answer().body == LARGE
        assert asked.large == 5
        assert client.send(request("GET", "/")).answer().status == 200


def test_requests_sent_ahead_are_not_served_before_others_when_all_places_are_taken(server: uvicorn.Server) -> None:
    with ExitStack() as opened:
        clients = [opened.enter_context(Raw(server.config.port)) for _ in range(LIMITS.connections)]
        while len(server.server_state.connections) < LIMITS.connections:
            wait(0.01)
        for client in clients:
            client.send(request("GET", "/") * 3)
        for client in clients:
            answer = client.answer()
            assert (answer.status, answer.headers["connection"]) == (200, "close")
            assert client.all() == b""


def test_a_pace_is_that_of_the_last_seconds_and_a_new_client_has_credit() -> None:
    pace = Pace()
    pace.look(0, 10.0)
    assert pace.rate == float("inf")
    pace.look(0, 11.0)
    credit = pace.rate
    assert 0 < credit < LIMITS.body_rate
    for second in range(12, 22):
        pace.look(1_000_000 * (second - 11), float(second))
    assert 900_000 < pace.rate < 1_000_000
    for second in range(22, 32):
        pace.look(10_000_000, float(second))
    assert pace.rate < 60_000
    pace.forget()
    assert pace.rate == float("inf")
    pace.look(10_000_000, 40.0)
    pace.look(10_000_000, 41.0)
    assert pace.rate == credit
