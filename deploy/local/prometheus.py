"""A private Prometheus: the system's package with a configuration, a port and data of its own."""

from pathlib import Path
from typing import Any

import httpx

from deploy.local.http import LOCAL
from deploy.local.ports import LOOPBACK, free_port
from deploy.local.processes import Command, Process, Supervisor, wait_until
from deploy.local.prometheus_package import program

START_SECONDS = 60.0


class Prometheus:
    """Runs on a configuration file, keeps its data in `<run_dir>/prometheus`, and answers queries."""

    def __init__(self, supervisor: Supervisor, configuration: Path) -> None:
        self.url = f"http://{LOOPBACK}:{free_port()}"
        self._supervisor = supervisor
        self._configuration = configuration
        self._process: Process | None = None

    def start(self) -> None:
        """Start and wait until it is ready."""
        argv = [
            str(program("prometheus", lambda _: None)),
            f"--config.file={self._configuration}",
            f"--storage.tsdb.path={self._supervisor.run_dir / 'prometheus'}",
            f"--web.listen-address={self.url.removeprefix('http://')}",
        ]
        self._process = self._supervisor.start(Command("prometheus", argv))
        wait_until(self._ready, self._process, START_SECONDS)

    def stop(self) -> None:
        """Stop the server."""
        if self._process is not None:
            self._process.stop()

    def ask(self, path: str, **parameters: str) -> Any:
        """Return `data` of its HTTP API's answer to /api/v1/<path>."""
        answer = LOCAL.get(f"{self.url}/api/v1/{path}", params=parameters, timeout=10)
        answer.raise_for_status()
        return answer.json()["data"]

    def _ready(self) -> bool:
        try:
            return LOCAL.get(f"{self.url}/-/ready", timeout=2).is_success
        except httpx.HTTPError:
            return False
