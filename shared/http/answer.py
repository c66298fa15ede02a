"""An answer as bytes, from ASGI's messages."""

from collections.abc import Sequence
from http import HTTPStatus

from starlette.types import Message

_BODILESS = frozenset({204, 304})
_STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_CLOSE = b"connection: close\r\n"


class Answer:
    """The answer to one request. `closes`: the connection ends with it.

    Head and body leave as one piece where the application gives the body's length: one system call, one packet.
    """

    __slots__ = ("_bodiless", "_chunked", "_head", "_left", "_version", "begun", "closes", "complete", "started")

    def __init__(self, method: str, version: str, *, closes: bool) -> None:
        self._bodiless = method == "HEAD"
        self._version = version
        self._head = b""
        self._chunked = False
        self._left: int | None = None  # bytes of the body that are to come, where their number was said
        self.closes = closes
        self.started = False  # the application has said the status
        self.begun = False  # and part of the answer is out
        self.complete = False

    def start(self, message: Message, defaults: Sequence[tuple[bytes, bytes]], *, closes: bool) -> bytes:
        """Take `http.response.start`; return what is to be sent now. `closes`: no further request may follow."""
        status: int = message["status"]
        lines = [_STATUS_LINES.get(status) or b"HTTP/1.1 %d \r\n" % status]
        self.closes |= closes
        for name, value in (*defaults, *message.get("headers", ())):
            if b"\n" in value or b"\r" in value or b"\0" in value:
                raise RuntimeError(f"a line break in the header {name!r}")
            match name.lower():
                case b"connection":
                    self.closes = True  # the only thing that ours ever say
                    continue
                case b"transfer-encoding":
                    continue  # said below
                case b"content-length":
                    self._left = int(value)
            lines.append(b"%b: %b\r\n" % (name, value))
        self._bodiless |= status in _BODILESS
        if self._bodiless:
            self._left = None
        elif self._left is None and self._version == "1.1":
            self._chunked = True
            lines.append(b"transfer-encoding: chunked\r\n")
        elif self._left is None:
            self.closes = True  # its end is the answer's
        if self.closes:
            lines.append(_CLOSE)
        self.started = True
        self._head = b"".join(lines) + b"\r\n"
        if not self._chunked:
            return b""
        self.begun = True  # a stream's first part may take its time
        return self._take_head()

    def part(self, body: bytes, *, more: bool) -> bytes:
        """Take `http.response.body`; return what is to be sent now. Raises RuntimeError where the length isn't as
        said.
        """
        if self._left is not None:
            self._left -= len(body)
            if self._left < 0 or (self._left and not more):
                raise RuntimeError("the answer is not as long as its Content-Length says")
        self.begun = True
        self.complete = not more
        if self._left is not None:
            return self._take_head() + body
        if self._chunked:
            chunk = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            return chunk if more else chunk + b"0\r\n\r\n"
        return self._take_head() + (b"" if self._bodiless else body)

    def _take_head(self) -> bytes:
        head, self._head = self._head, b""
        return head
