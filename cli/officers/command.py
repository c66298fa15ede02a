"""`kip officer import`: reads who is told, and how they are reached. Nothing is written if any row is bad."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Annotated, NamedTuple
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from cli.database import with_database
from cli.officers.cells import RowError, absence, addresses, person, quiet_hours, spaced, yes_or_no
from cli.officers.rows import NOT_A_ROW, FileError, OfficerRows, fault_in
from shared.database.connections import Connection
from shared.domain.units import Units
from shared.programme.model import Programme
from shared.registry import store
from shared.registry.destinations import Destinations
from shared.registry.officer_store import officers_at, write_officers
from shared.registry.officers import Officer
from shared.runtime.clock import SystemClock
from shared.runtime.config import load_settings

COLUMNS = ("name", "role", "unit", "agency", "channels", "language")
MAY_BE_THERE = ("quiet", "away_until", "deputy", "optional")
officer_app = typer.Typer(help="Officers: who is told, and how.", no_args_is_help=True)
out = Console()


@dataclass(frozen=True, slots=True)
class Known:
    """What rows are checked against. `names` are the officers that are registered already, as (unit, name)."""

    units: Units
    programmes: tuple[Programme, ...]
    today: date
    names: frozenset[tuple[str, str]] = frozenset()
    destinations: Destinations = field(default_factory=Destinations)


class OfficersRead(NamedTuple):
    """A file's officers, a line for each problem (where, column, what was expected, what came), and notes on it."""

    officers: list[Officer]
    problems: list[str]
    notes: list[str]


@officer_app.callback()
def officers() -> None:
    """Officers: who is told, and how."""


@officer_app.command("import")
def import_officers(
    file: Annotated[
        Path, typer.Argument(help=f"CSV or XLSX: {','.join(COLUMNS)}, and if need be {','.join(MAY_BE_THERE)}.")
    ],
) -> None:
    """Import officers. All or nothing; one that is there already (unit, agency, name) is brought up to date."""

    async def work(connection: Connection) -> OfficersRead:
        async with connection.transaction():
            found = read_officers(file, await _known(connection))
            if not found.problems:
                await write_officers(connection, found.officers)
        return found

    imported, problems, notes = with_database(work)
    for note in notes:
        typer.echo(f"note: {note}", err=True)
    for problem in problems:
        typer.echo(problem, err=True)
    if problems:
        typer.echo(f"kip: nothing was imported: {len(problems)} problems", err=True)
        raise typer.Exit(1)
    units = len({officer.unit for officer in imported})
    out.print(f"imported {len(imported):,} officers of {units:,} units")


async def _known(connection: Connection) -> Known:
    units = await store.read_units(connection)
    documents = await store.read_programmes(connection)
    programmes = tuple(Programme.model_validate_json(text) for text in documents.values())
    if not len(units) or not programmes:
        raise ValueError("no units or programme are loaded yet: run 'kip load' first")
    running = await store.read_clock(connection)
    clock = SystemClock(*([running[0]] if running else []))
    there = await officers_at(connection, [unit.uid for unit in units])
    names = frozenset((officer.unit, officer.name) for officer in there)
    today = clock.now().astimezone(ZoneInfo(programmes[0].timezone)).date()
    return Known(units, programmes, today, names, Destinations.of(load_settings()))


def read_officers(path: Path, known: Known) -> OfficersRead:
    """Read a file of officers against what is known."""
    officers: list[tuple[str, Officer]] = []
    problems: list[str] = []
    seen: dict[tuple[str, str, str], int] = {}
    file = OfficerRows(path, COLUMNS, MAY_BE_THERE)
    try:
        rows = list(file.read())
    except FileError as error:
        return OfficersRead([], [str(error)], [])
    for line, cells in rows:
        place = f"{path}:{line}"
        try:
            officer = _officer(cells, known)
        except RowError as error:
            problems.append(f"{place}: {error}")
            continue
        first = seen.setdefault((officer.unit, officer.agency, person(officer.name)), line)
        if first != line:
            problems.append(f"{place}: name: {officer.name} of {officer.unit} is in line {first} already")
        officers.append((place, officer))
    officers, unknown = _as_registered(officers, known)
    return OfficersRead([officer for _, officer in officers], [*problems, *unknown], file.notes)


def _as_registered(
    officers: Sequence[tuple[str, Officer]], known: Known
) -> tuple[list[tuple[str, Officer]], list[str]]:
    """Give officers and their deputies the names under which they are registered; say what is wrong with deputies."""
    before = {(unit, person(name)): name for unit, name in sorted(known.names)}
    before |= {(unit, name): name for unit, name in known.names}  # as it stands there comes first
    named = [
        (place, replace(o, name=before.get((o.unit, o.name)) or before.get((o.unit, person(o.name)), o.name)))
        for place, o in officers
    ]
    names = known.names | {(officer.unit, officer.name) for _, officer in named}
    by_person = {(unit, person(name)): name for unit, name in sorted(names)}
    found: list[tuple[str, Officer]] = []
    problems: list[str] = []
    for place, officer in named:
        deputy = officer.deputy
        if deputy is not None and (officer.unit, deputy) not in names:
            deputy = by_person.get((officer.unit, person(deputy)))
        if officer.deputy is not None and (deputy is None or person(deputy) == person(officer.name)):
            expected = f"another officer of {officer.unit}, here or imported before"
            problems.append(f"{place}: {RowError('deputy', expected, officer.deputy)}")
        found.append((place, replace(officer, deputy=deputy)))
    return found, problems


def _officer(cell: Mapping[str, str], known: Known) -> Officer:
    if NOT_A_ROW in cell:
        raise RowError(
            "row", "cells in the header's columns alone; a cell with the separator in quotes", cell[NOT_A_ROW]
        )
    fault = fault_in(cell)
    if fault is not None:
        raise RowError(*fault)
    for column in ("name", "role", "unit", "agency", "channels"):
        if not cell[column]:
            raise RowError(column, "a text", "")
    unit = known.units.find(cell["unit"], known.today)
    if unit is None:
        raise RowError("unit", f"a uid, or the code of a unit in force on {known.today}", cell["unit"])
    fitting = {a.slug for programme in known.programmes for a in programme.agencies if a.level == unit.level}
    if cell["agency"] not in fitting:
        expected = ", ".join(sorted(fitting)) or "none: no agency sits there"
        raise RowError("agency", f"an agency of a {unit.level} ({expected})", cell["agency"])
    languages = {language for programme in known.programmes for language in programme.messages}
    language = cell["language"] or "vi"
    if language not in languages:
        raise RowError("language", f"one of {', '.join(sorted(languages))}", language)
    away_until, deputy = absence(cell.get("away_until", ""), cell.get("deputy", ""))
    return Officer(
        name=spaced(cell["name"]), role=cell["role"], unit=unit.uid, agency=cell["agency"],
        channels=tuple(addresses(cell["channels"], known.destinations)), language=language,
        quiet=quiet_hours(cell.get("quiet", "")), away_until=away_until, deputy=deputy,
        optional=yes_or_no("optional", cell.get("optional", ""), default=True),
    )  # fmt: skip
