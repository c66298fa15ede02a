"""One request and its answer, as ASGI."""

import asyncio
from typing import Protocol

import structlog
from starlette.types import ASGIApp, Message, Scope

from shared.http.answer import Answer

HELD_BYTES = 64 * 1024  # of a body that its application has not taken yet; then the client waits
log = structlog.get_logger()


class Wire(Protocol):
    """The connection of an exchange."""

    def write(self, data: bytes) -> None:
        """Send."""
        ...

    async def writable(self) -> None:
        """Wait while the client takes what was sent too slowly."""
        ...

    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """Return the headers of every answer."""
        ...

    def whole(self) -> bool:
        """Tell whether the request has come whole and another may follow: else its answer is the connection's last."""
        ...

    def taken(self) -> None:
        """Continue reading: the application has taken what came of the body."""
        ...

    def ended(self) -> None:
        """End the exchange: the answer is out, or nothing of it will come any more."""
        ...


class Exchange:
    """What the application reads the body from, and writes the answer to.

    A body that breaks off (its framing, its time) is told as `http.disconnect`, and the answer still goes out: only the
    application knows what it took. Where the client is gone, the answer goes nowhere.
    """

    __slots__ = (
        "_arrived", "_broken", "_expects_continue", "_gone", "_parts", "_size", "_whole", "_wire", "answer", "scope",
    )  # fmt: skip

    def __init__(self, wire: Wire, scope: Scope, answer: Answer, *, expects_continue: bool) -> None:
        self._wire = wire
        self._arrived = asyncio.Event()
        self._parts: list[bytes] = []
        self._size = 0
        self._whole = self._broken = self._gone = False
        self._expects_continue = expects_continue
        self.scope = scope
        self.answer = answer

    @property
    def full(self) -> bool:
        """Whether more of the body has come than the application has taken."""
        return self._size > HELD_BYTES

    def feed(self, part: bytes) -> None:
        """Take a part of the body."""
        if part and not self.answer.complete:
            self._expects_continue = False
            self._parts.append(part)
            self._size += len(part)
            self._arrived.set()

    def end(self) -> None:
        """Note that the body is whole."""
        self._whole = True
        self._arrived.set()

    def break_off(self) -> None:
        """Note that nothing more of the body will come."""
        self._broken = True
        self._arrived.set()

    def lose(self) -> None:
        """Note that the client is gone."""
        self._gone = True
        self.break_off()

    async def run(self, app: ASGIApp) -> None:
        """Run the application, and tell the connection how it ended, whatever it raised."""
        try:
            await app(self.scope, self._receive, self._send)
        except Exception as error:  # the client gets an answer and the service goes on
            log.error("http.crashed", error=type(error).__name__, exc_info=error)
        finally:
            if not self.answer.complete and not self._gone:
                self._wire.ended()

    async def _receive(self) -> Message:
        if self._expects_continue and not self.answer.started:
            self._expects_continue = False
            self._wire.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        if not self._broken and not self.answer.complete:
            await self._arrived.wait()
            self._arrived.clear()
        if self._broken or self.answer.complete:
            self._arrived.set()  # for whoever else waits
            return {"type": "http.disconnect"}
        body = b"".join(self._parts)
        self._parts.clear()
        self._size = 0
        if not self._whole:
            self._wire.taken()
        return {"type": "http.request", "body": body, "more_body": not self._whole}

    async def _send(self, message: Message) -> None:
        await self._wire.writable()
        if self._gone:
            return
        answer = self.answer
        if message["type"] == "http.response.start" and not answer.started:
            data = answer.start(message, self._wire.default_headers(), closes=not self._wire.whole())
        elif message["type"] == "http.response.body" and answer.started and not answer.complete:
            data = answer.part(message.get("body", b""), more=message.get("more_body", False))
        else:
            raise RuntimeError(f"not the time for the message {message['type']!r}")
        if data:
            self._wire.write(data)
        if answer.complete:
            self._arrived.set()
            self._wire.ended()
