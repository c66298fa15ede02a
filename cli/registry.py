"""Commands that fill the registry: check, load."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import Annotated

import typer

from cli.console import out
from cli.database import with_database
from cli.programmes_together import Placed, problems_together
from services.aggregation.consistency import drift_store
from shared.database.connections import Connection
from shared.domain.partitions import assign_partitions
from shared.domain.units import Units
from shared.programme.families import Families, Name
from shared.programme.loaded import readable
from shared.programme.model import Programme
from shared.programme.problems import CALENDARS, PROGRAMME_FILE, Document, Problem, ProgrammeError
from shared.programme.reading import read_confined
from shared.registry import store
from shared.registry.units_file import UnitsError, read_units
from shared.runtime.clock import SystemClock
from shared.runtime.config import load_settings

UNITS_FILE = Path(__file__).resolve().parents[1] / "data" / "units.csv"
REBUILD = (
    "a rebuild is needed, because programmes share other figures than before: aggregation begins it by itself and is "
    "not ready until it is done; 'kip rebuild' does the same on several cores"
)
MOST_FOLDERS = 100  # below one folder of programmes
Folders = Annotated[list[Path], typer.Argument(help="Programmes' folders, or a folder of such folders.")]
Register = Annotated[Path, typer.Option("--units", help="The register of units (CSV).")]
Calendars = Annotated[Path, typer.Option(help="The countries' days off and made up (CSV).")]


def check(folders: Folders, units: Register = UNITS_FILE, calendars: Calendars = CALENDARS) -> None:
    """Check programmes' folders, each by itself and beside those that stand in the same folder as it.

    Names the file, the path in it and the reason of every error.
    """
    register = Units(read_units(units))
    wanted = _programmes_in(folders)
    sound: dict[Path, Placed] = {}
    failed: list[Path] = []
    for folder in dict.fromkeys([*wanted, *_beside(wanted)]):
        programme, document = _read(folder, register, calendars)
        if programme is not None:
            sound[folder] = Placed(programme, document)
            continue
        failed.append(folder)
        if folder in wanted:
            _say(document.problems)
        else:
            typer.echo(f"{folder}: has errors of its own, and is not compared with", err=True)
    for folder in [folder for folder in wanted if folder in sound]:
        beside = [placed for other, placed in sound.items() if other != folder]
        problems = problems_together([sound[folder]], beside, whole=not failed)
        _say(problems)
        if problems:
            failed.append(folder)
        else:
            out().print(f"{folder}: no errors", soft_wrap=True)
    if set(failed) & set(wanted):
        raise typer.Exit(1)


def load(
    folders: Folders,
    units: Register = UNITS_FILE,
    calendars: Calendars = CALENDARS,
) -> None:
    """Load the units and programmes: all or nothing, and a second load of the same files changes nothing.

    Says that a rebuild is needed where programmes share other figures than before, and some of them were reported.
    """
    digest = hashlib.sha256(units.read_bytes()).hexdigest()
    register = Units(read_units(units))
    given = [_sound(folder, register, calendars) for folder in _programmes_in(folders)]
    partitions, now = load_settings().partitions, SystemClock().now()

    async def work(connection: Connection) -> tuple[list[str], frozenset[Name]]:
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
            loaded, renamed = await _load_programmes(connection, given, now)
        return said + loaded, renamed

    said, renamed = with_database(work)
    out().print(f"loaded {', '.join(said)}" if said else "nothing has changed")
    if renamed:
        out().print(f"{REBUILD} ({', '.join(sorted('/'.join(name) for name in renamed))})", soft_wrap=True)


def _programmes_in(folders: Sequence[Path]) -> list[Path]:
    """List the programmes' folders: those given, and those in a given folder that is none itself."""
    found: dict[Path, None] = {}
    for folder in folders:
        inside = [] if (folder / PROGRAMME_FILE).exists() else _folders_in(folder)
        found.update(dict.fromkeys(inside or [folder]))
    return list(found)


def _folders_in(folder: Path) -> list[Path]:
    if not folder.is_dir():
        return []
    return sorted(islice((path.parent for path in folder.glob(f"*/{PROGRAMME_FILE}")), MOST_FOLDERS))


def _beside(folders: Sequence[Path]) -> list[Path]:
    """List the programmes' folders that stand beside these and are none of them."""
    known = {folder.resolve() for folder in folders}
    parents = dict.fromkeys(folder.resolve().parent for folder in folders)
    return [path for parent in parents for path in _folders_in(parent) if path not in known]


def _read(folder: Path, register: Units, calendars: Path) -> tuple[Programme | None, Document]:
    """Read a folder; the document names its files from where the command runs."""
    programme, document = read_confined(folder, register, calendars)
    problems = [replace(problem, file=str(folder / problem.file)) for problem in document.problems]
    return programme, replace(document, file=str(folder / document.file), problems=problems)


def _sound(folder: Path, register: Units, calendars: Path) -> Placed:
    """Read a folder without a problem. Raises ProgrammeError with every problem."""
    programme, document = _read(folder, register, calendars)
    if programme is None:
        raise ProgrammeError(document.problems)
    return Placed(programme, document)


def _say(problems: Sequence[Problem]) -> None:
    for problem in problems:
        typer.echo(str(problem), err=True)


async def _load_units(connection: Connection, register: Units, path: Path) -> None:
    missing = await store.replace_units(connection, list(register))
    if missing:
        more = f" and {len(missing) - 5} more" if len(missing) > 5 else ""
        raise UnitsError([f"{path}: lacks units that are loaded already: {', '.join(missing[:5])}{more}"])


async def _load_programmes(
    connection: Connection, given: Sequence[Placed], now: datetime
) -> tuple[list[str], frozenset[Name]]:
    """Write the programmes that are new or different; say which, and which figures with records are shared otherwise.

    A country has one calendar: the others that are loaded get the one that these came with.
    Raises ProgrammeError where one can't stand beside the others.
    """
    loaded = readable(await store.read_programmes(connection))
    wanted = {placed.programme.slug: placed.programme for placed in given}
    others = {slug: programme for slug, programme in loaded.items() if slug not in wanted}
    beside = [Placed(it, Document(f"the programme {slug} that is loaded")) for slug, it in sorted(others.items())]
    problems = problems_together(given, beside, whole=True)
    if problems:
        raise ProgrammeError(problems)
    said = [f"programme {slug}" for slug, it in sorted(wanted.items()) if await _write(connection, it, now)]
    days = {it.holidays.country: it.calendar_overrides for it in wanted.values()}
    for slug, other in sorted(others.items()):
        calendar = days.get(other.holidays.country, other.calendar_overrides)
        moved = other.model_copy(update={"calendar_overrides": calendar})
        if moved != other and await _write(connection, moved, now):
            said.append(f"the calendar of {slug}")
    renamed = Families({**loaded, **wanted}).differing(Families(loaded))
    return said, renamed if renamed and await drift_store.has_records(connection, renamed) else frozenset()


async def _write(connection: Connection, programme: Programme, now: datetime) -> bool:
    """Write the programme, unless it is there as it is; tell which.

    The database keeps no order of keys, so one that was read from it is the same as one from a file.
    """
    document = json.dumps(json.loads(programme.model_dump_json()), ensure_ascii=False, sort_keys=True)
    digest = hashlib.sha256(document.encode()).hexdigest()
    if await store.digest_of(connection, f"programme {programme.slug}") == digest:
        return False
    await store.write_programme(connection, programme.slug, document)
    await store.remember_load(connection, f"programme {programme.slug}", digest, now)
    return True
