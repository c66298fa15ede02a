"""`kip verify`: recompute records and cells from the ledger and say where they differ. Usable on a live system."""

import json
from dataclasses import asdict
from typing import Annotated

import typer

from cli.checks import check_all
from cli.console import out


def verify(
    province: Annotated[list[str] | None, typer.Option(help="Only this province (uid); may be repeated.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Compare every record and cell with what the ledger gives. Ends with exit code 1 where anything differs."""
    checked = check_all(correct=False, only=province or ())
    differing = [item for item in checked if item.cells or item.records or item.twice]
    if as_json:
        typer.echo(
            json.dumps(
                {
                    "events": sum(item.events for item in checked),
                    "cells": sum(item.cells for item in checked),
                    "records": sum(item.records for item in checked),
                    "twice": sum(item.twice for item in checked),
                    "provinces": [asdict(item) for item in differing],
                }
            )
        )
    else:
        events = sum(item.events for item in checked)
        for item in differing:
            out().print(
                f"{item.province}: {item.cells:,} cells and {item.records:,} records differ, "
                f"{item.twice:,} activities are alive in another province too"
            )
        cells = sum(item.cells for item in checked)
        out().print(f"{events:,} events of {len(checked)} provinces recomputed: {cells:,} cells differ")
    if differing:
        raise typer.Exit(1)
