"""`kip up`: the whole system on this machine, without the sample year."""

import asyncio
from pathlib import Path
from typing import Annotated

import asyncpg
import typer

from cli.current import as_it_stands
from deploy.local.run import RUN_DIR, Running, Wish, run
from shared.programme.model import Programme
from shared.registry import store
from shared.runtime.clock import SystemClock

OWN_DIR = RUN_DIR / "up"  # apart from `make run`, whose clock is simulated
NEXT = (
    ("kip source add my-app", "a key for an app that posts (docs/connect.md)"),
    ("kip source add my-board --read", "a key for one that reads"),
    ("kip officer import FILE", "who is reminded, and how they are reached (docs/officers.md)"),
    ("kip doctor", "what is still missing"),
)


def up(
    run_dir: Annotated[Path, typer.Option(help="Where broker, database and mail are kept.")] = OWN_DIR,
) -> None:
    """Start broker, database, mailbox and the four services; stay until Ctrl-C, then stop what was started."""
    raise typer.Exit(run(Wish(run_dir), _show))


def _show(running: Running) -> int:
    running.show_addresses()
    for line in asyncio.run(_programmes(running.stack.database_url)):
        running.out.print(line, highlight=False, markup=False, soft_wrap=True)
    for command, what in NEXT:
        running.out.print(f"  {command:<38} {what}", highlight=False, markup=False, soft_wrap=True)
    return 0


async def _programmes(database_url: str) -> list[str]:
    """Say of each programme that is loaded what it asks for now."""
    connection = await asyncpg.connect(database_url, timeout=10)
    try:
        documents, clock = await store.read_programmes(connection), await store.read_clock(connection)
    finally:
        await connection.close(timeout=5)
    now = (SystemClock(clock[0]) if clock else SystemClock()).now()
    programmes = [Programme.model_validate_json(text) for _, text in sorted(documents.items())]
    return [f"{programme.slug:<14} {as_it_stands(programme, now)}" for programme in programmes]
