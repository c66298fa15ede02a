"""`make run` and `make demo`: the whole system on one machine, with a made-up year played through it.

`python -m deploy.local.run [--check] [--run-dir .run]`. Broker and database are private to the run's folder unless
KIP_AMQP_URL or KIP_DATABASE_URL name others; the mailbox is always ours: the sample's addresses must reach nobody.
What ends by itself is started again while the run stays up.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from deploy.local.demo_data import DemoData, make_data
from deploy.local.demo_figures import compare_figures
from deploy.local.demo_kip import Kip
from deploy.local.demo_mail import compare_letters
from deploy.local.demo_play import Play
from deploy.local.demo_questions import Oracle
from deploy.local.demo_show import make_console, show_addresses, show_compared, show_figures, show_letters
from deploy.local.fresh import empty_run_folder
from deploy.local.lock import RunFolderBusyError
from deploy.local.processes import PROJECT, StartError, exit_on_signals
from deploy.local.restarts import kept_running
from deploy.local.run_clock import simulated_now
from deploy.local.services import Services, bring_up
from deploy.local.settings_file import SettingsFile, check_settings
from deploy.local.stack import LocalStack
from sample.schedule import START
from sample.scope import READER
from shared.config import SettingsError

RUN_DIR = PROJECT / ".run"
PLACE_SECONDS = 1.0  # between two looks whether the place of the settings has become free
NOTICE = "The figures of this year are MADE UP (seed {seed}); the places are real, and take no part in it."


@dataclass(frozen=True, slots=True)
class Wish:
    """What to run: with the made-up year, and whether to check it and end."""

    run_dir: Path
    sample: bool
    check: bool


@dataclass(frozen=True, slots=True)
class _Run:
    """What is up, and where it is told."""

    stack: LocalStack
    services: Services
    settings: SettingsFile
    out: Console
    say: Callable[[str], None]


def run(wish: Wish) -> int:
    """Run it; the exit code is 0 only if all went well. Nothing that was started is left behind."""
    out, started = make_console(), time.monotonic()

    def say(text: str) -> None:
        # Not wrapped: a path and a line of a log stay in one piece.
        out.print(f"{time.monotonic() - started:6.1f} s  {text}", highlight=False, markup=False, soft_wrap=True)

    try:
        check_settings(os.environ)
        if wish.check:
            empty_run_folder(wish.run_dir)
        with exit_on_signals(), _stack(wish, say) as stack:
            services = bring_up(stack, settings={"KIP_CLOCK": START.isoformat()} if wish.sample else {})
            settings = SettingsFile(stack.run_dir, services.environment)
            try:
                code = _with_services(wish, _Run(stack, services, settings, out, say))
            finally:
                settings.release()
    except (SettingsError, StartError, RunFolderBusyError, OSError) as error:
        out.print(f"{error}", style="red", highlight=False, markup=False, soft_wrap=True)
        return 1
    except KeyboardInterrupt:
        return 0 if not wish.check else 130
    if wish.check:
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
    """A variable, or what stands in the file that `<name>_FILE` names; None without either."""
    if (value := os.environ.get(name)) or not (path := os.environ.get(f"{name}_FILE")):
        return value or None
    return Path(path).read_text(encoding="utf-8").strip()


def _with_services(wish: Wish, run: _Run) -> int:
    run.settings.take_place()
    if wish.check:
        return _sample_year(wish, run)
    with kept_running([*run.stack.parts(), *run.services.parts()], run.say) as watch:
        if wish.sample:
            _sample_year(wish, run)
        else:
            _show_addresses(run, keys=None)
        return _stay(run, watch)


def _sample_year(wish: Wish, run: _Run) -> int:
    """Play it, where that is not done yet, and show it; the exit code is that of the check."""
    data, out, services = make_data(), run.out, run.services
    folder = run.stack.run_dir / "sample"
    database_url = services.environment["KIP_DATABASE_URL"]
    play = Play(data, Kip(services.environment), database_url, services.url("intake"), folder, run.say)
    if wish.check and play.begun():
        raise StartError("the database holds a sample year already: the check needs an empty one")
    keys = play.keys()
    if not play.fed():
        out.print(NOTICE.format(seed=data.year.seed), style="bold yellow", highlight=False)
        play.feed(keys)
    show_figures(out, services.url("aggregation"), keys[READER], data.programme)
    show_letters(out, run.stack.mail_dir, data.programme)
    code = _check(data, run, keys[READER]) if wish.check else 0
    out.print(NOTICE.format(seed=data.year.seed), style="bold yellow", highlight=False)
    if not wish.check:  # a check ends here, and its addresses with it
        _show_addresses(run, keys=folder / "keys.json")
    return code


def _check(data: DemoData, run: _Run, key: str) -> int:
    """Compare every figure and every line of every letter."""
    run.say("comparing the figures of every level with the generator's own tally")
    questions = Oracle(data.programme, data.scope, data.tally).questions()
    figures = asyncio.run(compare_figures(run.services.url("aggregation"), key, questions))
    lines = compare_letters(data.letters, run.stack.mail_dir, data.programme)
    show_compared(run.out, f"figures in {figures.requests:,} answers of the read API", figures)
    show_compared(run.out, f"lines in {lines.requests:,} letters", lines)
    run.services.check_alive()
    return 0 if figures.right and lines.right else 1


def _show_addresses(run: _Run, keys: Path | None) -> None:
    urls = {name: run.services.url(name) for name in run.services.ports}
    now = simulated_now(run.stack.database_url)
    show_addresses(run.out, urls, run.stack.run_dir, run.settings.path, now, keys)


def _stay(run: _Run, watch: "Future[None]") -> int:
    """Until Ctrl-C, or an error that ended the watch over services and servers."""
    run.out.print("Ctrl-C stops everything that was started here.")
    while True:
        if wait([watch], timeout=PLACE_SECONDS).done:
            watch.result()
        if run.settings.take_place():  # another run had it, and has ended
            run.say(f"this run's settings are in {run.settings.path} now")


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description="the whole system on this machine, with a made-up year")
    parser.add_argument("--check", action="store_true", help="check the figures and the letters, and end")
    parser.add_argument("--run-dir", type=Path, help=f"where everything is kept (default {RUN_DIR.name}/)")
    arguments = parser.parse_args()
    usual = RUN_DIR / "demo" if arguments.check else RUN_DIR
    return run(Wish(arguments.run_dir or usual, sample=True, check=arguments.check))


if __name__ == "__main__":
    sys.exit(main())
