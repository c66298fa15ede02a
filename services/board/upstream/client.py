"""The board's one client of the other services: with its key, bounded in time; typed answers, or one of two faults."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import structlog
from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json

AT_ONCE = 4  # calls of one page
_AWAY = frozenset({401, 502, 503, 504})  # also of a service that does not know the board's key, or not any more
Model = TypeVar("Model", bound=BaseModel)
Found = TypeVar("Found")
log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Answered:
    """What a service answered: the status, the JSON, None where there is no body, and when to ask again."""

    status: int
    body: Any
    retry_after: str | None = None


class AwayError(Exception):
    """A service didn't answer in time, or not as agreed: nothing is known of what was asked of it."""


class RefusedError(Exception):
    """A service has refused: status, stable code, words for the reader, `headers` to hand on, and what else it said."""

    def __init__(self, answered: Answered) -> None:
        told = answered.body if isinstance(answered.body, dict) else {}
        self.status = answered.status
        self.headers = {"Retry-After": answered.retry_after} if answered.retry_after is not None else {}
        self.code = str(told.get("error", ""))
        self.message = str(told.get("message", ""))
        self.field = told.get("field")
        self.told: Mapping[str, Any] = told
        super().__init__(f"{self.status} {self.code}")


class Upstream:
    """Asks `intake`, `aggregation` and `notifications`, for `seconds` at most. Every call raises AwayError."""

    def __init__(self, clients: Mapping[str, httpx.AsyncClient], key: str, seconds: float) -> None:
        self._clients = clients
        self._key = key
        self._seconds = seconds

    async def get(
        self, service: str, path: str, query: Mapping[str, str], headers: Mapping[str, str] | None = None
    ) -> Answered:
        """Ask; `path` is written as it goes over the wire."""
        return await self._send(service, "GET", path, query=query, headers=headers)

    async def post(self, service: str, path: str, content: bytes, headers: Mapping[str, str] | None = None) -> Answered:
        """Post."""
        return await self._send(service, "POST", path, content=content, headers=headers)

    async def post_json(
        self, service: str, path: str, body: Mapping[str, object], headers: Mapping[str, str] | None = None
    ) -> Answered:
        """Post an object."""
        return await self.post(service, path, to_json(body), {"Content-Type": "application/json", **(headers or {})})

    async def delete(self, service: str, path: str, body: Mapping[str, object], headers: Mapping[str, str]) -> Answered:
        """Take something back."""
        sent = {"Content-Type": "application/json", **headers}
        return await self._send(service, "DELETE", path, content=to_json(body), headers=sent)

    async def _send(
        self,
        service: str,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        content: bytes = b"",
        headers: Mapping[str, str] | None = None,
    ) -> Answered:
        sent = {"Authorization": f"Bearer {self._key}", "Accept": "application/json", **(headers or {})}
        client = self._clients[service]
        try:
            async with asyncio.timeout(self._seconds):
                answer = await client.request(method, path, params=query, content=content, headers=sent)
            body = from_json(answer.content) if answer.content else None
        except (httpx.HTTPError, TimeoutError, ValueError) as error:
            log.warning("upstream.away", service=service, method=method, reason=type(error).__name__)
            raise AwayError(f"{service}: {type(error).__name__}") from error
        if answer.status_code in _AWAY or answer.status_code >= 500:
            log.warning("upstream.away", service=service, method=method, reason=str(answer.status_code))
            raise AwayError(f"{service}: {answer.status_code}")
        return Answered(answer.status_code, body, answer.headers.get("retry-after"))


def read(answered: Answered, model: type[Model]) -> Model:
    """Read an answer as the model says. Raises RefusedError for a refusal, AwayError for what isn't as agreed."""
    if not 200 <= answered.status < 300:
        raise RefusedError(answered)
    try:
        return model.model_validate(answered.body)
    except ValidationError as error:
        log.error("upstream.other_form", model=model.__name__, faults=error.error_count())
        raise AwayError(f"{model.__name__}: not as agreed") from error


async def at_once(calls: Iterable[Callable[[], Awaitable[Found]]]) -> list[Found]:
    """Make calls of one page side by side, a few at a time; return what they gave, in their order."""
    gate = asyncio.Semaphore(AT_ONCE)

    async def one(call: Callable[[], Awaitable[Found]]) -> Found:
        async with gate:
            return await call()

    return await asyncio.gather(*map(one, calls))
