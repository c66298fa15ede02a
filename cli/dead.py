"""`kip dead`: events that could not be applied, each with its reason: list, show, replay, drop."""

import json
from collections.abc import Awaitable, Callable
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from cli.checks import read_registry
from cli.database import with_database
from services.aggregation import dead_store
from services.aggregation.apply import apply_batch
from services.aggregation.contribution import Contributor
from services.aggregation.rollup import UnknownToUsError
from shared.clock import SystemClock
from shared.db import Connection

dead_app = typer.Typer(no_args_is_help=True)
out = Console()
Numbers = Annotated[list[int] | None, typer.Argument(help="The numbers that 'kip dead list' shows.")]
All = Annotated[bool, typer.Option("--all", help="All that wait.")]


@dead_app.callback()
def dead() -> None:
    """Events that could not be applied and wait for a person."""


@dead_app.command("list")
def list_dead(
    limit: Annotated[int, typer.Option(min=1, help="Most rows.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List those that wait, oldest first."""
    rows = with_database(lambda connection: dead_store.list_waiting(connection, limit))
    if as_json:
        typer.echo(json.dumps([{**dict(row), "died_at": row["died_at"].isoformat()} for row in rows]))
        return
    if not rows:
        out.print("nothing waits")
        return
    table = Table("number", "kind", "unit", "sender", "reason", "since", box=None, header_style="bold")
    for row in rows:
        since = f"{row['died_at']:%Y-%m-%d %H:%M}"
        table.add_row(str(row["number"]), row["kind"], row["unit"], row["sender"], row["reason"], since)
    out.print(table)


@dead_app.command("show")
def show_dead(number: Annotated[int, typer.Argument(help="Its number.")]) -> None:
    """Print one as JSON, with its reason and whole event."""
    row = with_database(lambda connection: dead_store.show(connection, number))
    if row is None:
        raise ValueError(f"there is no dead event {number}")
    told = {
        **dict(row),
        "event": json.loads(row["event"]),
        "died_at": row["died_at"].isoformat(),
        "settled_at": row["settled_at"] and row["settled_at"].isoformat(),
    }
    typer.echo(json.dumps(told, ensure_ascii=False, indent=2))


@dead_app.command("replay")
def replay_dead(numbers: Numbers = None, everything: All = False) -> None:
    """Apply them again, as after a corrected programme or register. One that fails again is listed anew."""

    async def replay(connection: Connection, number: int) -> str:
        registry = await read_registry(connection)
        now = SystemClock().now()
        async with connection.transaction():
            text = await dead_store.settle(connection, number, "replayed", now)
            if text is None:
                return "doesn't wait any more"
            event = json.loads(text)
            partition = registry.partitions.get(event.get("province"), 0)
            try:
                applied = await apply_batch(connection, partition, [event], Contributor(registry), now)
            except UnknownToUsError as error:
                raise ValueError(f"{number}: the registry lacks {error}; load it first ('kip load')") from None
        return ", ".join(outcome for _, outcome in applied.outcomes)

    _each(numbers, everything, replay)


@dead_app.command("drop")
def drop_dead(numbers: Numbers = None, everything: All = False) -> None:
    """Give them up. They stay in the table, marked as dropped."""

    async def drop(connection: Connection, number: int) -> str:
        settled = await dead_store.settle(connection, number, "dropped", SystemClock().now())
        return "doesn't wait any more" if settled is None else "dropped"

    _each(numbers, everything, drop)


def _each(numbers: list[int] | None, everything: bool, act: Callable[[Connection, int], Awaitable[str]]) -> None:
    if bool(numbers) == everything:
        raise ValueError("expected numbers, or --all")

    async def work(connection: Connection) -> None:
        for number in numbers or await dead_store.numbers(connection):
            out.print(f"{number}: {await act(connection, number)}")

    with_database(work)
