"""Whatever of a service asks for another try (429, 503) says when, whoever made it."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from typing import get_type_hints

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from services.aggregation.app import make_app as aggregation
from services.board.app import make_app as board
from services.board.pages.refusing import PageError, refusal_page
from services.board.pages.rendering import STATIC, Renderer
from services.board.pages.static_files import StaticFiles
from services.board.pages.words import Refusals
from services.intake.app import make_app as intake
from services.intake.refusals.request_errors import FAULTS, RefusedError
from services.notifications.app import make_app as notifications
from services.notifications.decision_words import DecisionError, Decline
from services.notifications.refusing import refusing
from shared.http.application import application
from shared.http.probes import LATER, Measured
from shared.http.read_api import UnavailableError, guarded
from shared.wording.words import in_both

Answer = Callable[[Request], Response]


def raising(error: Exception) -> Callable[[Request], object]:
    async def endpoint(_: Request) -> Response:
        raise error

    return endpoint


def answers() -> Iterator[tuple[str, object]]:
    """What each service refuses for now, as it makes the answer, where it says nothing of when."""
    for fault, (status, _) in FAULTS.items():
        if status in LATER:
            yield f"intake {fault}", lambda _, fault=fault: RefusedError(fault).response("vi")
    for decline in Decline:
        if decline.value.status in LATER:
            yield f"notifications {decline.name}", refusing(raising(DecisionError(decline.value)))
    for error in (UnavailableError(in_both("later")), ConnectionError("away")):
        yield f"aggregation {type(error).__name__}", guarded(raising(error))
    renderer = Renderer(StaticFiles([STATIC]), [])
    for status in LATER:
        told = PageError(status, "x", Refusals.AWAY.value)
        yield f"board {status}", lambda request, told=told: refusal_page(renderer, request, told)
        yield f"a bare {status}", lambda _, status=status: Response(status_code=status)


@asynccontextmanager
async def nothing(_: Starlette) -> AsyncIterator[None]:
    yield


async def asked(endpoint: object, **headers: str) -> httpx.Response:
    app = application([Route("/x", endpoint)], nothing)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://kip") as client:
        return await client.get("/x", headers=headers)


@pytest.mark.parametrize(("made", "endpoint"), [*answers()], ids=lambda value: value if isinstance(value, str) else "")
async def test_what_asks_for_another_try_says_when(made: str, endpoint: object) -> None:
    for accepted in ("application/json", "text/html"):
        answer = await asked(endpoint, Accept=accepted)
        assert answer.status_code in LATER, made
        assert int(answer.headers["retry-after"]) >= 1


async def test_who_knows_better_is_believed_and_other_answers_have_no_such_time() -> None:
    known = await asked(refusing(raising(DecisionError(Decline.TOO_MANY_CODES.value, retry_after=77))))
    assert known.headers.get_list("retry-after") == ["77"]
    assert "retry-after" not in (await asked(lambda _: Response(status_code=409))).headers


@pytest.mark.parametrize("make", [intake, aggregation, notifications, board])
def test_every_service_answers_through_that_one_place(make: Callable[..., object]) -> None:
    assert get_type_hints(make)["return"] is Measured
