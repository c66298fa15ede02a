"""`kip tick`: moves the run's simulated clock, has the services sweep once, and shows who was told."""

import asyncio
import json
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from cli.console import out
from cli.database import with_database
from cli.listing import print_listing
from services.notifications import read_store
from services.notifications.messages import message_store
from services.notifications.messages.message_store import Unsent
from services.notifications.obligations import change_store
from services.notifications.obligations import obligation_store as sweep_store
from shared.database.connections import Connection
from shared.registry import restore_store, store
from shared.runtime.clock import SystemClock
from shared.values.scalars import ScalarError, instant

_POLL_SECONDS = 0.1
_PAGE = 1000
_TRIES = 2  # a provider that has failed a message so often is away: no reason to wait for the rest of its attempts
_SOON = timedelta(seconds=5)
_WITHOUT_ERROR = {True: "its provider takes no more at present", False: "it is on its way"}
_SHOWN = 20  # unsent messages that are printed; --json has up to a page of them
_NOBODY = "unaddressed"
_BESIDE = {True: "summary", False: "from before"}  # of messages without a new alert


@dataclass(slots=True)
class Ticked:
    """What is known at the end. `messages` are those without a new alert: summaries, and what had waited. `gave_up` is
    what was still waited for when the patience ended.
    """

    now: datetime
    swept_at: datetime | None = None
    alerts: list[dict[str, Any]] = field(default_factory=list)
    messages: list[dict[str, Any]] = field(default_factory=list)
    unsent: list[dict[str, Any]] = field(default_factory=list)
    gave_up: str | None = None


