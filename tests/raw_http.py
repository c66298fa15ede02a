"""HTTP over a bare socket: what no client library would ever send, and what then comes back, byte by byte."""

import re
import socket
from collections.abc import Iterable
from typing import NamedTuple

PATIENCE = 60.0  # a hang's bound


class Answer(NamedTuple):
    """One answer: its status, its headers by name in lower case, its body."""

    status: int
    headers: dict[str, str]
    body: bytes


class Raw:
    """One connection to a port of this machine."""

    def __init__(self, port: int, *, receive_buffer: int | None = None) -> None:
        self.socket = socket.socket()
        if receive_buffer is not None:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(PATIENCE)
        self.socket.connect(("127.0.0.1", port))
        self._come = b""

    def __enter__(self) -> "Raw":
        return self

    def __exit__(self, *_: object) -> None:
        self.socket.close()

    def send(self, *pieces: bytes) -> "Raw":
        """Send."""
        for piece in pieces:
            self.socket.sendall(piece)
        return self

    def all(self) -> bytes:
        """Everything that comes until the other side ends. A reset is a failure."""
        parts = [self._come]
        self._come = b""
        while part := self.socket.recv(65_536):
            parts.append(part)
        return b"".join(parts)

    def answer(self, method: str = "GET") -> Answer:
        """The next answer, of those whose length is said."""
        while b"\r\n\r\n" not in self._come:
            self._more()
        head, _, rest = self._come.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = 0 if method == "HEAD" else int(headers.get("content-length", "0"))
        self._come = rest
        while len(self._come) < length:
            self._more()
        body, self._come = self._come[:length], self._come[length:]
        assert first.startswith("HTTP/1.1 "), first
        return Answer(int(first.split(" ")[1]), headers, body)

    def _more(self) -> None:
        part = self.socket.recv(65_536)
        assert part, f"the connection ended after {self._come!r}"
        self._come += part


def request(method: str, path: str, *headers: str, body: bytes = b"", host: str = "Host: x") -> bytes:
    """A request; `headers` as whole lines. A body gets its Content-Length."""
    lines = [f"{method} {path} HTTP/1.1", host, *headers, *([f"Content-Length: {len(body)}"] if body else [])]
    return "\r\n".join([line for line in lines if line]).encode() + b"\r\n\r\n" + body


def answers_in(came: bytes) -> list[int]:
    """The statuses of all answers in what came."""
    return [int(status) for status in re.findall(rb"HTTP/1\.1 (\d{3}) ", came)]


def in_chunks(parts: Iterable[bytes], trailer: bytes = b"") -> bytes:
    """A chunked body."""
    return b"".join(b"%x\r\n%b\r\n" % (len(part), part) for part in parts) + b"0\r\n" + trailer + b"\r\n"
