"""`kip officer import`: reads who is told, and how they are reached. Nothing is written if any row is bad."""

import csv
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from cli.registry import with_database
from shared.clock import SystemClock
from shared.db import Connection
from shared.programme import Programme
from shared.registry import store
from shared.units import Units

COLUMNS = ("name", "role", "unit", "agency", "channels", "language")
CHANNELS = ("email", "zalo", "sms", "webhook", "apprise")
_EMAIL = re.compile(r"[^@\s,;<>]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
officer_app = typer.Typer(help="Officers: who is told, and how.", no_args_is_help=True)
out = Console()


@dataclass(frozen=True, slots=True)
class Officer:
    """One row, understood. `unit` is a uid, `channels` are addresses in order of preference."""

    name: str
    role: str
    unit: str
    agency: str
    channels: tuple[str, ...]
    language: str


@dataclass(frozen=True, slots=True)
class Known:
    """What rows are checked against."""

    units: Units
    programmes: tuple[Programme, ...]
    today: date


class RowError(Exception):
    """A cell that can't be used."""

    def __init__(self, column: str, expected: str, got: str) -> None:
        super().__init__(f"{column}: expected {expected}, got {got!r}")


@officer_app.callback()
def officers() -> None:
    """Officers: who is told, and how."""


@officer_app.command("import")
def import_officers(
    file: Annotated[Path, typer.Argument(help=f"CSV with the columns {','.join(COLUMNS)}.", exists=True)],
) -> None:
    """Import officers. All or nothing; one that is there already (unit, agency, name) is brought up to date."""

    async def work(connection: Connection) -> tuple[list[Officer], list[str]]:
        async with connection.transaction():
            officers, problems = read_officers(file, await _known(connection))
            if not problems:
                rows = [(o.name, o.role, o.unit, o.agency, list(o.channels), o.language) for o in officers]
                await store.write_officers(connection, rows)
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
    return Known(units, programmes, clock.now().astimezone(ZoneInfo(programmes[0].timezone)).date())


def read_officers(path: Path, known: Known) -> tuple[list[Officer], list[str]]:
    """The file's officers, and one line for each problem: where, column, what was expected, what came."""
    officers: list[Officer] = []
    problems: list[str] = []
    seen: dict[tuple[str, str, str], int] = {}
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.DictReader(file)
        header = tuple(rows.fieldnames or ())
        wrong = [name for name in COLUMNS if name not in header] + [name for name in header if name not in COLUMNS]
        if wrong:
            return [], [f"{path}:1: expected the columns {','.join(COLUMNS)}, got {','.join(header)!r}"]
        for row in rows:
            place = f"{path}:{rows.line_num}"
            try:
                officer = _officer(row, known)
            except RowError as error:
                problems.append(f"{place}: {error}")
                continue
            first = seen.setdefault((officer.unit, officer.agency, officer.name), rows.line_num)
            if first != rows.line_num:
                problems.append(f"{place}: name: {officer.name} of {officer.unit} is in line {first} already")
            officers.append(officer)
    return officers, problems


def _officer(row: Mapping[str | None, str | None], known: Known) -> Officer:
    if None in row:
        raise RowError("row", f"{len(COLUMNS)} cells", f"{len(row) - 1 + len(row[None] or ())} cells")
    cell = {column: (row[column] or "").strip() for column in COLUMNS}
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
    return Officer(cell["name"], cell["role"], unit.uid, cell["agency"], tuple(_channels(cell["channels"])), language)


def _channels(text: str) -> Iterator[str]:
    for channel in text.split():
        kind, colon, address = channel.partition(":")
        if not colon or kind not in CHANNELS or not address:
            raise RowError("channels", f"kind:address with a kind of {', '.join(CHANNELS)}", channel)
        if kind == "email" and not _EMAIL.fullmatch(address):
            raise RowError("channels", "email:name@domain", channel)
        yield channel
