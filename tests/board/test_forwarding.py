"""What a service behind the board may do wrong, and which headers go through."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from services.board.forwarding import ANSWER_BYTES, BODY_BYTES, Forwarding
from services.board.headers import back, there
from shared.http.connections import Limits
from shared.http.held_body import BodyLimits, Memory
from tests.http_server import serving


async def behind(request: Request) -> Response:
    """A service behind: what it does is named by the token."""
    what = request.path_params["token"]
    if what == "late":
        await asyncio.sleep(3)
    if what == "late-end":
        return StreamingResponse(_late_end(), headers={"content-length": "20"})
    if what == "long":
        return StreamingResponse(b"x" * 65536 for _ in range(ANSWER_BYTES // 65536 + 1))
    if what == "in-pieces":
        return StreamingResponse(part for part in (b"one ", b"two"))
    if what == "broken":
        return StreamingResponse(_broken(), headers={"content-length": "50"})
    return JSONResponse({"headers": sorted(request.headers), "body": (await request.body()).decode()})


async def _late_end() -> AsyncIterator[bytes]:
    yield b"the beginning"
    await asyncio.sleep(3)


async def _broken() -> AsyncIterator[bytes]:
    yield b"the beginning"
    raise RuntimeError("broken, as the test wants it")


@asynccontextmanager
async def forwarding(seconds: float = 30) -> AsyncIterator[httpx.AsyncClient]:
    """The board's routes, before that service as it runs."""
    app = Starlette(routes=[Route("/v1/ack/{token}", behind, methods=["GET", "POST"])])
    with serving(app, Limits()) as server:
        url = f"http://127.0.0.1:{server.config.port}"
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            limits = BodyLimits(BODY_BYTES, 5, Memory(BODY_BYTES, BODY_BYTES))
            board = Starlette(routes=Forwarding(client, limits, seconds).routes())
            async with httpx.AsyncClient(transport=httpx.ASGITransport(board), base_url="http://board") as asking:
                yield asking


@pytest.mark.parametrize(
    ("what", "status", "error"),
    [("late", 504, "late_answer"), ("late-end", 504, "late_answer"), ("long", 502, "no_answer"),
     ("broken", 502, "no_answer")],
)  # fmt: skip
async def test_a_service_that_is_late_long_or_broken_is_told_in_the_form_of_errors(
    what: str, status: int, error: str
) -> None:
    async with forwarding(0.5 if "late" in what else 30) as client:
        answer = await client.get(f"/v1/ack/{what}")
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert set(answer.json()) == {"error", "message"}


async def test_what_comes_in_pieces_goes_on_whole() -> None:
    async with forwarding() as client:
        answer = await client.get("/v1/ack/in-pieces")
    assert (answer.content, answer.headers["content-length"]) == (b"one two", "7")
    assert "transfer-encoding" not in answer.headers


async def test_no_cookie_and_no_key_goes_on_and_the_body_does() -> None:
    own = {"Cookie": "__Host-board=secret", "Authorization": "Bearer kip_secret", "Accept-Language": "vi", "TE": "gzip"}
    async with forwarding() as client:
        answer = await client.post("/v1/ack/x", headers=own, data={"action": "mute"})
    assert answer.json()["body"] == "action=mute"
    assert answer.json()["headers"] == [
        "accept", "accept-encoding", "accept-language", "connection", "content-length", "content-type", "host",
        "user-agent",
    ]  # fmt: skip


def test_headers_of_one_connection_end_at_it() -> None:
    answered = [(b"Connection", b"close, X-Own"), (b"x-own", b"1"), (b"Keep-Alive", b"timeout=5"), (b"Date", b"now"),
                (b"Transfer-Encoding", b"chunked"), (b"Location", b"x?done=mute"), (b"ETag", b'"a"')]  # fmt: skip
    assert back(answered) == [(b"location", b"x?done=mute"), (b"etag", b'"a"')]
    assert there([(b"host", b"board"), (b"connection", b"close"), (b"accept", b"*/*")]) == [
        (b"accept", b"*/*"), (b"accept-encoding", b"identity"),
    ]  # fmt: skip
