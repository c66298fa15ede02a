"""An application behind our protocol, in a thread of the test's process."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.types import ASGIApp

from shared.http.connection import http_protocol
from shared.http.connections import Limits


@contextmanager
def serving(app: ASGIApp, limits: Limits) -> Iterator[uvicorn.Server]:
    """The server, on a free port of this machine, for as long as the block lasts. It has to end by itself."""
    config = uvicorn.Config(
        app, http=http_protocol(limits), ws="none", loop="uvloop", lifespan="off", log_level="warning",
        proxy_headers=False, timeout_graceful_shutdown=10,
    )  # fmt: skip
    running = uvicorn.Server(config)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        config.port = listening.getsockname()[1]
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
        thread.start()
        while not running.started:
            threading.Event().wait(0.01)
        try:
            yield running
        finally:
            running.should_exit = True
            thread.join(30)
            assert not thread.is_alive()
