"""What a service behind the board may do wrong, and which headers go through."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from services.board.access.limits import Buckets, networks_of
from services.board.app import ADDRESS_BURST, ADDRESS_RATE
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
async def forwarding(seconds: float = 30, watch: Callable[[], float] = lambda: 0.0) -> AsyncIterator[httpx.AsyncClient]:
    """The board's routes, before that service as it runs. `watch` is the clock by which addresses are counted."""
    methods = {"ack": ["GET", "POST"], "calendar": ["GET"]}
    app = Starlette(routes=[Route(f"/v1/{what}/{{token}}", behind, methods=methods[what]) for what in methods])
    with serving(app, Limits()) as server:
        url = f"http://127.0.0.1:{server.config.port}"
        async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
            limits = BodyLimits(BODY_BYTES, 5, Memory(BODY_BYTES, BODY_BYTES))
            by_address, proxies = Buckets(ADDRESS_RATE, ADDRESS_BURST, watch), networks_of("127.0.0.1/32")
            board = Starlette(routes=Forwarding(client, limits, seconds, by_address, proxies).routes())
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


async def test_an_address_asks_so_often_and_a_mail_program_s_button_gets_through_beside_calendars() -> None:
    now = [0.0]
    async with forwarding(watch=lambda: now[0]) as client:

        async def press(provider: str, times: int) -> list[httpx.Response]:
            told, form = {"X-Forwarded-For": provider}, {"List-Unsubscribe": "One-Click"}
            return [await client.post("/v1/ack/x", headers=told, data=form) for _ in range(times)]

        def statuses(answers: list[httpx.Response]) -> list[int]:
            return [answer.status_code for answer in answers]

        stranger = {"X-Forwarded-For": "203.0.113.9"}
        asked = [await client.get("/v1/calendar/x.ics", headers=stranger) for _ in range(ADDRESS_BURST + 1)]
        assert statuses(asked) == [200] * ADDRESS_BURST + [429]
        assert (asked[-1].json()["error"], asked[-1].headers["retry-after"]) == ("too_often", "1")
        assert "from one address" in asked[-1].json()["message"]
        assert statuses(await press("203.0.113.9", 1)) == [200], "answers are counted apart from calendars"
        assert statuses(await press("198.51.100.7", ADDRESS_BURST + 1)) == [200] * ADDRESS_BURST + [429]
        for _ in range(100):  # all readers of a provider, one after the other
            now[0] += 1 / ADDRESS_RATE
            assert statuses(await press("198.51.100.7", 1)) == [200]
        assert statuses(await press("192.0.2.1", 1)) == [200], "another's address is another's"


def test_headers_of_one_connection_end_at_it() -> None:
    answered = [(b"Connection", b"close, X-Own"), (b"x-own", b"1"), (b"Keep-Alive", b"timeout=5"), (b"Date", b"now"),
                (b"Transfer-Encoding", b"chunked"), (b"Location", b"x?done=mute"), (b"ETag", b'"a"')]  # fmt: skip
    assert back(answered) == [(b"location", b"x?done=mute"), (b"etag", b'"a"')]
    assert there([(b"host", b"board"), (b"connection", b"close"), (b"accept", b"*/*")]) == [
        (b"accept", b"*/*"), (b"accept-encoding", b"identity"),
    ]  # fmt: skip
