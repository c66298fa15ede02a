"""What the audit says, with a database that answers in OSV's format, and with none."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from deploy.checks.advisories import audit
from deploy.local.ports import LOOPBACK, free_port


class Database(HTTPServer):
    """Knows of the packages in `weak` that they are weak; remembers who was asked about."""

    weak: frozenset[str] = frozenset()
    asked: set[str]


class Handler(BaseHTTPRequestHandler):
    server: Database

    def do_POST(self) -> None:
        queries = json.loads(self.rfile.read(int(self.headers["content-length"])))["queries"]
        names = [query["package"]["name"] for query in queries]
        self.server.asked.update(names)
        known = {"vulns": [{"id": "PYSEC-1", "modified": "2026-01-01T00:00:00Z"}]}
        self._answer({"results": [known if name in self.server.weak else {} for name in names]})

    def do_GET(self) -> None:
        self._answer({"id": "PYSEC-1", "modified": "2026-01-01T00:00:00Z", "summary": "made up", "affected": []})

    def _answer(self, body: dict[str, Any]) -> None:
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002 - http.server's name
        """Say nothing."""


@pytest.fixture
def database() -> Iterator[Database]:
    server = Database((LOOPBACK, 0), Handler)
    server.asked = set()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_what_is_shipped_is_asked_about_and_what_only_developers_have_is_not(database: Database) -> None:
    assert audit("--service-url", f"http://{LOOPBACK}:{database.server_port}/") == (0, "")
    assert {"aio-pika", "asyncpg", "starlette"} <= database.asked
    assert not database.asked & {"pytest", "mypy", "ruff"}


def test_a_weakness_is_a_fault_and_is_named(database: Database) -> None:
    database.weak = frozenset({"asyncpg"})
    code, said = audit("--service-url", f"http://{LOOPBACK}:{database.server_port}/")
    assert code == 1
    assert "asyncpg" in said
    assert "PYSEC-1" in said


def test_without_the_database_nothing_is_claimed() -> None:
    code, said = audit("--service-url", f"http://{LOOPBACK}:{free_port()}/")
    assert code == 0
    assert said.startswith("uv.lock: not audited, the database of advisories can't be asked (")
