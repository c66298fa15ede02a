"""`kip person`: what is kept about the person with an address: handed out, or erased.

Law 91/2025/QH15 on the protection of personal data: docs/operate/personal-data.md.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, NamedTuple

import typer

from cli.console import out
from cli.database import with_database
from cli.officers.looking import whole
from cli.officers.people import Placed, named
from cli.officers.register import Register, read_register
from cli.officers.removing import told
from cli.officers.yes import Yes, agreed
from cli.person.address import Address, address_of, traces
from services.board import person_store as board_store
from services.board.person_store import Ended
from services.notifications import person_store
from services.notifications.person_store import Removed
from shared.database.connections import Connection
from shared.registry.officers import person

person_app = typer.Typer(no_args_is_help=True)
Asked = Annotated[
    str, typer.Argument(help="An e-mail address, a phone number or kind:address, as a file of officers may have it.")
]
Names = Annotated[
    list[str] | None,
    typer.Option("--name", help="Only the officer of this name (may be repeated): where several have one address."),
]
STAYS = (
    "what stays: obligations and figures, which name units and agencies; and under a number, without name or address, "
    "what was sent when, acknowledged, decided and handed in, as the proof of the work of an office",
    "not reached from here: logs and back-ups, which end with their own time (docs/operate/personal-data.md)",
)


class _Erased(NamedTuple):
    ended: list[Ended]
    removed: list[tuple[Placed, Removed]]
    hidden: Mapping[str, int]
    quoted_on_the_way: int
    reported: Mapping[str, int]


@person_app.callback()
def persons() -> None:
    """What is kept about a person: handed out, or erased."""


@person_app.command("export")
def export(address: Asked, names: Names = None) -> None:
    """Print as JSON all that is kept about the person with this address. That it was handed out is noted."""
    wanted = address_of(address)

    async def work(connection: Connection) -> Mapping[str, Any]:
        register = await read_register(connection)
        placed = _theirs(register, wanted, names)
        officers = [one.officer for one in placed]
        kept = [await _kept(connection, one) for one in placed]
        await person_store.audit(connection, "exported", officers)
        return {
            "address": address, "at": register.now, "officers": kept, "deputy_of": _stands_in_for(register, placed),
            "events_that_mention_them": await _reported(connection, traces(wanted, officers)),
        }  # fmt: skip

    typer.echo(json.dumps(with_database(work), default=str, ensure_ascii=False, indent=1))


@person_app.command("erase")
def erase(address: Asked, names: Names = None, yes: Yes = False) -> None:
    """Erase the person with this address: rows, links, messages on their way, and texts that quote them.

    Safe to repeat. Says what was erased, and what stays and why.
    """
    wanted = address_of(address)

    async def find(connection: Connection) -> tuple[list[Placed], datetime]:
        register = await read_register(connection)
        return _theirs(register, wanted, names), register.now

    placed, now = with_database(find)
    for one in placed:
        out().print(f"{_whom(one)}", markup=False, soft_wrap=True)
    if not placed:
        out().print("no officer with this address is registered; texts are looked through all the same", soft_wrap=True)
    agreed("Erase all that is kept about them? It can't be undone.", yes=yes or not placed)

    for line in _said(with_database(lambda connection: _erase(connection, wanted, placed, now))):
        out().print(line, markup=False, soft_wrap=True)


async def _erase(connection: Connection, wanted: Address, placed: Sequence[Placed], now: datetime) -> _Erased:
    """Erase. What is found by the officers' names and numbers goes once before their rows do, as nobody knows either
    after that: a run that breaks off there hasn't lost them. Once more for what was written meanwhile.
    """
    pattern = traces(wanted, [one.officer for one in placed])
    hidden: Counter[str] = Counter()
    hidden.update(await _hide(connection, pattern, []))
    ended = await _end(connection, placed, now)
    removed = [(one, await person_store.remove(connection, one.officer, "erased")) for one in placed]
    ended += await _end(connection, placed, now)
    hidden.update(await _hide(connection, pattern, [f"email:{wanted.text}"]))
    quoted = await person_store.quoted_on_the_way(connection, pattern)
    return _Erased(ended, removed, hidden, quoted, await _reported(connection, pattern))


async def _kept(connection: Connection, one: Placed) -> Mapping[str, Any]:
    told = whole(one, await person_store.kept_of(connection, [one.officer.id]))
    return {**told, "board": await board_store.kept_of(connection, one.officer.id)}


async def _end(connection: Connection, placed: Sequence[Placed], now: datetime) -> list[Ended]:
    return [await board_store.end(connection, one.officer.id, now) for one in placed]


async def _hide(connection: Connection, pattern: str, channels: Sequence[str]) -> Mapping[str, int]:
    return {
        **await person_store.hide(connection, pattern, channels), **await board_store.hide(connection, pattern)
    }  # fmt: skip


async def _reported(connection: Connection, pattern: str) -> Mapping[str, int]:
    return {
        **await person_store.reported(connection, pattern), **await board_store.quoted_under_way(connection, pattern)
    }  # fmt: skip


def _theirs(register: Register, address: Address, names: Sequence[str] | None) -> list[Placed]:
    """Find the officers with this address. Raises ValueError where they are several persons and none is named."""
    placed = [one for one in register.placed() if address.is_of(one.officer)]
    wanted = {person(name) for name in names or ()}
    if wanted:
        return [one for one in placed if person(one.officer.name) in wanted]
    if len({person(one.officer.name) for one in placed}) > 1:
        there = ", ".join(sorted({one.officer.name for one in placed}))
        raise ValueError(f"several persons have this address ({there}): say whom with --name, once for each name")
    return placed


def _stands_in_for(register: Register, placed: Sequence[Placed]) -> list[Mapping[str, Any]]:
    """List whose deputy they are: the others by number."""
    theirs = {(one.officer.unit, person(one.officer.name)) for one in placed}
    return [
        {"officer": officer.id, "unit": officer.unit, "away_until": officer.away_until}
        for officer in register.officers
        if officer.deputy is not None and (officer.unit, person(officer.deputy)) in theirs
    ]


def _whom(one: Placed) -> str:
    officer = one.officer
    return f"{officer.name} ({officer.id}), {officer.role} of {named(one.registered)}, {officer.agency}"


def _said(erased: _Erased) -> list[str]:
    lines: list[str] = []
    for one, removed in erased.removed:
        lines += [f"erased: the row of officer {one.officer.id} with name and addresses", *told(removed)]
    lines += _ended(erased.ended)
    lines += [f"erased: what quoted them in {count} rows of {table}" for table, count in erased.hidden.items()]
    if erased.quoted_on_the_way:
        lines.append(
            f"still there: {erased.quoted_on_the_way} messages on their way to others quote them in their last error, "
            "which goes when they arrive: repeat this tomorrow"
        )
    lines += [
        f"still there: {count} rows of {table} hold an event's own text that mentions them; its sender corrects it"
        for table, count in erased.reported.items()
    ]
    return [*lines, *STAYS]


def _ended(ended: Sequence[Ended]) -> list[str]:
    """Say what ended on the board, of all of them together."""
    total = Ended(*map(sum, zip(*ended, strict=True))) if ended else None
    if total is None or not any(total):
        return []
    return [
        f"erased on the board: {total.sessions} sessions, {total.invitations} links of operators, "
        f"{total.drafts} drafts, the reasons in {total.reasons} submissions; "
        f"{total.under_way} that were not answered are not sent again"
    ]
