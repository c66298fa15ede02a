"""`kip officer import`: reads who is told, and how they are reached. Nothing is written if any row is bad."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from cli.database import with_database
from cli.officer_cells import RowError, absence, addresses, quiet_hours, yes_or_no
from cli.officer_rows import NOT_A_ROW, FileError, fault_in, read_rows
from shared.clock import SystemClock
from shared.config import load_settings
from shared.db import Connection
from shared.destinations import Destinations
from shared.programme import Programme
from shared.registry import store
from shared.registry.officers import Officer, officers_at, write_officers
from shared.units import Units

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

    async def work(connection: Connection) -> tuple[list[Officer], list[str]]:
        async with connection.transaction():
            officers, problems = read_officers(file, await _known(connection))
            if not problems:
                await write_officers(connection, officers)
        return officers, problems

    imported, problems = with_database(work)
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


def read_officers(path: Path, known: Known) -> tuple[list[Officer], list[str]]:
    """The file's officers, and one line for each problem: where, column, what was expected, what came."""
    officers: list[tuple[str, Officer]] = []
    problems: list[str] = []
    seen: dict[tuple[str, str, str], int] = {}
    try:
        rows = list(read_rows(path, COLUMNS, MAY_BE_THERE))
    except FileError as error:
        return [], [str(error)]
    for line, cells in rows:
        place = f"{path}:{line}"
        try:
            officer = _officer(cells, known)
        except RowError as error:
            problems.append(f"{place}: {error}")
            continue
        first = seen.setdefault((officer.unit, officer.agency, officer.name), line)
        if first != line:
            problems.append(f"{place}: name: {officer.name} of {officer.unit} is in line {first} already")
        officers.append((place, officer))
    names = known.names | {(officer.unit, officer.name) for _, officer in officers}
    problems += [
        f"{place}: {RowError('deputy', f'another officer of {officer.unit}, here or imported before', officer.deputy)}"
        for place, officer in officers
        if officer.deputy is not None
        and (officer.deputy == officer.name or (officer.unit, officer.deputy) not in names)
    ]
    return [officer for _, officer in officers], problems


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
        name=cell["name"], role=cell["role"], unit=unit.uid, agency=cell["agency"],
        channels=tuple(addresses(cell["channels"], known.destinations)), language=language,
        quiet=quiet_hours(cell.get("quiet", "")), away_until=away_until, deputy=deputy,
        optional=yes_or_no("optional", cell.get("optional", ""), default=True),
    )  # fmt: skip