def tick(
    now: Annotated[str, typer.Option(help="The instant to move to, like 2023-03-17T08:00:00+07:00.")],
    timeout: Annotated[float, typer.Option(min=1, help="Seconds to wait for the services.")] = 60,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Move the simulated clock forward, never back; sweep once; wait until what is due is handed over, and print it.

    A message whose provider is away isn't waited for: it is printed with the time of its next attempt and the reason.
    """
    try:
        target = instant(now)
    except ScalarError as error:
        raise ValueError(f"--now: {error}") from None
    ticked = with_database(lambda connection: _tick(connection, target, patience=timeout))
    if as_json:
        typer.echo(json.dumps(asdict(ticked), ensure_ascii=False, default=_as_text))
    else:
        _show(ticked)
    if ticked.gave_up is not None:
        raise ValueError(f"gave up after {timeout:g} s: {ticked.gave_up}. The clock has been moved")


async def _tick(connection: Connection, target: datetime, *, patience: float) -> Ticked:
    running = await store.read_clock(connection)
    if running is None:
        raise ValueError("no simulated clock runs here: start the services with KIP_CLOCK set ('make run' does)")
    if await restore_store.awaited(connection) is not None:
        raise ValueError("a restore awaits its replay, and nothing is swept until then: run 'kip replay'")
    clock = SystemClock(running[0])
    ahead = SystemClock().offset_to(target)
    if not await store.advance_clock(connection, ahead):
        raise ValueError(f"the clock stands at {clock.now().isoformat(timespec='seconds')} and never goes back")
    ticked = Ticked(target, gave_up=await _wait_until_handed_over(connection, target, patience))
    _, swept_at, _ = await sweep_store.last_sweep(connection)
    ticked.swept_at = swept_at if swept_at and swept_at >= target else None
    ticked.alerts = await _alerts(connection, target)
    ticked.messages = await _messages(connection, target)
    now = SystemClock(ahead).now()
    ticked.unsent = [_unsent(row, now) for row in await message_store.unsent(connection, _PAGE)]
    return ticked


async def _wait_until_handed_over(connection: Connection, target: datetime, patience: float) -> str | None:
    """Wait for the services, the sweep and the messages, in this order; what is missing when the patience ends."""
    loop = asyncio.get_running_loop()
    deadline = loop.time() + patience

    async def until(done: Callable[[], Awaitable[str | None]]) -> str | None:
        while (missing := await done()) is not None:
            if loop.time() > deadline:
                return missing
            await asyncio.sleep(_POLL_SECONDS)
        return None

    if missing := await until(lambda: _followed(connection)):
        return missing
    request = await sweep_store.request_sweep(connection)
    if missing := await until(lambda: _swept(connection, request, target)):
        return missing
    return await until(lambda: _delivered(connection, target, timedelta(seconds=deadline - loop.time())))


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


async def _delivered(connection: Connection, target: datetime, patience: timedelta) -> str | None:
    count = await message_store.on_their_way(connection, target, _TRIES, _SOON, patience)
    if count:
        return f"{count} messages are still on their way"
    changes = await change_store.unpublished(connection)
    return f"{changes} changes of obligations are not published yet" if changes else None


def _unsent(row: Unsent, now: datetime) -> dict[str, Any]:
    """One message that has not gone out: until when it waits, on the run's clock, and why."""
    quiet_until = row.not_before if row.not_before is not None and row.not_before > now else None
    why = "the officer's quiet hours" if quiet_until else row.error or _WITHOUT_ERROR[row.state == "waiting"]
    return {
        "message": str(row.id),
        "officer": row.officer,
        "channel": row.channel,
        "attempts": row.attempts,
        "until": quiet_until or now + row.wait,
        "why": why,
    }


async def _alerts(connection: Connection, since: datetime) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    after = 0
    while True:
        page = await read_store.alerts(
            connection, units=None, officer=None, step=None, since=since, after=after, limit=_PAGE
        )
        names = await store.read_names(connection, {row.unit for row in page})
        found.extend(
            {
                "step": row.step,
                "unit": row.unit,
                "unit_name": names.get(row.unit, row.unit),
                "agency": row.agency,
                "report": row.report,
                "period": row.period,
                "to": row.addressed_unit,
                "officer": row.officer_name,
                "channel": row.channel,
                "state": row.state,
                "message": row.message and str(row.message),
                "error": row.error,
            }
            for row in page
        )
        if len(page) < _PAGE:
            return found
        after = page[-1].id


async def _messages(connection: Connection, since: datetime) -> list[dict[str, Any]]:
    rows = await read_store.messages_beside(connection, since)
    names = await store.read_names(connection, {row.unit for row in rows})
    return [
        {
            "message": str(row.id),
            "about": _BESIDE[row.summary],
            "programme": row.programme,
            "to": row.unit,
            "to_name": names.get(row.unit, row.unit),
            "officer": row.officer_name,
            "channel": row.channel,
            "state": row.state,
            "error": row.error,
        }
        for row in rows
    ]


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _show(ticked: Ticked) -> None:
    rows = [
        *map(_listed, (row for row in ticked.alerts if row["state"] != _NOBODY)),
        *_folded(ticked.alerts),
        *map(_listed_beside, ticked.messages),
    ]
    if rows:
        print_listing(out(), ("step", "unit", "report", "officer", "channel", "state"), rows)
    swept = "swept" if ticked.swept_at is not None else "not swept"
    out().print(f"{ticked.now.isoformat()}: {swept}; {_counted(ticked)}", highlight=False)
    for row in ticked.unsent[:_SHOWN]:
        until = row["until"].astimezone(ticked.now.tzinfo).isoformat(timespec="seconds")
        tried = f", {row['channel']}, {row['attempts']} attempts" if row["channel"] else ""
        text = f"postponed until {until}: {row['officer']}{tried}: {row['why']}"
        out().print(text, highlight=False, markup=False, soft_wrap=True)
    if len(ticked.unsent) > _SHOWN:
        out().print(f"… and {len(ticked.unsent) - _SHOWN:,} more; --json lists them", highlight=False)


def _counted(ticked: Ticked) -> str:
    """Say in what states the alerts are, and the messages beside them: `5 sent; summary: 2 sent`."""
    told: dict[str, Counter[str]] = {"": Counter(row["state"] for row in ticked.alerts)}
    for row in ticked.messages:
        told.setdefault(f"{row['about']}: ", Counter())[row["state"]] += 1
    parts = (
        about + ", ".join(f"{count:,} {state}" for state, count in sorted(states.items()))
        for about, states in told.items()
        if states
    )
    return "; ".join(parts) or "nothing was due"


def _folded(alerts: Sequence[Mapping[str, Any]]) -> list[tuple[str, ...]]:
    """Make one line of each step of a report that found nobody: of a country there are thousands."""
    found = Counter((row["step"], f"{row['report']} {row['period']}") for row in alerts if row["state"] == _NOBODY)
    return [
        (step, f"{count:,} of them", report, "nobody known", "", _NOBODY) for (step, report), count in found.items()
    ]


def _listed_beside(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        row["about"],
        f"{row['to_name']} ({row['to']})",
        row["programme"],
        row["officer"] or "nobody known",
        row["channel"] or "",
        row["state"] + (f": {row['error']}" if row["error"] else ""),
    )


def _listed(row: Mapping[str, Any]) -> tuple[str, ...]:
    return (
        row["step"],
        f"{row['unit_name']} ({row['unit']})",
        f"{row['report']} {row['period']}",
        row["officer"] or "nobody known",
        row["channel"] or "",
        row["state"] + (f": {row['error']}" if row["error"] else ""),
    )
