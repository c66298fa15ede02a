"""A small HTTP server of the test's own that stands in for a service: scripted answers, and it remembers what came."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """One request."""

    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any


@dataclass(frozen=True)
class Answer:
    """What the server says; a status of 0 drops the connection without a word."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


@dataclass
class Door:
    """The running server."""

    url: str
    asked: list[Asked]

    @property
    def ids(self) -> list[str]:
        """The ids of all events that were posted, in order."""
        return [event["id"] for request in self.asked for event in request.body]


def accepted(asked: Asked) -> Answer:
    """Takes everything."""
    return Answer(202, {"accepted": len(asked.body), "rejected": []})


@contextmanager
def door(answer: Callable[[Asked], Answer] = accepted) -> Iterator[Door]:
    """Serve on a free port until the block ends."""
    asked: list[Asked] = []
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            self._serve(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

        def do_GET(self) -> None:
            self._serve(None)

        def _serve(self, body: Any) -> None:
            parts = urlsplit(self.path)
            with lock:
                asked.append(Asked(parts.path, dict(parse_qsl(parts.query)), dict(self.headers), body))
                said = answer(asked[-1])
            if said.status == 0:
                self.close_connection = True
                return
            content = json.dumps(said.body).encode()
            self.send_response(said.status)
            for name, value in {"Content-Type": "application/json", **said.headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield Door(f"http://127.0.0.1:{server.server_address[1]}", asked)
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
