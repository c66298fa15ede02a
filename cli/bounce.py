"""`kip bounce`: takes the mail that came back, from a mail server's pipe or a mailbox."""

import mailbox
import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import Annotated, NamedTuple, TypeVar

import typer

from cli.console import out
from cli.database import with_database
from cli.listing import print_listing
from services.notifications.messages import bounce_store
from services.notifications.messages.bounce_report import LONGEST, read_report
from services.notifications.messages.return_path import ReturnPaths
from shared.database.connections import DATABASE_AWAY, Connection
from shared.registry.store import read_clock
from shared.runtime.clock import SystemClock
from shared.runtime.config import load_settings

bounce_app = typer.Typer(help="Mail that came back.", invoke_without_command=True)
TRY_AGAIN = 75  # EX_TEMPFAIL: a mail server keeps what it pipes here, and tries again
_MOST_LISTED = 10_000
Result = TypeVar("Result")


class Mail(NamedTuple):
    """A mail that came back: what it is called, and what reads it and marks it as settled."""

    name: str
    read: Callable[[], bytes]
    settled: Callable[[], object]


@bounce_app.callback()
def bounce(
    context: typer.Context,
    path: Annotated[
        Path | None,
        typer.Option("--mailbox", exists=True, help="A maildir or an mbox file; absent: one mail, standard input."),
    ] = None,
    to: Annotated[str, typer.Option(help="The address that it came to, where the mail server knows it.")] = "",
) -> None:
    """Take mail that came back: mark dead addresses, and have their messages go on to the officer's next one."""
    if context.invoked_subcommand is not None:
        return
    mails = _standard_input() if path is None else _mailbox(path)
    try:
        early = with_database(lambda connection: _settle_all(mails, to, connection))
    except DATABASE_AWAY as error:
        typer.echo(f"kip: the database is away: {type(error).__name__}", err=True)
        raise typer.Exit(TRY_AGAIN) from error
    if early and path is None:
        raise typer.Exit(TRY_AGAIN)


@bounce_app.command("list")
def list_dead() -> None:
    """List the addresses that take no mail."""
    rows = with_database(lambda connection: bounce_store.dead_addresses(connection, _MOST_LISTED))
    if not rows:
        out().print("no address is dead")
        return
    print_listing(
        out(),
        ("address", "since", "status", "reason"),
        [(row.address, f"{row.since:%Y-%m-%d}", row.status, row.reason) for row in rows],
    )
    if len(rows) == _MOST_LISTED:
        out().print(f"the latest {_MOST_LISTED:,} of them; kip_dead_addresses counts all")


@bounce_app.command("forget")
def forget(address: Annotated[str, typer.Argument(help="Like a@b.vn.")]) -> None:
    """Take an address as good again."""
    channel = f"email:{address.removeprefix('email:')}"
    if not with_database(lambda connection: bounce_store.forget(connection, [channel])):
        raise ValueError("this address is not dead")
    typer.echo("taken as good again")


async def _settle_all(mails: Iterable[Mail], to: str, connection: Connection) -> int:
    """Settle these mails, one after the other, on one connection; count those that came too early.

    One that can't be read or marked as seen is named, and left for the next time.
    """
    secret = await bounce_store.read_secret(connection)
    if secret is None:
        raise ValueError("no mail has gone out with a return path yet: is KIP_MAIL_BOUNCE set for notifications?")
    paths = ReturnPaths(load_settings().mail_bounce, secret)
    running = await read_clock(connection)
    clock = SystemClock(running[0]) if running else SystemClock()
    early = 0
    for mail in mails:
        raw = _unless_gone(mail.name, mail.read)
        if raw is None:
            continue
        report = read_report(raw)
        ended = await bounce_store.settle(connection, report, paths.read((to, *report.places)), clock.now())
        typer.echo(ended)
        if ended == bounce_store.TOO_EARLY:
            early += 1
        else:
            _unless_gone(mail.name, mail.settled)
    return early


def _unless_gone(name: str, work: Callable[[], Result]) -> Result | None:
    """Do it; None, and a note, where the file is another program's or gone."""
    try:
        return work()
    except (OSError, KeyError) as error:
        typer.echo(f"kip: {name} was passed over: {type(error).__name__}", err=True)
        return None


def _standard_input() -> Iterator[Mail]:
    def read() -> bytes:
        raw = sys.stdin.buffer.read(LONGEST)
        while sys.stdin.buffer.read(LONGEST):  # to the end, or whoever pipes calls it a failure
            pass
        return raw

    yield Mail("standard input", read, lambda: None)


def _mailbox(path: Path) -> Iterator[Mail]:
    """List the new mails of a maildir, each marked as seen once settled, or all of an mbox: a repeat does nothing."""
    if not path.is_dir():
        box = mailbox.mbox(path, create=False)
        for key in box.iterkeys():
            yield Mail(f"mail {key}", partial(_of_mbox, box, key), lambda: None)
        return
    for file in sorted((path / "new").iterdir()):
        yield Mail(file.name, partial(_of_file, file), partial(file.rename, path / "cur" / f"{file.name}:2,S"))


def _of_mbox(box: mailbox.mbox, key: str) -> bytes:
    with box.get_file(key) as kept:
        return kept.read(LONGEST)


def _of_file(file: Path) -> bytes:
    with file.open("rb") as mail:
        return mail.read(LONGEST)
