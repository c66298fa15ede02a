"""`kip dead`: what could not be used, each with its reason: list, show, replay, drop."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable, Sequence
from typing import Annotated, TypeVar

import typer

from cli.console import out
from cli.dead.queue import QueueOfMessages
from cli.dead.rows import TableOfRows
from cli.dead.source import GONE, DeadRow, Outcomes, Source
from cli.dead.tables import of_aggregation, of_notifications
from cli.listing import print_listing
from shared.broker.client import BROKER_AWAY
from shared.database.connections import Hosts
from shared.runtime.config import load_settings

dead_app = typer.Typer(no_args_is_help=True)
Names = Annotated[list[str] | None, typer.Argument(help="What 'kip dead list' shows; a number alone: aggregation's.")]
All = Annotated[bool, typer.Option("--all", help="All that wait.")]
Result = TypeVar("Result")
NOTHING = "nothing waits"


@dead_app.callback()
def dead() -> None:
    """What was accepted and could not be used: events put aside by a service, messages in the queue kip.dead."""


@dead_app.command("list")
def list_dead(
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="Most rows of each source.")] = 100,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """List what waits for a person. Exit code 1 if a source could not be asked."""
    rows: list[DeadRow] = []
    unasked: list[str] = []

    async def ask(sources: Sequence[Source]) -> None:
        for source in sources:
            try:
                rows.extend(await source.rows(limit))
            except BROKER_AWAY as error:
                unasked.append(f"{source.name} can't be asked: {type(error).__name__}: {error}")

    _with_sources(ask)
    if as_json:
        typer.echo(json.dumps([row.as_json() for row in rows], ensure_ascii=False))
    elif rows:
        print_listing(out(), ("name", "kind", "unit", "sender", "reason", "since"), [_listed(row) for row in rows])
    elif not unasked:
        out().print(NOTHING)
    if unasked:
        sys.stderr.writelines(f"kip: {line}\n" for line in unasked)
        raise typer.Exit(1)


@dead_app.command("show")
def show_dead(name: Annotated[str, typer.Argument(help="What 'kip dead list' shows.")]) -> None:
    """Print one as JSON, whole, with its reason."""

    async def ask(sources: Sequence[Source]) -> object:
        source, own = _find(sources, name)
        return await source.show(own)

    found = _with_sources(ask)
    if found is None:
        raise ValueError(_no_such(name))
    typer.echo(json.dumps(found, ensure_ascii=False, indent=2, default=str))


@dead_app.command("replay")
def replay_dead(names: Names = None, everything: All = False) -> None:
    """Try them again, as after a corrected programme, register or service. What fails again is listed anew."""
    _each(names, everything, lambda source, own: source.replay(own))


@dead_app.command("drop")
def drop_dead(names: Names = None, everything: All = False) -> None:
    """Give them up. Events stay in their table, marked as dropped; messages of the queue are gone."""
    _each(names, everything, lambda source, own: source.drop(own))


def _each(names: list[str] | None, everything: bool, act: Callable[[Source, list[str] | None], Outcomes]) -> None:
    if bool(names) == everything:
        raise ValueError("expected what 'kip dead list' shows, or --all")

    unknown: list[str] = []

    async def work(sources: Sequence[Source]) -> None:
        wanted: dict[str, list[str]] = {}
        for name in names or ():
            source, own = _find(sources, name)
            wanted.setdefault(source.name, []).append(own)
        found = False
        for source in sources:
            if not everything and source.name not in wanted:
                continue
            outcomes = dict.fromkeys(wanted.get(source.name, ()), GONE)
            async for own, outcome in act(source, None if everything else wanted[source.name]):
                outcomes[own] = outcome
                if outcome != GONE:
                    out().print(f"{source.name}:{own}: {outcome}")
            found = found or bool(outcomes)
            for own in [own for own, outcome in outcomes.items() if outcome == GONE]:
                if await source.show(own) is None:
                    unknown.append(f"{source.name}:{own}")
                else:
                    out().print(f"{source.name}:{own}: {GONE}")
        if not found:
            out().print(NOTHING)

    _with_sources(work)
    if unknown:
        raise ValueError("\n".join(_no_such(name) for name in unknown))


def _no_such(name: str) -> str:
    return f"there is no {name} among the dead"


def _find(sources: Sequence[Source], name: str) -> tuple[Source, str]:
    """Find the source that a name belongs to, and the name within it. Raises ValueError for a source that there
    isn't.
    """
    first, colon, rest = name.partition(":")
    place, own = (first, rest) if colon else ("aggregation", first)
    for source in sources:
        if source.name == place:
            return source, own
    known = ", ".join(source.name for source in sources)
    raise ValueError(f"{name}: expected a name like aggregation:12; the sources are {known}")


def _with_sources(work: Callable[[Sequence[Source]], Awaitable[Result]]) -> Result:
    """Run `work` on every source."""

    async def run() -> Result:
        settings = load_settings()
        hosts = Hosts(settings.database_url.get_secret_value())
        connection = await hosts.connect(seconds=10, server_settings={"application_name": "kip-cli"})
        try:
            queue = QueueOfMessages(settings.amqp_url.get_secret_value())
            return await work(
                [of_aggregation(connection), of_notifications(connection), TableOfRows(connection), queue]
            )
        finally:
            await connection.close(timeout=5)

    return asyncio.run(run())


def _listed(row: DeadRow) -> tuple[str | None, ...]:
    since = f"{row.since:%Y-%m-%d %H:%M}" if row.since else ""
    return row.ref, row.kind, row.unit, row.sender, row.reason, since
