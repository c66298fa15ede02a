"""Runs `kip` as a person at a terminal would: a process of its own, with the run's settings in its environment."""

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence

from deploy.local.processes import PROJECT, StartError

LONGEST_SECONDS = 120.0


class Kip:
    """The console command of one run."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = {**os.environ, **environment}

    def run(self, *words: str, key: str = "") -> str:
        """Run one command and return what it printed. Raises StartError with its own words when it fails."""
        return self.run_all([(words, key)])[0]

    def run_all(self, commands: Sequence[tuple[Sequence[str], str]]) -> list[str]:
        """Run several commands at once, each with the key that it uses; end all of them when one fails."""
        running = [self._start(words, key) for words, key in commands]
        try:
            return [self._finish(words, process) for (words, _), process in zip(commands, running, strict=True)]
        finally:
            for process in running:
                if process.poll() is None:
                    process.kill()
                    process.wait()

    def _start(self, words: Sequence[str], key: str) -> "subprocess.Popen[str]":
        return subprocess.Popen(  # noqa: S603 - our own command
            [sys.executable, "-m", "cli.main", *words],
            env={**self._environment, "KIP_KEY": key},
            cwd=PROJECT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def _finish(self, words: Sequence[str], process: "subprocess.Popen[str]") -> str:
        said = f"kip {' '.join(words)}"
        try:
            output, errors = process.communicate(timeout=LONGEST_SECONDS)
        except subprocess.TimeoutExpired:
            raise StartError(f"{said} did not end within {LONGEST_SECONDS:.0f} s") from None
        if process.returncode != 0:
            raise StartError(f"{said} failed with exit code {process.returncode}:\n{(errors or output).strip()}")
        return output
