"""Requests that come whole are offered to the application; all others, and those it gives back, go the usual way."""

import asyncio
import socket
from collections.abc import AsyncIterator

import pytest
import uvicorn
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from shared.whole_http import WholeHttp, WholeRequest

HEAD = b"POST /%b HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n"


class App:
    """Answers `usual` the usual way, and keeps the requests that it is offered, but for those to `/declined`."""

    def __init__(self) -> None:
        self.kept: list[WholeRequest] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        message = await receive()
        await PlainTextResponse(b"usual " + message.get("body", b""))(scope, receive, send)

    def gather(self, whole: WholeRequest) -> bool:
        """Keep the request."""
        if whole.scope["path"] == "/declined":
            return False
        self.kept.append(whole)
        return True

    async def offered(self, number: int = 1) -> list[WholeRequest]:
        """The requests, when so many are kept."""
        async with asyncio.timeout(10):
            while len(self.kept) < number:
                await asyncio.sleep(0.01)
        return self.kept


class Client:
    """A connection."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, body: bytes, path: bytes = b"", head: bytes = HEAD) -> None:
        """Send a request in one piece."""
        self.writer.write(head % (path, len(body)) + body)

    async def answer(self) -> bytes:
        """The body of the next answer."""
        async with asyncio.timeout(10):
            head = await self.reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200 OK\r\n"), head
            assert b"\r\ndate: " in head
            length = int(head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0])
            return await self.reader.readexactly(length)


@pytest.fixture
def app() -> App:
    return App()


@pytest.fixture
async def server(app: App) -> AsyncIterator[uvicorn.Server]:
    config = uvicorn.Config(
        app, http=WholeHttp, lifespan="off", proxy_headers=False, log_level="warning", timeout_graceful_shutdown=5
    )
    server = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config.port = listening.getsockname()[1]
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        while not server.started:
            await asyncio.sleep(0.01)
        yield server
        server.should_exit = True
        await serving


@pytest.fixture
async def client(server: uvicorn.Server) -> AsyncIterator[Client]:
    client = Client(*await asyncio.open_connection("127.0.0.1", server.config.port))
    yield client
    client.writer.close()


async def test_a_whole_request_is_offered_and_answered_and_the_connection_goes_on(client: Client, app: App) -> None:
    for number in (1, 2):
        client.send(b"body %d" % number, b"some/path")
        whole = (await app.offered(number))[-1]
        assert (whole.scope["path"], whole.body) == ("/some/path", b"body %d" % number)
        whole.answer(PlainTextResponse(b"together %d" % number))
        assert await client.answer() == b"together %d" % number


async def test_requests_of_many_connections_can_be_answered_in_any_order(server: uvicorn.Server, app: App) -> None:
    clients = [Client(*await asyncio.open_connection("127.0.0.1", server.config.port)) for _ in range(20)]
    for number, client in enumerate(clients):
        client.send(b"%d" % number)
    for whole in reversed(await app.offered(20)):
        whole.answer(PlainTextResponse(b"to " + whole.body))
    assert [await client.answer() for client in clients] == [b"to %d" % number for number in range(20)]
    for client in clients:
        client.writer.close()


async def test_a_request_in_two_pieces_goes_the_usual_way(client: Client, app: App) -> None:
    client.writer.write(HEAD % (b"", 8) + b"two ")
    await asyncio.sleep(0.05)
    client.writer.write(b"more")
    # The application answers to the first part that it gets, as it may.
    assert (await client.answer()).startswith(b"usual two ")
    assert app.kept == []


async def test_what_is_declined_or_given_back_goes_the_usual_way(client: Client, app: App) -> None:
    client.send(b"at once", b"declined")
    assert await client.answer() == b"usual at once"
    client.send(b"later")
    (await app.offered())[0].go_the_usual_way()
    assert await client.answer() == b"usual later"


async def test_requests_sent_before_the_answer_to_the_last_are_answered_in_their_order(
    client: Client, app: App
) -> None:
    client.writer.write(b"".join(HEAD % (b"", 1) + body for body in (b"1", b"2", b"3")))
    (await app.offered())[0].answer(PlainTextResponse(b"together 1"))
    assert [await client.answer() for _ in range(3)] == [b"together 1", b"usual 2", b"usual 3"]
    client.send(b"4")
    (await app.offered(2))[1].answer(PlainTextResponse(b"together 4"))
    assert await client.answer() == b"together 4"


@pytest.mark.parametrize("head", [HEAD.replace(b"Host", b"Connection: close\r\nHost"), HEAD.replace(b"1.1", b"1.0")])
async def test_a_connection_that_ends_with_its_request_goes_the_usual_way(
    client: Client, app: App, head: bytes
) -> None:
    client.send(b"bye", head=head)
    assert (await client.reader.read()).endswith(b"usual bye")
    assert app.kept == []


async def test_a_client_that_has_gone_before_its_answer_hurts_nobody(
    server: uvicorn.Server, client: Client, app: App
) -> None:
    gone = Client(*await asyncio.open_connection("127.0.0.1", server.config.port))
    gone.send(b"gone")
    client.send(b"here")
    kept = {whole.body: whole for whole in await app.offered(2)}
    gone.writer.close()
    while len(server.server_state.connections) > 1:
        await asyncio.sleep(0.01)
    for whole in kept.values():
        whole.answer(PlainTextResponse(b"answered"))
    assert await client.answer() == b"answered"


async def test_a_server_that_stops_waits_for_the_answer_and_then_hangs_up(
    server: uvicorn.Server, client: Client, app: App
) -> None:
    client.send(b"begun")
    (whole,) = await app.offered()
    server.should_exit = True
    await asyncio.sleep(0.3)
    whole.answer(PlainTextResponse(b"finished"))
    assert await client.answer() == b"finished"
    assert await client.reader.read() == b""


async def test_a_broken_request_behind_a_good_one_is_refused_and_the_good_one_offered(client: Client, app: App) -> None:
    client.writer.write(HEAD % (b"", 4) + b"good" + b"nonsense\r\n\r\n")
    (await app.offered())[0].answer(PlainTextResponse(b"too late"))
    assert (await client.reader.read()).startswith(b"HTTP/1.1 400 ")
