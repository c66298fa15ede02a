"""How providers that speak HTTP answer, and what that means for a message."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx

from services.notifications.channels import DeliveryError
from services.notifications.channels.pace import NewPace, Pace

TIMEOUT_SECONDS = 15.0
LONGEST_REST = 1800.0  # however long a server asks for: it is tried again then
_TRY_AGAIN = frozenset({408, 425, 429})  # refusals that may pass
_LONGEST_BODY = 64 * 1024


class Provider:
    """Servers of one kind: their connections, and how many requests a second each takes."""

    def __init__(self, new_pace: NewPace) -> None:
        self._new_pace = new_pace
        self._paces: dict[str, Pace] = {}
        # Proxies and .netrc of whoever starts the service are not the provider's business.
        self._client = httpx.AsyncClient(timeout=TIMEOUT_SECONDS, follow_redirects=False, trust_env=False)

    async def post(self, url: str, content: bytes, headers: Mapping[str, str]) -> bytes:
        """Post, and return the body of a 2xx answer. Raises DeliveryError for any other.

        BusyError over the server's rate, and while it wants to be left alone: its Retry-After counts for every message.
        """
        pace = self._pace_of(url)
        pace.take()
        async with _failures(), self._client.stream("POST", url, content=content, headers=dict(headers)) as answer:
            body = b""
            async for part in answer.aiter_bytes():
                body += part
                if len(body) > _LONGEST_BODY:
                    raise DeliveryError(f"{answer.status_code} with an endless body", permanent=False)
        if answer.is_success:
            return body
        retry_after = _seconds(answer.headers.get("retry-after"))
        if retry_after is not None:
            pace.rest(min(retry_after, LONGEST_REST))
        raise DeliveryError(
            f"{answer.status_code} {answer.reason_phrase}",
            permanent=answer.status_code < 500 and answer.status_code not in _TRY_AGAIN,
            retry_after=retry_after,
        )

    async def close(self) -> None:
        """Give back connections."""
        await self._client.aclose()

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
    """No connection, no answer, or none that is HTTP: it may pass. An address that is none will not."""
    try:
        yield
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise DeliveryError(f"not an address that can be posted to: {error}", permanent=True) from error
    except httpx.HTTPError as error:
        raise DeliveryError(f"{type(error).__name__}: {error}", permanent=False, away=True) from error


def _seconds(retry_after: str | None) -> float | None:
    return float(retry_after) if retry_after is not None and retry_after.isdigit() else None


def number_of(answer: Mapping[str, Any], name: str) -> int:
    """A result code that some providers write as a number and some as a text. Raises DeliveryError for neither."""
    try:
        return int(answer[name])
    except (KeyError, TypeError, ValueError) as error:
        raise DeliveryError(f"an answer without {name}", permanent=False) from error
