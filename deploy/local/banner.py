"""Prints where the parts of a run are, for the person who started it."""

import shlex
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.panel import Panel

WIDTH = 132
HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


def make_console() -> Console:
    """Open a console as wide as the terminal, or wide enough for the tables where there is none."""
    console = Console()
    return console if console.is_terminal else Console(width=WIDTH)


def show_addresses(
    out: Console, urls: Mapping[str, str], run_dir: Path, settings: Path, now: datetime | None, keys: Path | None
) -> None:
    """Print where to look further, and what time it is in this run: `now` on its simulated clock, None where that is
    real.
    """
    lines = [f"{name:<14} {url}" for name, url in urls.items()]
    lines += [f"{'letters':<14} {run_dir / 'mail'}", f"{'logs':<14} {run_dir / 'logs'}"]
    lines.append(f"{'settings':<14} {settings}")
    if keys is not None:
        lines.append(f"{'keys':<14} {keys}")
    clock = f"simulated date {now.astimezone(HANOI):%d/%m/%Y %H:%M} in Việt Nam" if now else "the machine's own clock"
    out.print(Panel("\n".join(lines), title=f"Kịp runs · {clock}", title_align="left", highlight=False))
    kip = f"set -a; . {shlex.quote(str(settings))}; set +a"  # in one piece, outside the panel: to be copied
    out.print(f"For kip in another terminal: {kip}", highlight=False, markup=False, soft_wrap=True)
