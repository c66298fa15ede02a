"""`kip tick`: moves the run's simulated clock, has the services sweep once, and shows who was told."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from cli.database import with_database
from services.notifications import change_store, message_store
from services.notifications import store as sweep_store
from shared.clock import SystemClock
from shared.db import Connection
from shared.registry import store

_POLL_SECONDS = 0.1
_PAGE = 1000
out = Console()


def tick(
    now: Annotated[str, typer.Option(help="The instant to move to, like 2023-03-17T08:00:00+07:00.")],
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait for the services.")] = 60,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Move the simulated clock forward, never back; sweep once; wait until what is due is handed over, and print it."""
    target = _instant(now)
    rows = with_database(lambda connection: _tick(connection, target, patience=timeout))
    if as_json:
        typer.echo(json.dumps({"now": target.isoformat(), "alerts": rows}, ensure_ascii=False))
    elif rows:
        out.print(_table(rows))
    else:
        out.print(f"{target.isoformat()}: nothing was due")


def _instant(text: str) -> datetime:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"--now: expected a time like 2023-03-17T08:00:00+07:00, got {text!r}") from None
    if instant.tzinfo is None:
        raise ValueError(f"--now: {text} needs an offset, like {text}+07:00")
    return instant


async def _tick(connection: Connection, target: datetime, *, patience: float) -> list[dict[str, Any]]:
    running = await store.read_clock(connection)
    if running is None:
        raise ValueError("no simulated clock runs here: start the services with KIP_CLOCK set ('make run' does)")
    clock = SystemClock(running[0])
    if not await store.advance_clock(connection, SystemClock().offset_to(target)):
        raise ValueError(f"the clock stands at {clock.now().isoformat(timespec='seconds')} and never goes back")
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience

    async def until(done: Callable[[], Awaitable[str | None]]) -> None:
        while (missing := await done()) is not None:
            if loop.time() > deadline:
                raise ValueError(f"gave up after {patience:g} s: {missing}. The clock has been moved.")
            await asyncio.sleep(_POLL_SECONDS)

    await until(lambda: _followed(connection))
    request = await sweep_store.request_sweep(connection)
    await until(lambda: _swept(connection, request, target))
    await until(lambda: _delivered(connection, target))
    return await _alerts(connection, target)


async def _followed(connection: Connection) -> str | None:
    lagging = await store.lagging_followers(connection)
    return f"{lagging} services don't follow the clock" if lagging else None


async def _swept(connection: Connection, request: int, target: datetime) -> str | None:
    served, swept_at, held = await sweep_store.last_sweep(connection)
    if served >= request and swept_at is not None and swept_at >= target:
        return f"the sweep waits: {held}" if held else None
    if not await sweep_store.services_up(connection):
        return "no notifications service is up (python -m services.notifications)"
    return "the notifications service has not swept: see its log and /readyz"


async def _delivered(connection: Connection, target: datetime) -> str | None:
    count, error = await message_store.on_their_way(connection, target)
    if not count:
        changes = await change_store.unpublished(connection)
        return f"{changes} changes of obligations are not published yet" if changes else None
    return f"{count} messages are still on their way" + (f", the last error: {error}" if error else "")


async def _alerts(connection: Connection, since: datetime) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = 0
    while True:
        page = await message_store.alert_rows(
            connection, units=None, officer=None, step=None, since=since, after=after, limit=_PAGE
        )
        names = await store.read_names(connection, {row["unit"] for row in page})
        found.extend(
            {
                "step": row["step"],
                "unit": row["unit"],
                "unit_name": names.get(row["unit"], row["unit"]),
                "agency": row["agency"],
                "report": row["report"],
                "period": row["period"],
                "to": row["addressed_unit"],
                "officer": row["officer_name"],
                "channel": row["channel"],
                "state": row["state"],
                "message": row["message"] and str(row["message"]),
                "error": row["error"],
            }
            for row in page
        )
        if len(page) < _PAGE:
            return found
        after = page[-1]["id"]


def _table(rows: list[dict[str, Any]]) -> Table:
    table = Table("step", "unit", "report", "officer", "channel", "state", header_style="bold")
    for row in rows:
        table.add_row(
            row["step"],
            f"{row['unit_name']} ({row['unit']})",
            f"{row['report']} {row['period']}",
            row["officer"] or "nobody known",
            row["channel"] or "",
            row["state"] + (f": {row['error']}" if row["error"] else ""),
        )
    return table
