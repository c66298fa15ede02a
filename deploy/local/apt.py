"""Installs a package of the system by apt, without starting the service that it may bring.

While the package is being set up, a policy file (the way that Debian provides) forbids every service start, and it is
taken away afterwards.
"""

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from deploy.local.processes import StartError

POLICY = Path("/usr/sbin/policy-rc.d")
POLICY_TEXT = "#!/bin/sh\nexit 101\n"
WITHOUT_QUESTIONS = "DEBIAN_FRONTEND=noninteractive"
INSTALL_SECONDS = 600


def install(package: str, name: str, cure: str, report: Callable[[str], None]) -> None:
    """Install `package` without starting anything; `StartError` says what to do where that is impossible.

    `name` is what people call it, `cure` the sentence that ends every error.
    """
    apt = shutil.which("apt-get")
    if apt is None:
        raise StartError(f"{name} is not installed and there is no apt-get here: {cure}")
    prefix = root_prefix()
    if prefix is None:
        raise StartError(f"{name} is not installed, and installing it needs root or sudo without a password: {cure}")
    report(f"installing {name} by apt-get (once)")
    environment = [*prefix, "/usr/bin/env", WITHOUT_QUESTIONS]
    wait_for_lock = ["-o", "DPkg::Lock::Timeout=120"]
    run([*environment, apt, *wait_for_lock, "update", "-q"], cure)
    with no_service_starts(prefix, POLICY, cure):
        run([*environment, apt, *wait_for_lock, "install", "-qy", "--no-install-recommends", package], cure)


def root_prefix() -> list[str] | None:
    """Find the words that make a command run as root, or None."""
    if os.geteuid() == 0:
        return []
    sudo = shutil.which("sudo")
    if sudo and subprocess.run([sudo, "-n", "true"], check=False, capture_output=True).returncode == 0:  # noqa: S603
        return [sudo, "-n"]
    return None


@contextlib.contextmanager
def no_service_starts(prefix: Sequence[str], policy: Path, cure: str) -> Iterator[None]:
    """Forbid service starts by packages; a policy that the machine has already is left alone and decides."""
    if policy.exists():
        yield
        return
    run([*prefix, "/usr/bin/tee", str(policy)], cure, POLICY_TEXT)
    try:
        run([*prefix, "/bin/chmod", "755", str(policy)], cure)
        yield
    finally:
        run([*prefix, "/bin/rm", "-f", str(policy)], cure)


def run(argv: Sequence[str], cure: str, text: str | None = None) -> None:
    """Run one command to its end, with `text` as its input; `StartError` with its last words when it fails."""
    try:
        done = subprocess.run(  # noqa: S603 - fixed commands
            argv, check=False, capture_output=True, text=True, input=text, timeout=INSTALL_SECONDS
        )
    except subprocess.TimeoutExpired:
        raise StartError(f"{' '.join(argv)} did not end within {INSTALL_SECONDS} s: {cure}") from None
    if done.returncode != 0:
        raise StartError(f"{' '.join(argv)} failed:\n{(done.stderr or done.stdout)[-2000:]}\n{cure}")
