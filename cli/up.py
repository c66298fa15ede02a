"""`kip up`: the whole system on this machine, without the sample year."""

from pathlib import Path
from typing import Annotated

import typer

from deploy.local.run import RUN_DIR, Running, Wish, run

OWN_DIR = RUN_DIR / "up"  # apart from `make run`, whose clock is simulated


def up(
    run_dir: Annotated[Path, typer.Option(help="Where broker, database and mail are kept.")] = OWN_DIR,
) -> None:
    """Start broker, database, mailbox and the three services; stay until Ctrl-C, then stop what was started."""
    raise typer.Exit(run(Wish(run_dir), _show))


def _show(running: Running) -> int:
    running.show_addresses()
    return 0
