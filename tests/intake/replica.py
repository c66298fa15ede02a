"""A second replica of intake beside a system's own, and a way to the database that can be cut for it alone."""

import contextlib
import os
import socket
import sys
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx

from deploy.local.http import LOCAL
from deploy.local.ports import free_port
from deploy.local.processes import Command
from deploy.local.stack import LocalStack
from tests.system import System


@contextlib.contextmanager
def second_intake(stack: LocalStack, system: System, **settings: str) -> Iterator[str]:
    """Run a second replica until the block ends; its address."""
    port = free_port(0)
    own = {
        **system.services.environment_of("intake"),
        **settings,
        "KIP_INTAKE_PORT": str(port),
        "PYTHONUNBUFFERED": "1",
    }
    environment = {name: value for name, value in own.items() if os.environ.get(name) != value}
    argv = [sys.executable, "-m", "services.intake"]
    process = stack.supervisor.start(Command(f"intake-{port}", argv, environment=environment, grace=30.0))
    url = f"http://127.0.0.1:{port}"
    try:
        system.wait_until(lambda: _ready(url), "the second replica is ready")
        yield url
    finally:
        process.stop()


def _ready(url: str) -> bool:
    with contextlib.suppress(httpx.TransportError):
        return LOCAL.get(f"{url}/readyz").status_code == 200
    return False


class Relay:
    """`with Relay(url) as relay:` passes connections on to the database, until `cut` or `freeze`."""

    def __init__(self, database_url: str) -> None:
        parts = urlsplit(database_url)
        self._to = (parts.hostname, parts.port)
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = [self._listening]
        self._far: list[socket.socket] = []
        self._frozen = False
        port = self._listening.getsockname()[1]
        self.url = database_url.replace(f"{parts.hostname}:{parts.port}", f"127.0.0.1:{port}")

    def __enter__(self) -> "Relay":
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.cut()

    def cut(self) -> None:
        """Break every connection and take no more."""
        for end in self._open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def freeze(self) -> None:
        """Be as a server that hangs, from the client's side: take connections and bytes, and say nothing any more.

        The server's side is let go of, as by a failover: nothing of its old sessions stays.
        """
        self._frozen = True
        for far in self._far:
            with contextlib.suppress(OSError):
                far.shutdown(socket.SHUT_RDWR)

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                near, _ = self._listening.accept()
                self._open.append(near)
                if self._frozen:
                    continue
                far = socket.create_connection(self._to)
                self._far.append(far)
                self._open.append(far)
                for ends in ((near, far), (far, near)):
                    threading.Thread(target=self._pump, args=ends, daemon=True).start()

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if not self._frozen:
                    sink.sendall(data)
        if not self._frozen:
            with contextlib.suppress(OSError):
                sink.shutdown(socket.SHUT_WR)
