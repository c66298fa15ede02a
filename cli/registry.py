"""Commands that fill the registry: check, load."""

import hashlib
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.database import with_database
from shared.database.connections import Connection
from shared.domain.partitions import assign_partitions
from shared.domain.units import Units
from shared.programme.reading import check_confined, load_confined
from shared.registry import store
from shared.registry.units_file import UnitsError, read_units
from shared.runtime.clock import SystemClock
from shared.runtime.config import load_settings

UNITS_FILE = Path(__file__).resolve().parents[1] / "data" / "units.csv"
out = Console()


def check(folder: Annotated[Path, typer.Argument(help="A programme's folder.")]) -> None:
    """Check a programme's folder: names the file, the path in it and the reason of every error."""
    levels = frozenset(unit.level for unit in read_units(UNITS_FILE))
    problems = check_confined(folder, levels)
    for problem in problems:
        typer.echo(str(problem), err=True)
    if problems:
        raise typer.Exit(1)
    out.print(f"{folder}: no errors")


def load(
    folder: Annotated[Path, typer.Argument(help="A programme's folder.")],
    units: Annotated[Path, typer.Option(help="The register of units (CSV).")] = UNITS_FILE,
) -> None:
    """Load the units and a programme: all or nothing, and a second load of the same files changes nothing."""
    digest = hashlib.sha256(units.read_bytes()).hexdigest()
    register = Units(read_units(units))
    programme = load_confined(folder)
    document = programme.model_dump_json()
    partitions = load_settings().partitions
    now = SystemClock().now()

    async def work(connection: Connection) -> list[str]:
        said: list[str] = []
        async with connection.transaction():
            await store.lock_loads(connection)
            if await store.digest_of(connection, "units") != digest:
                await _load_units(connection, register, units)
                await store.remember_load(connection, "units", digest, now)
                said.append(f"{len(register):,} units")
            kept = await store.read_partitions(connection)
            assigned = assign_partitions(register, partitions, kept)
            if assigned != kept:
                await store.replace_partitions(connection, assigned)
                said.append(f"{len(assigned)} provinces in {partitions} partitions")
            programme_digest = hashlib.sha256(document.encode()).hexdigest()
            if await store.digest_of(connection, f"programme {programme.slug}") != programme_digest:
                await store.write_programme(connection, programme.slug, document)
                await store.remember_load(connection, f"programme {programme.slug}", programme_digest, now)
                said.append(f"programme {programme.slug}")
        return said

    said = with_database(work)
    out.print(f"loaded {', '.join(said)}" if said else "nothing has changed")


async def _load_units(connection: Connection, register: Units, path: Path) -> None:
    missing = await store.replace_units(connection, list(register))
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise UnitsError([f"{path}: lacks units that are loaded already: {', '.join(missing[:5])}{more}"])
