"""Where the system's Chromium is, for tests that drive a browser, and its installation by apt where it is absent.

The variable KIP_CHROMIUM names the program of another one.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from deploy.local import apt
from deploy.local.processes import StartError

PROGRAMS = ("chromium-headless-shell", "chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
CHOICE = "KIP_CHROMIUM"
CURE = (
    f"install Chromium (Debian: sudo apt-get install chromium-headless-shell), or set {CHOICE} to another one's program"
)


def program(report: Callable[[str], None]) -> Path:
    """Find the program; install the package when there is none. Raises StartError that says what to do."""
    found = find_program()
    if found is None:
        apt.install("chromium-headless-shell", "Chromium", CURE, report)
        found = find_program()
    if found is None:
        raise StartError(f"Chromium was installed, but its program was not found: {CURE}")
    return found


def find_program() -> Path | None:
    """Find the program; None where Chromium is not installed."""
    if chosen := os.environ.get(CHOICE):
        if not os.access(chosen, os.X_OK):
            raise StartError(f"{CHOICE}: expected the path of a program, got {chosen}")
        return Path(chosen)
    there = (shutil.which(name) for name in PROGRAMS)
    return next((Path(path) for path in there if path is not None), None)
