"""Where the system's RabbitMQ is, and its installation by apt where it is absent.

Installing must not start a broker for the whole machine: while the package is being set up, a policy file (the way
that Debian provides) forbids every service start, and it is taken away afterwards.
"""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from deploy.local.processes import StartError

# Debian's own wrapper in /usr/sbin switches user and folder; the script behind it is what a private broker needs.
SERVER_SCRIPTS = (Path("/usr/lib/rabbitmq/bin/rabbitmq-server"), Path("/opt/rabbitmq/sbin/rabbitmq-server"))
POLICY = Path("/usr/sbin/policy-rc.d")
POLICY_TEXT = "#!/bin/sh\nexit 101\n"
WITHOUT_QUESTIONS = "DEBIAN_FRONTEND=noninteractive"
INSTALL_SECONDS = 600
CURE = (
    "install RabbitMQ (Debian, Ubuntu: sudo apt-get install rabbitmq-server), or set KIP_AMQP_URL to a broker of yours"
)


def server_script(report: Callable[[str], None]) -> Path:
    """The script that starts a broker; installs the package when there is none."""
    script = find_server_script()
    if script is None:
        install(report)
        script = find_server_script()
    if script is None:
        raise StartError(f"RabbitMQ was installed, but its start script was not found: {CURE}")
    return script


def find_server_script() -> Path | None:
    """The script that starts a broker, or None where RabbitMQ is not installed."""
    for script in SERVER_SCRIPTS:
        if script.exists():
            return script
    found = shutil.which("rabbitmq-server")
    return Path(found).resolve() if found and not Path(found).is_relative_to("/usr/sbin") else None


def install(report: Callable[[str], None]) -> None:
    """Install the package without starting a broker; `StartError` says what to do where that is impossible."""
    apt = shutil.which("apt-get")
    if apt is None:
        raise StartError(f"RabbitMQ is not installed and there is no apt-get here: {CURE}")
    prefix = _root_prefix()
    if prefix is None:
        raise StartError(f"RabbitMQ is not installed, and installing it needs root or sudo without a password: {CURE}")
    report("installing RabbitMQ by apt-get (once)")
    environment = [*prefix, "/usr/bin/env", WITHOUT_QUESTIONS]
    wait_for_lock = ["-o", "DPkg::Lock::Timeout=120"]
    _run([*environment, apt, *wait_for_lock, "update", "-q"])
    with _no_service_starts(prefix, POLICY):
        _run([*environment, apt, *wait_for_lock, "install", "-qy", "--no-install-recommends", "rabbitmq-server"])


def _root_prefix() -> list[str] | None:
    """The words that make a command run as root, or None."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], check=False, capture_output=True).returncode == 0:  # noqa: S603
        return [sudo, "-n"]
    return None


@contextlib.contextmanager
def _no_service_starts(prefix: Sequence[str], policy: Path) -> Iterator[None]:
    """Forbid service starts by packages; a policy that the machine has already is left alone and decides."""
    if policy.exists():
        yield
        return
    _run([*prefix, "/usr/bin/tee", str(policy)], POLICY_TEXT)
    try:
        _run([*prefix, "/bin/chmod", "755", str(policy)])
        yield
    finally:
        _run([*prefix, "/bin/rm", "-f", str(policy)])


def _run(argv: Sequence[str], text: str | None = None) -> None:
    try:
        done = subprocess.run(  # noqa: S603 - fixed commands
            argv, check=False, capture_output=True, text=True, input=text, timeout=INSTALL_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise StartError(f"{' '.join(argv)} did not end within {INSTALL_SECONDS} s: {CURE}") from None
    if done.returncode != 0:
        raise StartError(f"{' '.join(argv)} failed:\n{(done.stderr or done.stdout)[-2000:]}\n{CURE}")
