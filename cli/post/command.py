"""`kip post`: sends a file of events to the intake service, as an upstream app would."""

import asyncio
import json
from dataclasses import asdict
from functools import partial as partial_of
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from cli.addresses import asked_url
from cli.console import err, out
from cli.post.event_lines import batches, check_file, nothing_in, read_lines
from cli.post.journal import uploads_folder
from cli.post.posting import Pace, Rejected, Report, Target, post_all, seconds_since
from cli.post.sheet_file import Sent, check_parts, journal_of, post_parts
from cli.post.sheet_rows import is_sheet, parts, read_tables
from shared.runtime.clock import SystemClock

SHOWN = 20  # refused lines that are printed; --json has all of them


def post(
    file: Annotated[
        Path,
        typer.Argument(
            help="JSON (CloudEvents: one a line, one alone or an array), or CSV or XLSX as 'kip template' writes it.",
            exists=True,
            dir_okay=False,
        ),
    ],
    url: Annotated[
        str | None, typer.Option(help="The intake service; the one at KIP_INTAKE_PORT here if absent.")
    ] = None,
    key: Annotated[str, typer.Option(envvar="KIP_KEY", help="The sender's key.", show_default=False)] = "",
    batch: Annotated[int, typer.Option(min=1, max=1000, help="Events, or rows of a sheet, in one post.")] = 500,
    concurrency: Annotated[int, typer.Option(min=1, max=64, help="Posts under way at once.")] = 4,
    partial: Annotated[
        bool, typer.Option("--partial", help="Take a batch's good lines though others are bad.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Check only: nothing is taken.")] = False,
    patience: Annotated[float, typer.Option(min=0, help="Seconds to try again while the service is away.")] = 300,
    afresh: Annotated[
        bool, typer.Option("--afresh", help="Post a spreadsheet from its first row, whatever a run before had posted.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Post a file of events. Safe to run again after a failure: an event counts once by its id.

    A batch is taken whole or not at all, unless --partial. A line without an id gets one that follows from its content.
    A spreadsheet is checked whole, then posted in parts; a run after one that was broken off goes on where that ended.
    Posted again, it replaces the same records.
    """
    if not key:
        raise ValueError("no key: set KIP_KEY or give --key (kip source add NAME prints one)")
    target = Target(asked_url(url, "intake"), key, partial, dry_run, patience)
    if is_sheet(file):
        _post_sheet(file, target, batch, afresh=afresh, as_json=as_json)
        return
    _post_events(file, target, batch, concurrency, as_json=as_json)


def _post_events(file: Path, target: Target, most: int, concurrency: int, *, as_json: bool) -> None:
    """Post a file of events in batches of `most`, and tell what became of them. Exit code 1 where any is refused."""
    total = check_file(file)
    terminal = err()
    pace = _pace(terminal)
    start = pace.clock.now()
    with _progress(terminal, quiet=as_json) as progress:
        task = progress.add_task("posting" if not target.dry_run else "checking", total=total)
        made = batches(read_lines(file), most)
        report = asyncio.run(post_all(target, made, concurrency, pace, lambda n: progress.advance(task, n)))
    seconds = seconds_since(start, pace.clock)
    if as_json:
        typer.echo(json.dumps({**asdict(report), "seconds": round(seconds, 3)}, ensure_ascii=False))
    else:
        _tell(report, seconds, dry_run=target.dry_run)
    if report.rejected or report.unlisted:
        raise typer.Exit(1)


def _post_sheet(file: Path, target: Target, most_rows: int, *, afresh: bool, as_json: bool) -> None:
    """Check a spreadsheet whole, post it in parts of `most_rows`, and tell what became of it."""
    tables, notes = read_tables(file)
    for note in notes:
        err().print(f"note: {note}", highlight=False, markup=False, soft_wrap=True)
    rows = sum(table.count for table in tables)
    terminal = err()
    pace = _pace(terminal)
    journal = None if target.dry_run else journal_of(uploads_folder(), file, target)
    if journal and afresh:
        journal.end()
    sent = Sent()
    with _progress(terminal, quiet=as_json) as progress:
        # Taken whole or not at all: nothing of a file is posted before all of it was found good.
        if target.dry_run or not (target.partial or journal):
            task = progress.add_task("checking", total=rows)
            advance = partial_of(progress.advance, task)
            sent = asyncio.run(check_parts(target, parts(tables, most_rows), pace, advance))
        if journal is not None and not sent.refused:
            task = progress.add_task("posting", total=rows)
            advance = partial_of(progress.advance, task)
            sent = asyncio.run(post_parts(target, parts(tables, most_rows), journal, pace, advance))
            journal.end()
    if not (sent.accepted or sent.refused or sent.unlisted):
        raise nothing_in(file)
    _tell_sheet(sent, target, as_json=as_json)
    if sent.refused:
        raise typer.Exit(1)


def _pace(terminal: Console) -> Pace:
    """Make a pace by the machine's clock that tells the first absence of the service: it is then tried again for
    minutes.
    """
    told = False

    def tell(text: str) -> None:
        nonlocal told
        if not told:
            told = True
            terminal.print(text, highlight=False, markup=False, soft_wrap=True)

    return Pace(SystemClock(), tell=tell)


def _tell_sheet(sent: Sent, target: Target, *, as_json: bool) -> None:
    if as_json:
        rejected = [{"place": item.place, **item.error} for item in sent.refused]
        told = {
            "accepted": sent.accepted,
            "accepted_before": sent.before,
            "rejected": rejected,
            "unlisted": sent.unlisted,
        }
        typer.echo(json.dumps(told, ensure_ascii=False))
        return
    verb = "would be accepted" if target.dry_run else "accepted"
    before = f" ({sent.before:,} of them in a run before)" if sent.before else ""
    out().print(f"{sent.accepted:,} events {verb}{before}, {len(sent.refused):,} faults", highlight=False)
    for item in sent.refused[:SHOWN]:
        got = "" if item.error.get("got") is None else f", got {json.dumps(item.error['got'], ensure_ascii=False)}"
        text = f"{item.place}: {item.error['code']}: {item.error['message']}{got}"
        err().print(text, highlight=False, markup=False, soft_wrap=True)
    if len(sent.refused) > SHOWN:
        err().print(f"… and {len(sent.refused) - SHOWN:,} more; --json lists all", highlight=False)
    _tell_unlisted(sent.unlisted)


def _progress(terminal: Console, *, quiet: bool) -> Progress:
    """Show a bar on a terminal, nothing elsewhere. What is printed meanwhile goes to the same console."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=terminal, disable=quiet or not terminal.is_terminal, transient=True)


def _tell(report: Report, seconds: float, *, dry_run: bool) -> None:
    verb = "would be accepted" if dry_run else "accepted"
    out().print(f"{report.accepted:,} {verb}, {len(report.rejected):,} rejected, {seconds:.1f} s", highlight=False)
    for item in sorted(report.rejected, key=lambda rejected: rejected.line)[:SHOWN]:
        _tell_rejected(item)
    if len(report.rejected) > SHOWN:
        err().print(f"… and {len(report.rejected) - SHOWN:,} more; --json lists all", highlight=False)
    _tell_unlisted(report.unlisted)
    if report.held_back:
        err().print(
            f"{report.held_back:,} good lines stood in the same batches and were not taken. Cure the lines above and "
            "run the same command again, or take the good ones now with --partial",
            highlight=False,
        )


def _tell_unlisted(unlisted: int) -> None:
    """Print how many more the service refused without listing them."""
    if unlisted:
        err().print(f"… and {unlisted:,} that the service doesn't list; a smaller --batch names them", highlight=False)


def _tell_rejected(item: Rejected) -> None:
    for error in item.errors:
        got = "" if error.get("got") is None else f", got {json.dumps(error['got'], ensure_ascii=False)}"
        text = f"line {item.line} (id {item.id}): {error['field']}: {error['code']}: {error['message']}{got}"
        err().print(text, highlight=False, markup=False, soft_wrap=True)
