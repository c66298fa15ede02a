"""`kip up` as a person runs it, for tests that look at what it prints, starts and serves."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

from tests.local.leftovers import wait_until_none


class Up:
    """One `kip up` from a folder that isn't the project's, at a simulated time or (None) on the machine's clock."""

    def __init__(self, folder: Path, clock: str | None) -> None:
        self.run_dir = folder / "run folder"
        self._printed = folder / "printed"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("KIP_")}
        environment |= {"PYTHONUNBUFFERED": "1"} | ({"KIP_CLOCK": clock} if clock else {})
        with self._printed.open("w") as printed:
            self.process = subprocess.Popen(
                [Path(sys.executable).with_name("kip"), "up", "--run-dir", self.run_dir.name],
                cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=printed, stderr=printed,
            )  # fmt: skip

    @property
    def text(self) -> str:
        """All that it printed so far."""
        return self._printed.read_text()

    def wait_for(self, pattern: str, times: int = 1) -> str:
        """Wait until it printed that so often; the last such piece."""
        deadline = time.monotonic() + 300
        while len(found := re.findall(pattern, self.text)) < times:
            assert self.process.poll() is None, self.text
            assert time.monotonic() < deadline, f"not printed {times} times: {pattern}\n{self.text}"
            time.sleep(0.05)
        return str(found[-1])

    def settings(self) -> dict[str, str]:
        """What a shell gets that does what the last line of the banner says."""
        line = self.wait_for(r"For kip in another terminal: (.*)")
        script = f"set -eu; {line}; env -0"
        environment = {"PATH": os.environ["PATH"]}
        done = subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True, check=True)
        pairs = (pair.partition("=") for pair in done.stdout.split("\0"))
        return {name: value for name, _, value in pairs if name.startswith("KIP_")}

    def one(self, *words: str) -> psutil.Process:
        """The process of this run whose command line has these words; reapers, which name them too, left out."""
        found = {}
        for process in psutil.Process(self.process.pid).children(recursive=True):
            with contextlib.suppress(psutil.NoSuchProcess):
                line = " ".join(process.cmdline())
                if all(word in line for word in words) and "reaper.py" not in line:
                    found[process.pid] = process
        return found[min(found)]

    def stop(self) -> None:
        """Stop it, and wait until nothing of it is left."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(120)
        wait_until_none(self.run_dir)
