"""`kip officer import`: registers the officers of a file. Nothing is written if any row is bad."""

from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from cli.console import out
from cli.database import with_database
from cli.officers.changes import Changes, also_told, changes_of
from cli.officers.reading import COLUMNS, MAY_BE_THERE, Known, OfficersRead, read_officers
from cli.officers.register import Register, read_register
from services.notifications.messages.bounce_store import forget
from shared.database.connections import Connection
from shared.registry.destinations import Destinations
from shared.registry.officer_store import write_officers
from shared.runtime.config import load_settings


class _Imported(NamedTuple):
    read: OfficersRead
    changes: Changes
    notes: list[str]


def import_officers(
    file: Annotated[
        Path, typer.Argument(help=f"CSV or XLSX: {','.join(COLUMNS)}, and if need be {','.join(MAY_BE_THERE)}.")
    ],
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would change, and write nothing.")] = False,
) -> None:
    """Import officers. All or nothing; one that is there already (unit, agency, name) is brought up to date."""

    async def work(connection: Connection) -> _Imported:
        async with connection.transaction():
            register = await read_register(connection)
            read = read_officers(file, known_of(register))
            if not read.problems and not dry_run:
                await write_officers(connection, read.officers)
                await forget(connection, _new_addresses(read, register))
        return _compared(read, register)

    imported = with_database(work)
    problems = imported.read.problems
    for note in imported.notes:
        typer.echo(f"note: {note}", err=True)
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        typer.echo(f"kip: nothing was imported: {len(problems)} problems", err=True)
        raise typer.Exit(1)
    for line in imported.changes.lines():
        out().print(line, markup=False, soft_wrap=True)
    officers = imported.read.officers
    units = len({officer.unit for officer in officers})
    done = "nothing was written; it would be" if dry_run else "imported"
    out().print(f"{done} {len(officers):,} officers of {units:,} units: {imported.changes.counts()}", soft_wrap=True)


def known_of(register: Register) -> Known:
    """Make what a file is read against. Raises ValueError where no programme is loaded."""
    if not register.programmes:
        raise ValueError("no programme is loaded yet: run 'kip load' first")
    names = frozenset((officer.unit, officer.name) for officer in register.officers)
    return Known(register.units, register.programmes, register.now, names, Destinations.of(load_settings()))


def _new_addresses(read: OfficersRead, register: Register) -> list[str]:
    """List the addresses that no officer had so far. One that is dead doesn't revive because a file still has it."""
    before = {channel.lower() for officer in register.officers for channel in officer.channels}
    return [channel for officer in read.officers for channel in officer.channels if channel.lower() not in before]


def _compared(read: OfficersRead, register: Register) -> _Imported:
    notes = [*read.notes, *(() if read.problems else also_told(read.officers, register.placed()))]
    return _Imported(read, changes_of(read.officers, register.officers), notes)
