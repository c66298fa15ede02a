"""A request's whole body in memory: bounded in size and time, and all bodies of a service together."""

import asyncio
from collections import Counter
from dataclasses import dataclass

from starlette.requests import Request

from shared.http.words import LimitWords

# Why a body isn't taken: HTTP status and stable code.
BODY_ERRORS: dict[LimitWords, tuple[int, str]] = {
    LimitWords.BROKE_OFF: (400, "unreadable"),
    LimitWords.TOO_SLOW: (408, "too_slow"),
    LimitWords.TOO_LARGE: (413, "too_large"),
    LimitWords.TOO_MANY: (503, "unavailable"),
}


class BodyError(Exception):
    """The body isn't taken: HTTP status, stable code, and what was expected."""

    def __init__(self, reason: LimitWords, **values: object) -> None:
        self.reason = reason
        self.status, self.error = BODY_ERRORS[reason]
        self.words = reason.value.filled(**values)
        super().__init__(self.words.en)


class Memory:
    """Bytes of request bodies that are held at this moment, bounded over all requests.

    Of the `limit`, one sender may hold `share`, so that no key alone can keep everybody else's bodies out.
    """

    def __init__(self, limit: int, share: int) -> None:
        self._limit = limit
        self._share = share
        self._held_by: Counter[str] = Counter()
        self.held = 0

    def take(self, size: int, sender: str) -> bool:
        """Hold `size` bytes more for a sender; False when there is no room."""
        if self.held + size > self._limit or self._held_by[sender] + size > self._share:
            return False
        self.held += size
        self._held_by[sender] += size
        return True

    def give_back(self, size: int, sender: str) -> None:
        """Hold `size` bytes less."""
        self.held -= size
        self._held_by[sender] -= size
        if not self._held_by[sender]:
            del self._held_by[sender]


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """Most bytes of one body, seconds in which all of it has to arrive, room for all bodies under way, whose it is."""

    most_bytes: int
    seconds: float
    memory: Memory
    sender: str = ""


class HeldBody:
    """`async with HeldBody(request, limits) as body`: the body, held in memory for as long as the block lasts.

    Raises BodyError: 413 as soon as it passes its limit, 408 when it takes too long, 503 when all bodies together are
    too many, 400 where it breaks off.
    """

    __slots__ = ("_chunks", "_limits", "_request", "_size")

    def __init__(self, request: Request, limits: BodyLimits) -> None:
        self._request = request
        self._limits = limits
        self._chunks: list[bytes] = []
        self._size = 0

    async def __aenter__(self) -> bytes:
        declared = self._request.headers.get("content-length", "")
        if declared.isdigit() and int(declared) > self._limits.most_bytes:
            raise self._too_large()
        try:
            await self._read()
        except BaseException:
            await self.__aexit__()
            raise
        body = b"".join(self._chunks)
        self._chunks.clear()  # or the body is held twice, and counted once
        return body

    async def __aexit__(self, *_: object) -> None:
        self._limits.memory.give_back(self._size, self._limits.sender)

    async def _read(self) -> None:
        seconds = self._limits.seconds
        try:
            async with asyncio.timeout(seconds):
                more = True
                while more:
                    message = await self._request.receive()
                    if message["type"] == "http.disconnect":
                        raise BodyError(LimitWords.BROKE_OFF)
                    self._hold(message.get("body", b""))
                    more = message.get("more_body", False)
        except TimeoutError:
            raise BodyError(LimitWords.TOO_SLOW, seconds=f"{seconds:g}") from None

    def _hold(self, chunk: bytes) -> None:
        if self._size + len(chunk) > self._limits.most_bytes:
            raise self._too_large()
        if not self._limits.memory.take(len(chunk), self._limits.sender):
            raise BodyError(LimitWords.TOO_MANY)
        self._size += len(chunk)
        self._chunks.append(chunk)

    def _too_large(self) -> BodyError:
        return BodyError(LimitWords.TOO_LARGE, most=self._limits.most_bytes)
