"""Where the system's Prometheus and promtool are, and their installation by apt where they are absent."""

import shutil
from collections.abc import Callable
from pathlib import Path

from deploy.local import apt
from deploy.local.processes import StartError

CURE = "install Prometheus (Debian, Ubuntu: sudo apt-get install prometheus)"


def program(name: str, report: Callable[[str], None]) -> Path:
    """Find `prometheus` or `promtool`; install Debian's package, which has both, when there is none."""
    found = shutil.which(name)
    if found is None:
        apt.install("prometheus", "Prometheus", CURE, report)
        found = shutil.which(name)
    if found is None:
        raise StartError(f"Prometheus was installed, but {name} was not found: {CURE}")
    return Path(found)
