"""`make run` and `make demo`: the whole system on one machine, with a made-up year played through it.

`python -m deploy.local.run [--check] [--run-dir .run]`. Broker and database are private to the run's folder unless
KIP_AMQP_URL or KIP_DATABASE_URL name others; the mailbox is always ours: the sample's addresses must reach nobody.
"""

import argparse
import asyncio
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from deploy.local.demo_data import DemoData, make_data
from deploy.local.demo_figures import compare_figures
from deploy.local.demo_kip import Kip
from deploy.local.demo_mail import compare_letters
from deploy.local.demo_play import Play
from deploy.local.demo_questions import Oracle
from deploy.local.demo_show import SETTINGS, make_console, show_addresses, show_compared, show_figures, show_letters
from deploy.local.fresh import empty_run_folder
from deploy.local.lock import RunFolderBusyError
from deploy.local.passwords import write_private
from deploy.local.processes import PROJECT, StartError, exit_on_signals
from deploy.local.services import Services, bring_up
from deploy.local.stack import LocalStack
from sample.schedule import START
from sample.scope import READER

RUN_DIR = PROJECT / ".run"
NOTICE = "The figures of this year are MADE UP (seed {seed}); the places are real, and take no part in it."


@dataclass(frozen=True, slots=True)
class Wish:
    """What to run: with the made-up year, and whether to check it and end."""

    run_dir: Path
    sample: bool
    check: bool


def run(wish: Wish) -> int:
    """Run it; the exit code is 0 only if all went well. Nothing that was started is left behind."""
    out, started = make_console(), time.monotonic()

    def say(text: str) -> None:
        out.print(f"{time.monotonic() - started:6.1f} s  {text}", highlight=False, markup=False)

    try:
        if wish.check:
            empty_run_folder(wish.run_dir)
        with exit_on_signals(), _stack(wish, say) as stack:
            services = bring_up(stack, settings={"KIP_CLOCK": START.isoformat()} if wish.sample else {})
            code = _with_services(wish, stack, services, out, say)
    except (StartError, RunFolderBusyError, OSError) as error:
        out.print(f"{error}", style="red", highlight=False, markup=False)
        return 1
    except KeyboardInterrupt:
        return 0 if not wish.check else 130
    if wish.check:
        say("stopped")
    return code


def _stack(wish: Wish, say: Callable[[str], None]) -> LocalStack:
    return LocalStack(
        wish.run_dir,
        amqp_url=os.environ.get("KIP_AMQP_URL") or None,
        database_url=os.environ.get("KIP_DATABASE_URL") or None,
        report=say,
    )


def _with_services(wish: Wish, stack: LocalStack, services: Services, out: Console, say: Callable[[str], None]) -> int:
    urls = {name: services.url(name) for name in services.ports}
    write_private(
        stack.run_dir / SETTINGS, "".join(f"{name}={value}\n" for name, value in services.environment.items())
    )
    if not wish.sample:
        show_addresses(out, urls, stack.run_dir, None, None)
        return _stay(services, out)
    data = make_data()
    folder = stack.run_dir / "sample"
    play = Play(data, Kip(services.environment), stack.database_url, services.url("intake"), folder, say)
    if wish.check and play.begun():
        raise StartError("the database holds a sample year already: the check needs an empty one")
    keys = play.keys()
    if not play.fed():
        out.print(NOTICE.format(seed=data.year.seed), style="bold yellow", highlight=False)
        play.feed(keys)
    show_figures(out, services.url("aggregation"), keys[READER], data.programme)
    show_letters(out, stack.mail_dir, data.programme)
    code = _check(data, services, stack, keys[READER], out, say) if wish.check else 0
    out.print(NOTICE.format(seed=data.year.seed), style="bold yellow", highlight=False)
    show_addresses(out, urls, stack.run_dir, play.now(), folder / "keys.json")
    return code if wish.check else _stay(services, out)


def _check(
    data: DemoData, services: Services, stack: LocalStack, key: str, out: Console, say: Callable[[str], None]
) -> int:
    """Compare every figure and every line of every letter."""
    say("comparing the figures of every level with the generator's own tally")
    questions = Oracle(data.programme, data.scope, data.tally).questions()
    figures = asyncio.run(compare_figures(services.url("aggregation"), key, questions))
    lines = compare_letters(data.letters, stack.mail_dir, data.programme)
    show_compared(out, f"figures in {figures.requests:,} answers of the read API", figures)
    show_compared(out, f"lines in {lines.requests:,} letters", lines)
    services.check_alive()
    return 0 if figures.right and lines.right else 1


def _stay(services: Services, out: Console) -> int:
    """Until Ctrl-C; StartError when a service ends although nobody asked it to."""
    out.print("Ctrl-C stops everything that was started here.")
    while True:
        services.check_alive()
        time.sleep(1)


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
