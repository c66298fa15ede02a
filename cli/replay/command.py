"""The command `kip replay`."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import partial
from typing import Annotated, Any

import typer
from faststream.rabbit import RabbitBroker
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.checks import read_registry
from cli.console import err, out
from cli.database import with_database
from cli.listing import print_listing
from cli.replay.beginning import beginning, going_on
from cli.replay.replaying import Replay, Replayed, audited, oldest, place
from cli.replay.settling import PUBLISH_SECONDS, release, settled
from services.notifications.messages import uncertain_store
from services.notifications.obligations import obligation_store
from shared.broker.answering import answered_within
from shared.broker.client import BROKER_AWAY, UnroutableError, make_broker, publish_events
from shared.broker.message import Message, new_id
from shared.broker.topology import PROBE_KEY
from shared.database.connections import Connection
from shared.journal.account_store import Position
from shared.journal.reading import Start, end_by
from shared.registry import restore_store
from shared.registry.restore_store import Lost
from shared.runtime import tls
from shared.runtime.clock import SystemClock
from shared.runtime.config import Settings, load_settings
from shared.values.scalars import ScalarError, instant

_NOTHING = "no restore awaits its replay"
_LOST = (
    "lost, and known to nobody: decisions, acknowledgements, drafts, officers and keys that were changed, and what was "
    "still in intake's spool, between {since} and {until}"
)


@dataclass(frozen=True, slots=True)
class Report:
    """What `--json` prints. `begin` is an offset of the journal or an instant; `uncertain` counts messages; `missing`
    is what was still waited for when the patience ended.
    """

    since: datetime
    until: datetime
    begin: Start
    end: int
    read: int
    known: int
    published: dict[str, int]
    uncertain: int
    dry_run: bool
    missing: str | None


def replay(
    since: Annotated[
        str | None, typer.Option(help="Begin at this instant, like 2026-11-21T19:00:00+07:00. Default: by the backup.")
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would be published.")] = False,
    uncertain: Annotated[
        bool, typer.Option("--uncertain", help="List the messages that may have been sent before the restore.")
    ] = False,
    send_uncertain: Annotated[
        bool, typer.Option("--send-uncertain", help="Send those messages, perhaps a second time.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """After a restore of the database: apply again what the journal has of the time that was lost.

    Until it has ended notifications is held. It can be broken off and run again. Exit code 1 where the journal begins
    too late: the gap is named.
    """
    if sum((uncertain, send_uncertain, bool(since) or dry_run)) > 1:
        raise ValueError("expected one of --uncertain, --send-uncertain, or a replay with --since and --dry-run")
    if uncertain:
        _list(with_database(uncertain_store.uncertain), as_json=as_json)
    elif send_uncertain:
        _sent(with_database(_send), as_json=as_json)
    else:
        try:
            asked = instant(since) if since else None
        except ScalarError as error:
            raise ValueError(f"--since: {error}") from None
        settings = load_settings()
        try:
            done = with_database(partial(_replay, settings, asked, dry_run=dry_run, quiet=as_json))
        except UnroutableError as error:
            raise ValueError(str(error)) from None
        _show(done, as_json=as_json)


async def _send(connection: Connection) -> int:
    if await restore_store.awaited(connection) is not None:
        raise ValueError("a restore awaits its replay: run 'kip replay' first")
    async with connection.transaction():
        sent = await uncertain_store.send(connection)
        await obligation_store.request_sweep(connection)
    return sent


async def _replay(
    settings: Settings, asked: datetime | None, connection: Connection, *, dry_run: bool, quiet: bool
) -> Report | None:
    """Replay what awaits it; None where nothing does. The order is that of `cli/replay/__init__.py`."""
    lost = await restore_store.awaited(connection)
    if lost is None:
        return None
    if not await restore_store.try_replay_lock(connection):
        raise ValueError("another 'kip replay' is at work on this database")
    url = settings.amqp_url.get_secret_value()
    async with _publisher(url) as broker:
        begin, end = await _bounds(url, broker, connection, asked, lost, dry_run=dry_run)
        with _progress(quiet=quiet) as progress:
            task = progress.add_task(
                "replaying", total=max(0, end.offset - begin + 1) if isinstance(begin, int) else None
            )
            work = Replay(
                url, connection, await read_registry(connection), settings.partitions,
                publish=None if dry_run else partial(_publish, broker), make_id=new_id,
                done=_nothing if dry_run else partial(restore_store.advance, connection),
                advance=partial(progress.advance, task), tell=progress.console.print,
            )  # fmt: skip
            done = Replayed() if isinstance(begin, int) and begin > end.offset else await work.run(begin, end.offset)
        missing = None
        if not dry_run:
            await release(connection, end)
            missing = await settled(work, broker, SystemClock().now)
    held_back = await uncertain_store.count(connection)
    return Report(*lost, begin, end.offset, **asdict(done), uncertain=held_back, dry_run=dry_run, missing=missing)


async def _bounds(
    url: str, broker: RabbitBroker, connection: Connection, asked: datetime | None, lost: Lost, *, dry_run: bool
) -> tuple[Start, Position]:
    """Find where to begin and the last entry to replay. A replay that was broken off goes on where it was, if the
    journal is still the one that it read.
    """
    standing, first = await restore_store.under_way(connection), await oldest(url)
    if standing is not None and await place(url, Position(standing.end, standing.message)) is None:
        standing = None
    if standing is not None and standing.done is not None and asked is None:
        return going_on(standing.done, lost, first), Position(standing.end, standing.message)
    begin = beginning(asked, lost, first, await audited(url, connection))
    if standing is not None:
        return begin, Position(standing.end, standing.message)
    message = new_id()
    end = await end_by(url, lambda probe: _publish(broker, Message(probe, PROBE_KEY, b"[]")), message)
    if not dry_run:
        await restore_store.begin(connection, end, message)
    return begin, Position(end, message)


@asynccontextmanager
async def _publisher(url: str) -> AsyncIterator[RabbitBroker]:
    broker = make_broker(url, name="kip-replay")
    try:
        async with answered_within(PUBLISH_SECONDS):
            await broker.connect()
    except BROKER_AWAY as error:
        raise ValueError(f"the broker of KIP_AMQP_URL can't be asked: {tls.reason(error, 'AMQP')}") from None
    try:
        yield broker
    finally:
        await broker.stop()


async def _publish(broker: RabbitBroker, message: Message) -> None:
    await publish_events(broker, message, SystemClock().now(), PUBLISH_SECONDS)


async def _nothing(_: int) -> None:
    """A dry run writes nothing down."""
    await asyncio.sleep(0)


def _progress(*, quiet: bool) -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err(), disable=quiet, transient=True)


def _show(done: Report | None, *, as_json: bool) -> None:
    if as_json:
        found = None if done is None else asdict(done)
        typer.echo(json.dumps({"replayed": found}, default=_as_text))
        return
    if done is None:
        out().print(_NOTHING)
        return
    kinds = ", ".join(f"{count:,} {kind}" for kind, count in sorted(done.published.items())) or "none"
    would = "would be published" if done.dry_run else "published"
    out().print(f"{done.read:,} entries of the journal read; messages {would} again: {kinds}", highlight=False)
    since, until = (it.isoformat(timespec="seconds") for it in (done.since, done.until))
    out().print(_LOST.format(since=since, until=until), highlight=False)
    if done.dry_run:
        return
    if done.uncertain:
        out().print(
            f"{done.uncertain:,} messages may have been sent before the restore and are kept back: "
            "'kip replay --uncertain' lists them, 'kip replay --send-uncertain' sends them",
            highlight=False,
        )
    out().print(f"replayed; {done.missing}" if done.missing else "replayed", highlight=False)


def _list(rows: list[uncertain_store.Uncertain], *, as_json: bool) -> None:
    if as_json:
        found = [row._asdict() | {"officer": row.officer_ref} for row in rows]
        typer.echo(json.dumps([_without(row, "generation") for row in found], default=_as_text))
    elif rows:
        table = [
            (
                row.unit, f"{row.report} {row.period}".strip() or row.programme, row.step, row.officer_ref,
                row.made_at.isoformat(timespec="seconds"),
            )
            for row in rows
        ]  # fmt: skip
        print_listing(out(), ("unit", "report", "step", "officer", "since"), table)
    else:
        out().print("no message is uncertain")


def _sent(messages: int, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"sent": messages}))
    else:
        out().print(f"{messages:,} messages are on their way; what is no longer true isn't sent")


def _without(row: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in row.items() if key != name}


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
