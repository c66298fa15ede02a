"""The whole system on this machine: brought up, watched, and ended with everything that it started.

Broker and database are private to the run's folder unless KIP_AMQP_URL or KIP_DATABASE_URL name others; the mailbox is
always ours, so that a trial reaches nobody. What ends by itself is started again while the run stays up.
"""

import os
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from rich.console import Console

from deploy.local.banner import make_console, show_addresses
from deploy.local.fresh import empty_run_folder
from deploy.local.lock import RunFolderBusyError
from deploy.local.processes import PROJECT, StartError, exit_on_signals
from deploy.local.restarts import kept_running
from deploy.local.run_clock import simulated_now
from deploy.local.services import Services, bring_up
from deploy.local.settings_file import SettingsFile, check_settings
from deploy.local.stack import LocalStack
from shared.runtime.config import SettingsError

RUN_DIR = PROJECT / ".run"
PLACE_SECONDS = 1.0  # between two looks whether the place of the settings has become free


@dataclass(frozen=True, slots=True)
class Wish:
    """Where everything is kept, at which simulated time the run begins (None: the machine's own), whether it stays.

    One that doesn't stay begins with an empty folder and ends when its work is done.
    """

    run_dir: Path
    clock: datetime | None = None
    stays: bool = True


@dataclass(frozen=True, slots=True)
class Running:
    """What is up, and where it is told."""

    stack: LocalStack
    services: Services
    settings: SettingsFile
    out: Console
    say: Callable[[str], None]

    def show_addresses(self, keys: Path | None = None) -> None:
        """Print where its parts are; `keys` is a file with keys of senders."""
        urls = {name: self.services.url(name) for name in self.services.ports}
        now = simulated_now(self.stack.database_url)
        show_addresses(self.out, urls, self.stack.run_dir, self.settings.path, now, keys)


def run(wish: Wish, work: Callable[[Running], int]) -> int:
    """Bring everything up and do the work; the exit code is 0 only if all went well. Nothing is left behind."""
    out, started = make_console(), time.monotonic()

    def say(text: str) -> None:
        # Not wrapped: a path and a line of a log stay in one piece.
        out.print(f"{time.monotonic() - started:6.1f} s  {text}", highlight=False, markup=False, soft_wrap=True)

    try:
        check_settings(os.environ)
        if not wish.stays:
            empty_run_folder(wish.run_dir)
        with exit_on_signals(), _stack(wish, say) as stack:
            services = bring_up(stack, settings={"KIP_CLOCK": wish.clock.isoformat()} if wish.clock else {})
            settings = SettingsFile(stack.run_dir, services.environment)
            try:
                code = _work(wish, Running(stack, services, settings, out, say), work)
            finally:
                settings.release()
    except (SettingsError, StartError, RunFolderBusyError, OSError) as error:
        out.print(f"{error}", style="red", highlight=False, markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return 0 if wish.stays else 130
    if not wish.stays:
        say("stopped")
    return code


def _stack(wish: Wish, say: Callable[[str], None]) -> LocalStack:
    return LocalStack(
        wish.run_dir,
        amqp_url=_given("KIP_AMQP_URL"),
        database_url=_given("KIP_DATABASE_URL"),
        report=say,
    )


def _given(name: str) -> str | None:
    """Read a variable, or the file that `<name>_FILE` names; None without either."""
    if (value := os.environ.get(name)) or not (path := os.environ.get(f"{name}_FILE")):
        return value or None
    return Path(path).read_text(encoding="utf-8").strip()


def _work(wish: Wish, running: Running, work: Callable[[Running], int]) -> int:
    running.settings.take_place()
    if not wish.stays:
        return work(running)
    with kept_running([*running.stack.parts(), *running.services.parts()], running.say) as watch:
        work(running)
        return _stay(running, watch)


def _stay(running: Running, watch: "Future[None]") -> int:
    """Wait for Ctrl-C, or for an error that ends the watch over services and servers."""
    running.out.print("Ctrl-C stops everything that was started here.")
    while True:
        if wait([watch], timeout=PLACE_SECONDS).done:
            watch.result()
        if running.settings.take_place():  # another run had it, and has ended
            running.say(f"this run's settings are in {running.settings.path} now")
