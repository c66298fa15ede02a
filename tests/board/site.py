"""The form as a site of its own: its pages in front of the real services and a real database.

What the other services are asked goes to them by HTTP with the board's key, as the board's own client asks.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import httpx
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from deploy.local.http import LOCAL
from deploy.local.stack import LocalStack
from services.board.access.door import told_of
from services.board.pages.refusing import PageError, refusal_page
from services.board.pages.rendering import STATIC, Renderer
from services.board.pages.static_files import StaticFiles
from services.board.report import routes as report
from services.board.report.asked import Asked
from services.board.report.opening import Endpoint, ReportPages, Respond, Who
from services.board.sheet import routes as sheet
from services.board.sheet.steps import ONE_REPORT, Sheets
from services.board.upstream.client import Answered, AwayError
from services.board.upstream.programmes import Programmes
from shared.database.connections import DATABASE_AWAY, Pool
from shared.http.held_body import BodyError, BodyLimits, Memory
from shared.runtime.turns import Turns
from shared.spreadsheets.readers import Readers
from tests.acting import Board
from tests.system import access

_RENDERER = Renderer(StaticFiles([STATIC, report.STATIC]), [report.TEMPLATES, sheet.TEMPLATES])
_ASKED = {"Accept": "text/html", "Accept-Language": "vi"}
_FAULTS: tuple[type[Exception], ...] = (AwayError, BodyError, *DATABASE_AWAY)
MIB = 1 << 20


AnyBoard = TypeVar("AnyBoard", bound=Board)
# What the tests' officers answer: both figures, and an activity.
FIGURE = {"numerator": "412", "denominator": "530"}
KNOWLEDGE = {"numerator": "300", "denominator": "900"}
SESSION = {
    "held_on.day": "9", "held_on.month": "3", "held_on.year": "2023", "participants.parent": "24",
    "by.domain": "nutrition",
}  # fmt: skip
CLOCK = "2023-03-15T08:00:00+07:00"


def form_board(
    stack: LocalStack,
    amqp_url: str,
    database_url: str,
    folder: Path,
    *officers: tuple[str, str, str],
    board: type[AnyBoard] = Board,  # type: ignore[assignment]
) -> AnyBoard:
    """All services behind the board, on a morning on which the reports of 2023-Q1 are due the next day."""
    names, settings = ("intake", "aggregation", "notifications"), {"KIP_CLOCK": CLOCK, "KIP_SWEEP_INTERVAL": "1"}
    running = board(stack, amqp_url, database_url, names, settings)
    running.begin(folder, *officers)
    return running


def counted(board: Board, commune: str, period: str, numerator: int, denominator: int, **data: Any) -> None:
    """Have an app report this figure, and wait until it counts."""
    made = access(commune, numerator, numerator)
    made["data"] |= {"period": period, "denominator": denominator, "breakdown": [], **data}
    assert board.post([made]).status_code == 202
    asked = {"unit": commune, "agency": "ubnd-xa", "period": period}
    board.wait_until(
        lambda: any(row["id"] == made["id"] for row in board.read("/v1/records", **asked).json()["rows"]), "it counts"
    )


def report_of(board: Board, commune: str) -> str:
    """The address of a commune's report, once its obligation is open."""
    name = f"ecd-1437~progress-quarterly~{commune}~ubnd-xa~2023-Q1~0"
    address = f"{board.services.url('notifications')}/v1/obligations/{name}"
    headers = {"Authorization": f"Bearer {board.board_key}"}
    board.wait_until(lambda: LOCAL.get(address, headers=headers).status_code == 200, "the obligation is open")
    return f"/report/{name}"


@dataclass
class Others:
    """The services behind the form. `away` are those that don't answer, `lost` answers of intake get lost."""

    board: Board
    away: set[str] = field(default_factory=set)
    lost: int = 0
    posts: list[bytes] = field(default_factory=list)

    async def get(self, service: str, path: str, query: Mapping[str, str]) -> Answered:
        return await self._ask("GET", service, path, {}, b"", query)

    async def post(self, service: str, path: str, content: bytes, headers: Mapping[str, str]) -> Answered:
        answered = await self._ask("POST", service, path, headers, content, {})
        self.posts.append(content)
        if self.lost:
            self.lost -= 1
            raise AwayError(service)
        return answered

    async def _ask(
        self, method: str, service: str, path: str, headers: Mapping[str, str], content: bytes, query: Mapping[str, str]
    ) -> Answered:
        if service in self.away:
            raise AwayError(service)
        async with httpx.AsyncClient(trust_env=False, timeout=30) as client:
            answer = await client.request(
                method, f"{self.board.services.url(service)}{path}", params=query, content=content,
                headers={**headers, "Authorization": f"Bearer {self.board.board_key}"},
            )  # fmt: skip
        return Answered(answer.status_code, answer.json())


@dataclass
class Site:
    """The pages, as an officer of a verified device sees them."""

    others: Others
    pool: Pool
    officer: str
    seat: str
    now: datetime
    language: str = "vi"
    acts: list[tuple[str, str, str]] = field(default_factory=list)
    turns: Turns = field(default_factory=lambda: Turns(1, 0.2))

    def client(self) -> httpx.AsyncClient:
        limits = BodyLimits(MIB, 10, Memory(8 * MIB, 8 * MIB))
        pages = ReportPages(
            lambda _: Asked(self.others, Programmes(self.others, time.monotonic)), lambda: self.pool, self._behind,
            self._render, self._note, limits,
        )  # fmt: skip
        sheets = Sheets(Readers(ONE_REPORT), self.turns, limits)
        routes = [*report.report_routes(pages), *sheet.sheet_routes(pages, sheets)]
        transport = httpx.ASGITransport(Starlette(routes=routes))
        return httpx.AsyncClient(transport=transport, base_url="http://board", headers=_ASKED)

    def _behind(self, respond: Respond, *, fills: bool) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            try:
                return await respond(
                    request, Who(self.officer, "3f9c0a1b", self.language, self.seat, "ubnd-xa", self.now)
                )
            except PageError as error:
                return refusal_page(_RENDERER, request, error)
            except _FAULTS as error:
                return refusal_page(_RENDERER, request, told_of(error))

        return endpoint

    def _render(self, request: Request, template: str, content: Mapping[str, object], status: int = 200) -> Response:
        return _RENDERER.page(template, self.language, content, status=status)

    async def _note(self, request: Request, what: str, about: str, outcome: str) -> None:
        self.acts.append((what, about, outcome))
