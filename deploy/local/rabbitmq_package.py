"""Where the system's RabbitMQ is, and its installation by apt where it is absent.

The variable KIP_RABBITMQ_SERVER names the start script of another one, such as that of a release's own archive.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

from deploy.local import apt
from deploy.local.processes import StartError

# Debian's own wrapper in /usr/sbin switches user and folder; the script behind it is what a private broker needs.
SERVER_SCRIPTS = (Path("/usr/lib/rabbitmq/bin/rabbitmq-server"), Path("/opt/rabbitmq/sbin/rabbitmq-server"))
CHOICE = "KIP_RABBITMQ_SERVER"
CURE = (
    "install RabbitMQ (Debian, Ubuntu: sudo apt-get install rabbitmq-server), or set KIP_AMQP_URL to a broker of yours"
)


def server_script(report: Callable[[str], None]) -> Path:
    """Find the script that starts a broker; install the package when there is none."""
    script = find_server_script()
    if script is None:
        install(report)
        script = find_server_script()
    if script is None:
        raise StartError(f"RabbitMQ was installed, but its start script was not found: {CURE}")
    return script


def find_server_script() -> Path | None:
    """Find the script that starts a broker; None where RabbitMQ is not installed."""
    if chosen := os.environ.get(CHOICE):
        if not os.access(chosen, os.X_OK):
            raise StartError(f"{CHOICE}: expected the path of a program, got {chosen}")
        return Path(chosen).absolute()  # it is started in the run's folder
    for script in SERVER_SCRIPTS:
        if script.exists():
            return script
    found = shutil.which("rabbitmq-server")
    return Path(found).resolve() if found and not Path(found).is_relative_to("/usr/sbin") else None


def install(report: Callable[[str], None]) -> None:
    """Install the package without starting a broker; `StartError` says what to do where that is impossible."""
    apt.install("rabbitmq-server", "RabbitMQ", CURE, report)
