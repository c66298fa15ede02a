"""`kip rebuild`: records and cells anew from the ledger, beside live traffic."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from cli.checks import check_all
from cli.console import out


def rebuild(
    province: Annotated[list[str] | None, typer.Option(help="Only this province (uid); may be repeated.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Make records and cells what the ledger gives, and say what had to be changed."""
    done = check_all(correct=True, only=province or ())
    if as_json:
        typer.echo(json.dumps({"provinces": [asdict(item) for item in done]}))
        return
    events, cells = sum(item.events for item in done), sum(item.cells for item in done)
    records = sum(item.records for item in done)
    out().print(f"{events:,} events of {len(done)} provinces read: {cells:,} cells and {records:,} records changed")
    aside = sum(item.aside for item in done)
    if aside:
        out().print(
            f"{aside:,} events were accepted and are not counted: their time is out of bounds ('kip dead list')"
        )
