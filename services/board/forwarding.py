"""Hands on what belongs to notifications and has the board's public address: one-click answers and calendars."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from urllib.parse import unquote

import httpx
import structlog
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from services.board.access.limits import Buckets, Networks, address_of
from services.board.headers import back, there
from services.board.words import BoardWords
from shared.http.application import on_http_error
from shared.http.held_body import BodyError, BodyLimits, HeldBody
from shared.wording.language import language_of
from shared.wording.words import Words

BODY_BYTES = 16 * 1024
ANSWER_BYTES = 4 * 1024 * 1024
log = structlog.get_logger()


class _LongAnswerError(Exception):
    """More came than is held for one answer."""


@dataclass(frozen=True, slots=True)
class Forwarding:
    """The endpoints, with what they need. `seconds` is the time for a whole answer.

    `by_address` bounds how often an address may have the service behind work; `proxies` stand before us. A mail
    provider has few addresses for all its readers: answers and calendars are counted apart, and apart from pages.
    """

    client: httpx.AsyncClient
    body: BodyLimits
    seconds: float
    by_address: Buckets
    proxies: Networks

    def routes(self) -> list[Route]:
        """List the routes."""
        return [
            Route("/v1/ack/{token}", self.hand_on, methods=["GET", "HEAD", "POST"]),
            Route("/v1/calendar/{token}", self.hand_on, methods=["GET", "HEAD"]),
        ]

    async def hand_on(self, request: Request) -> Response:
        """Ask for the same there, and answer the same here: no redirect is followed, no cookie goes through."""
        if unquote(request.path_params["token"]) in {".", ".."}:  # a client would make another address of it
            return await on_http_error(request, HTTPException(404))
        wait = ceil(self.by_address.take(f"{_what(request)} {address_of(request, self.proxies)}"))
        if wait:
            words, later = BoardWords.TOO_OFTEN.value.filled(seconds=wait), {"Retry-After": str(wait)}
            return _refused(request, HTTPStatus.TOO_MANY_REQUESTS, "too_often", words, later)
        return await self._answer(request)

    async def _answer(self, request: Request) -> Response:
        try:
            async with HeldBody(request, self.body) as body, asyncio.timeout(self.seconds):
                return await self._ask(request, body)
        except BodyError as error:
            return _refused(request, error.status, error.error, error.words)
        except (TimeoutError, httpx.TimeoutException):
            words = BoardWords.LATE_ANSWER.value.filled(seconds=f"{self.seconds:g}")
            return _away(request, HTTPStatus.GATEWAY_TIMEOUT, "late_answer", words)
        except _LongAnswerError:
            words = BoardWords.LONG_ANSWER.value.filled(most=ANSWER_BYTES)
            return _away(request, HTTPStatus.BAD_GATEWAY, "no_answer", words)
        except httpx.HTTPError:
            return _away(request, HTTPStatus.BAD_GATEWAY, "no_answer", BoardWords.NO_ANSWER.value)

    async def _ask(self, request: Request, body: bytes) -> Response:
        scope = request.scope
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        url = self.client.base_url.copy_with(raw_path=target)
        async with self.client.stream(request.method, url, headers=there(scope["headers"]), content=body) as answer:
            whole = await _whole(answer)
            response = Response(whole, answer.status_code)
            response.raw_headers = back(answer.headers.raw)
            if request.method != "HEAD" and "content-length" not in answer.headers:
                response.headers["content-length"] = str(len(whole))
            return response


async def _whole(answer: httpx.Response) -> bytes:
    """Read an answer's bytes as they came over the wire. Raises _LongAnswerError."""
    parts: list[bytes] = []
    size = 0
    async for part in answer.aiter_raw():
        size += len(part)
        if size > ANSWER_BYTES:
            raise _LongAnswerError
        parts.append(part)
    return b"".join(parts)


def _what(request: Request) -> str:
    """Name what is asked for: `ack` or `calendar`."""
    path: str = request.scope["path"]
    return path.split("/")[2]


def _away(request: Request, status: HTTPStatus, error: str, words: Words) -> Response:
    log.warning("forward.failed", path=_what(request), error=error, reason=words.en)
    return _refused(request, status, error, words)


def _refused(
    request: Request, status: int, error: str, words: Words, headers: Mapping[str, str] | None = None
) -> Response:
    message = words.in_language(language_of(request.scope["headers"]))
    return JSONResponse({"error": error, "message": message}, status_code=status, headers=headers)
