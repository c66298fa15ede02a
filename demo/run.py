"""`make run` and `make demo`: the whole system on this machine, with a made-up year played through it.

`python -m demo.run [--check] [--run-dir .run]`: see `deploy/local/run.py` for what is brought up.
"""

import argparse
import asyncio
import sys
from pathlib import Path

from demo.data import DemoData, make_data
from demo.figures import compare_figures
from demo.kip import Kip
from demo.late import Late
from demo.mail import compare_letters
from demo.play import Play
from demo.questions import Oracle
from demo.show import show_compared, show_figures, show_letters
from deploy.local.processes import StartError
from deploy.local.run import RUN_DIR, Running, Wish, run
from sample.schedule import START
from sample.scope import READER

NOTICE = "The figures of this year are MADE UP (seed {seed}); the places are real, and take no part in it."


def play_year(run: Running, *, check: bool) -> int:
    """Play it, where that is not done yet, and show it; the exit code is that of the check."""
    data, out, services = make_data(), run.out, run.services
    folder = run.stack.run_dir / "sample"
    database_url = services.environment["KIP_DATABASE_URL"]
    play = Play(data, Kip(services.environment), database_url, services.url("intake"), folder, run.say)
    if check and play.begun():
        raise StartError("the database holds a sample year already: the check needs an empty one")
    keys = play.keys()
    if not play.fed():
        out.print(NOTICE.format(seed=data.year.seed), style="bold yellow", highlight=False)
        play.feed(keys)
    show_figures(out, services.url("aggregation"), keys[READER], data.programme)
    show_letters(out, run.stack.mail_dir, data.programme)
    code = _check(data, run, play, keys[READER]) if check else 0
    out.print(NOTICE.format(seed=data.year.seed), style="bold yellow", highlight=False)
    if not check:  # a check ends here, and its addresses with it
        run.show_addresses(folder / "keys.json")
    return code


def _check(data: DemoData, run: Running, play: Play, key: str) -> int:
    """Compare every figure and every line of every letter; then hand a late report in, and compare what follows."""
    run.say("comparing the figures of every level with the generator's own tally")
    oracle = Oracle(data.programme, data.scope, data.tally)
    figures = asyncio.run(compare_figures(run.services.url("aggregation"), key, oracle.questions()))
    lines = compare_letters(data.letters, run.stack.mail_dir, data.programme)
    show_compared(run.out, f"figures in {figures.requests:,} answers of the read API", figures)
    show_compared(run.out, f"lines in {lines.requests:,} letters", lines)
    run.say("handing in what one commune has not: through the form, from the link in its letter")
    followed = Late(data, oracle, run, play, key).come()
    run.services.check_alive()
    return 0 if figures.right and lines.right and followed else 1


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description="the whole system on this machine, with a made-up year")
    parser.add_argument("--check", action="store_true", help="check the figures and the letters, and end")
    parser.add_argument("--run-dir", type=Path, help=f"where everything is kept (default {RUN_DIR.name}/)")
    arguments = parser.parse_args()
    check: bool = arguments.check
    usual = RUN_DIR / "demo" if check else RUN_DIR
    wish = Wish(arguments.run_dir or usual, clock=START, stays=not check)
    return run(wish, lambda running: play_year(running, check=check))


if __name__ == "__main__":
    sys.exit(main())
