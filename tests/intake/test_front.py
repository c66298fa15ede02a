"""The way of posted events around Starlette's layers promises what those promise."""

import httpx
import pytest
from prometheus_client import REGISTRY
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.intake.front import Front
from services.intake.http import Refusing
from services.intake.request_errors import Fault, RefusedError
from shared.observability import Measured


async def answers_as_told(request: Request) -> Response:
    match request.headers["x-end"]:
        case "crash":
            raise ZeroDivisionError("secret inside")
        case "refuse":
            raise RefusedError(Fault.RATE_EXCEEDED, "5", headers={"Retry-After": "2"})
        case _:
            return Response(b"taken", status_code=202)


async def other(request: Request) -> Response:
    return Response(request.url.path.encode())


@pytest.fixture
def client() -> httpx.AsyncClient:
    others = Starlette(routes=[Route("/{rest:path}", other, methods=["GET", "POST", "OPTIONS"])])
    front = httpx.ASGITransport(Front(Refusing(answers_as_told), Measured(others), lambda _: False))
    return httpx.AsyncClient(transport=front, base_url="http://front")


def counted(status: int) -> float:
    found = REGISTRY.get_sample_value("kip_http_requests_total", {"route": "/v1/events", "status": str(status)})
    return found or 0.0


@pytest.mark.parametrize(("end", "status"), [("take", 202), ("refuse", 429), ("crash", 500)])
async def test_every_end_is_answered_and_counted(client: httpx.AsyncClient, end: str, status: int) -> None:
    before = counted(status)
    answer = await client.post("/v1/events", headers={"x-end": end})
    assert (answer.status_code, counted(status) - before) == (status, 1)


async def test_a_crash_is_told_in_json_without_its_inside(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/events", headers={"x-end": "crash"})
    assert answer.json()["error"] == "internal"
    assert "secret" not in answer.text


async def test_a_refusal_keeps_its_headers_and_language(client: httpx.AsyncClient) -> None:
    answer = await client.post("/v1/events", headers={"x-end": "refuse", "accept-language": "vi-VN"})
    assert answer.headers["Retry-After"] == "2"
    assert answer.json() == {"error": "rate_exceeded", "message": "Vượt quá tốc độ cho phép; 5 sự kiện mỗi giây"}


@pytest.mark.parametrize(("method", "path"), [("GET", "/v1/units"), ("POST", "/v1/event"), ("POST", "/v1/events/")])
async def test_everything_else_takes_the_usual_way(client: httpx.AsyncClient, method: str, path: str) -> None:
    assert (await client.request(method, path)).text == path
