"""uvicorn's HTTP protocol with bounds on a request's head: its size, and the time in which it has to arrive."""

import asyncio
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.corked import CorkedTransport

HEAD_BYTES = 32 * 1024
HEAD_SECONDS = 10.0
_REASON = b'{"error":"head_too_large","message":"expected at most %d bytes"}' % HEAD_BYTES
_REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nConnection: close\r\nContent-Type: application/json\r\n"
    b"Content-Length: %d\r\n\r\n%b" % (len(_REASON), _REASON)
)


class BoundedHttp(HttpToolsProtocol):
    """Closes a connection whose request head is too large (431) or too slow: neither memory nor a socket is held."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._in_head = True
        self._head_bytes = 0  # of the segments that the head took up whole
        self._begun_in = 0  # the size of the segment in which it began, behind something else
        self._arriving = 0
        self._head_timer: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The first head is due."""
        super().connection_made(CorkedTransport(cast("asyncio.Transport", transport), self.loop))
        self._head_timer = self.loop.call_later(HEAD_SECONDS, self._close)

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing is due any more."""
        self._head_arrived()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Count what comes before the end of the head; the parser keeps it all in memory until then."""
        self._arriving = len(data)
        if self._in_head:
            self._head_bytes += self._arriving
        super().data_received(data)
        if not self._in_head:
            return
        if self._head_bytes > HEAD_BYTES:
            self._refuse()
        elif self._head_timer is None:  # a further head, of which the rest has yet to come
            self._head_timer = self.loop.call_later(HEAD_SECONDS, self._close)

    def on_message_begin(self) -> None:
        """A further request on the connection."""
        super().on_message_begin()
        if not self._in_head:
            self._in_head = True
            self._head_bytes, self._begun_in = 0, self._arriving

    def on_headers_complete(self) -> None:
        """The head is there. Too large and all at once, it is refused before anything runs."""
        self._head_arrived()
        # The segments that it came in bound it: few heads have to be measured.
        if self._begun_in + self._head_bytes > HEAD_BYTES and self._measured() > HEAD_BYTES:
            self._refuse()
            raise ValueError("the head is too large")
        super().on_headers_complete()

    def send_400_response(self, msg: str) -> None:
        """Unless the connection was refused already."""
        if not self.transport.is_closing():
            super().send_400_response(msg)

    def _measured(self) -> int:
        return sum(len(name) + len(value) for name, value in self.headers) + len(self.url)

    def _head_arrived(self) -> None:
        self._in_head = False
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _refuse(self) -> None:
        if not self.transport.is_closing():
            self.transport.write(_REFUSAL)
            self._close()

    def _close(self) -> None:
        self.transport.close()
