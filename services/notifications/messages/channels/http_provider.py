"""Ask providers that speak HTTP, and judge what their responses mean for a message."""

import json
import re
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ssl import SSLContext
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import httpcore

from services.notifications.messages.channels import DeliveryError
from services.notifications.messages.channels.pace import NewPace, Pace

TIMEOUT_SECONDS = 15.0
CONNECTIONS = 100  # of one replica to all servers of a kind
LONGEST_REST = 1800.0  # however long a server asks for: it is tried again then
_TRY_AGAIN = frozenset({408, 425, 429})  # refusals that may pass
_LONGEST_BODY = 64 * 1024
_MOST_DIGITS = 9
_NUMBER = re.compile(r"-?[0-9]{1,18}")
_AWAY = (httpcore.TimeoutException, httpcore.NetworkError, httpcore.ProtocolError)


class Answer(NamedTuple):
    """A server's answer; `line` is its status with the reason phrase."""

    status: int
    line: str
    fields: Mapping[bytes, str]
    body: bytes


class Provider:
    """Servers of one kind: their connections, and how many requests a second each takes.

    `connect` opens connections where addresses are to be checked; without it any server is connected to. `trust` says
    whose certificates are believed; without it the public authorities'. Redirects are not followed, and proxies and
    .netrc of whoever starts the service are not the provider's business: httpcore knows of neither.
    """

    def __init__(
        self,
        new_pace: NewPace,
        now: Callable[[], datetime],
        connect: httpcore.AsyncNetworkBackend | None = None,
        trust: SSLContext | None = None,
    ) -> None:
        self._new_pace = new_pace
        self._now = now  # the machine's: a provider's dates are of the real time, whatever the run simulates
        self._paces: dict[str, Pace] = {}
        self._timeout = dict.fromkeys(("connect", "read", "write", "pool"), TIMEOUT_SECONDS)
        self._connections = httpcore.AsyncConnectionPool(trust, network_backend=connect, max_connections=CONNECTIONS)

    async def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> bytes:
        """Post, and return the body of a 2xx answer. Raises DeliveryError for any other.

        BusyError over the server's rate, and while it wants to be left alone: its Retry-After counts for every message.
        """
        return self._judged(url, await self.exchange("POST", url, content, headers))

    async def get(self, url: str, headers: Mapping[str, str]) -> bytes:
        """Get, and return the body of a 2xx answer. Raises as `post` does."""
        return self._judged(url, await self.exchange("GET", url, b"", headers))

    async def exchange(self, method: str, url: str, content: bytes, headers: Mapping[str, str]) -> Answer:
        """Ask, and return the answer whatever its status. Raises DeliveryError where there is none, and BusyError."""
        self._pace_of(url).take()
        extensions = {"timeout": self._timeout}
        async with (
            _failures(),
            self._connections.stream(
                method, url, content=content, headers=list(headers.items()), extensions=extensions
            ) as answer,
        ):
            body = b""
            async for part in answer.aiter_stream():
                body += part
                if len(body) > _LONGEST_BODY:
                    raise DeliveryError(f"{answer.status} with an endless body", permanent=False)
        fields = {name.lower(): value.decode("latin-1") for name, value in answer.headers}
        reason = answer.extensions.get("reason_phrase", b"").decode("latin-1")
        return Answer(answer.status, f"{answer.status} {reason}".strip(), fields, body)

    def _judged(self, url: str, answer: Answer) -> bytes:
        if 200 <= answer.status < 300:
            return answer.body
        retry_after = seconds_until(answer.fields.get(b"retry-after"), answer.fields.get(b"date"), self._now())
        if retry_after is not None:
            self._pace_of(url).rest(retry_after)
        raise DeliveryError(
            answer.line,
            permanent=answer.status < 500 and answer.status not in _TRY_AGAIN,
            retry_after=retry_after,
        )

    async def close(self) -> None:
        """Give back connections."""
        await self._connections.aclose()

    def _pace_of(self, url: str) -> Pace:
        try:
            server = urlsplit(url).netloc
        except ValueError as error:
            raise DeliveryError("not an address that can be posted to", permanent=True) from error
        if server not in self._paces:
            self._paces[server] = self._new_pace()
        return self._paces[server]


@asynccontextmanager
async def _failures() -> AsyncIterator[None]:
    """Judge failures: no connection, no response or none that is HTTP may pass; an address that is none will not."""
    try:
        yield
    except (httpcore.UnsupportedProtocol, ValueError) as error:
        raise DeliveryError(f"not an address that can be posted to: {error}", permanent=True) from error
    except _AWAY as error:
        raise DeliveryError(f"{type(error).__name__}: {error}", permanent=False, away=True) from error


def seconds_until(retry_after: str | None, date: str | None, now: datetime) -> float | None:
    """Read how long a server wants to be left alone: seconds, or an instant, from its own `Date` (else from `now`).

    From 0 to LONGEST_REST; None for what is neither (RFC 9110, section 10.2.3).
    """
    text = (retry_after or "").strip()
    if text.isascii() and text.isdigit():
        return min(float(text[:_MOST_DIGITS]) if len(text) <= _MOST_DIGITS else LONGEST_REST, LONGEST_REST)
    until = _instant(text)
    if until is None:
        return None
    return min(max((until - (_instant(date or "") or now)).total_seconds(), 0.0), LONGEST_REST)


def _instant(text: str) -> datetime | None:
    """Read an HTTP date, in any of its three forms; None for anything else."""
    try:
        read = parsedate_to_datetime(text)
    except (ValueError, OverflowError):
        return None
    return read if read.tzinfo is not None else read.replace(tzinfo=UTC)


def object_of(body: bytes) -> Mapping[str, Any]:
    """Read an answer that should be a JSON object. Raises DeliveryError for anything else."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise DeliveryError("an answer that is not JSON", permanent=False) from error
    if not isinstance(answer, dict):
        raise DeliveryError("an answer that is no JSON object", permanent=False)
    return answer


def number_of(answer: Mapping[str, Any], name: str) -> int:
    """Read a result code that some providers write as a number and some as a text. Raises DeliveryError for neither."""
    found = answer.get(name)
    text = str(found) if isinstance(found, str | int) and not isinstance(found, bool) else ""
    if not _NUMBER.fullmatch(text):
        raise DeliveryError(f"an answer without {name}", permanent=False)
    return int(text)
