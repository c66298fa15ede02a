"""The mailbox of a run as a server beside the others: the program is `mailbox.py`."""

import sys
from pathlib import Path

from deploy.local.ports import LOOPBACK, can_reach, free_port
from deploy.local.processes import Command, Process, Supervisor, wait_until

START_SECONDS = 30.0


class MailServer:
    """An SMTP server that keeps what it gets in `folder`. A started port is kept over restarts."""

    def __init__(self, supervisor: Supervisor, folder: Path, *, preferred_port: int = 0) -> None:
        self.port = 0
        self._folder = folder
        self._preferred_port = preferred_port
        self._supervisor = supervisor
        self._process: Process | None = None

    @property
    def url(self) -> str:
        """`smtp://127.0.0.1:port`."""
        return f"smtp://{LOOPBACK}:{self.port}"

    @property
    def process(self) -> Process | None:
        """The running server, or the last one; None before the first start."""
        return self._process

    def start(self) -> None:
        """Start and wait until it takes connections."""
        if self._process is not None and self._process.running:
            return
        self.port = self.port or free_port(self._preferred_port)
        argv = [sys.executable, "-m", "deploy.local.mailbox", "--port", str(self.port), "--dir", str(self._folder)]
        process = self._process = self._supervisor.start(Command("mailbox", argv, grace=5.0))
        wait_until(lambda: can_reach(self.port), process, START_SECONDS)
