"""A client that sends each request in one piece, head and body, or in two."""

import http.client
import socket
import time
from collections.abc import Mapping
from typing import NamedTuple

PAUSE_SECONDS = 0.05


class Answer(NamedTuple):
    """Status, headers by name in lower case, body."""

    status: int
    headers: dict[str, str]
    body: bytes


class OnePiece:
    """One kept connection."""

    def __init__(self, port: int) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=30)

    def post(self, body: bytes, headers: Mapping[str, str], query: str = "", *, pieces: int = 1) -> Answer:
        """Post to `/v1/events`; with two pieces the head first, and the body when the server has read it.

        Raises OSError or http.client.HTTPException where the connection breaks.
        """
        self.send(body, headers, query, pieces=pieces)
        return self.answer()

    def send(self, body: bytes, headers: Mapping[str, str], query: str = "", *, pieces: int = 1) -> None:
        """Send as `post` does, and do not wait for the answer."""
        fields = {"Host": "127.0.0.1", **headers, "Content-Length": str(len(body))}
        lines = "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        head = f"POST /v1/events{query} HTTP/1.1\r\n{lines}\r\n".encode()
        if pieces == 1:
            self._socket.sendall(head + body)
        else:
            self._socket.sendall(head)
            time.sleep(PAUSE_SECONDS)
            self._socket.sendall(body)

    def answer(self) -> Answer:
        """The next answer."""
        answer = http.client.HTTPResponse(self._socket, method="POST")
        answer.begin()
        return Answer(answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read())

    def close(self) -> None:
        """Hang up."""
        self._socket.close()
