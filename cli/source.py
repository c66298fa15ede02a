"""`kip source`: senders, what they may post and read, and their keys."""

import json
from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer

from cli.console import out
from cli.listing import print_listing
from cli.transaction import in_transaction
from shared.access.keys import hash_key, new_key
from shared.database.connections import Connection
from shared.domain.events import DECIDE, Kind
from shared.registry import source_store, store
from shared.registry.source_store import Source
from shared.runtime.clock import SystemClock
from shared.values.names import expected_instead, spaced
from shared.values.personal_data import in_text

source_app = typer.Typer(no_args_is_help=True)
CLIENT = "kip source"
MOST_HOURS = 24 * 366  # of an overlap: two keys for ever are no rotation
Name = Annotated[str, typer.Argument(help="The sender's name, shown with its events.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Reads = Annotated[bool, typer.Option("--read", help="It may read; it posts then what --kinds names.")]
Acts = Annotated[
    bool,
    typer.Option("--act", help="It posts and decides for officers whom each request names, and nothing of its own."),
]
SmallNumbers = Annotated[
    bool, typer.Option("--small-numbers", help="It reads small counts of sensitive indicators: an office's key.")
]


@source_app.callback()
def source() -> None:
    """Senders and their keys."""


@source_app.command("add")
def add_source(
    name: Name,
    subtree: Annotated[
        str | None, typer.Option(help="The unit (uid) below which it may post and read; the nation if absent.")
    ] = None,
    kinds: Annotated[
        str | None, typer.Option(help="Kinds that it may post, with commas; all if absent, none if it only reads.")
    ] = None,
    programmes: Annotated[
        str | None, typer.Option(help="Programmes that it may post to and read, with commas; all if absent.")
    ] = None,
    rate: Annotated[
        int | None, typer.Option(min=1, max=2**31 - 1, help="Events a second, per replica; any if absent.")
    ] = None,
    loses_429: Annotated[
        bool, typer.Option("--loses-429", help="Answer 503 over the rate: the sender (Kobo) never repeats a 429.")
    ] = False,
    read: Reads = False,
    small_numbers: SmallNumbers = False,
    act: Acts = False,
    as_json: AsJson = False,
) -> None:
    """Add a sender and print its key, once: it is kept as a hash only."""
    wanted = _words(kinds) or ([] if read and not act else None)
    _check(name, wanted or (), blind=small_numbers and not read)
    key = new_key()

    async def work(connection: Connection, now: datetime) -> None:
        limit = _words(programmes)
        holder = await _holder(connection, subtree, limit or [])
        made = Source(name, holder, wanted, limit, read, rate, loses_429, small_numbers, act)
        if not await source_store.add_source(connection, made, now):
            raise ValueError(f"source {name} is there already; 'kip source rotate {name}' gives it a new key")
        await source_store.add_key(connection, name, hash_key(key), now)

    in_transaction(CLIENT, work)
    _show_key(name, key, "added", as_json=as_json)


async def _holder(connection: Connection, subtree: str | None, programmes: list[str]) -> str:
    """Find the unit (uid) that the rights are held on. Raises ValueError for a unit or programme that isn't there."""
    holder = await store.unit_or_root(connection, subtree)
    if holder is None:
        raise ValueError(f"--subtree {subtree}: no such unit; expected a uid like 186@1")
    missing = await source_store.unknown_programmes(connection, programmes)
    if missing:
        raise ValueError(f"--programmes: {', '.join(missing)} is not loaded")
    return holder


def _check(name: str, kinds: Collection[str], *, blind: bool) -> None:
    """Raise ValueError for a kind that isn't known, for a name that can't be read or typed again, and for one that may
    be a person's.

    `blind`: the key is to see small numbers and can't read, which is refused too.
    """
    if blind:
        raise ValueError("--small-numbers: belongs to a key that reads; add --read")
    unknown = sorted(set(kinds) - {*map(str, Kind), DECIDE})
    if unknown:
        raise ValueError(f"unknown kind {', '.join(unknown)}: expected {', '.join([*Kind, DECIDE])}")
    expected = expected_instead(spaced(name))
    if expected is not None:
        raise ValueError(f"NAME: expected {expected}, got {name[:60]!a}: name the app or the office")
    if name != spaced(name):
        raise ValueError(f"NAME: expected it on one line with single spaces, got {name!a}: write {spaced(name)!r}")
    if in_text(name, SystemClock().now().year) is not None:  # it stands beside all that the sender posts
        raise ValueError(
            "NAME looks like it holds a person's phone or identity number, e-mail address or birth date: "
            "name the app or the office"
        )


@source_app.command("list")
def list_sources(as_json: AsJson = False) -> None:
    """Every sender, what it may do, and its keys in use (by the beginning of their hash)."""

    async def work(connection: Connection, _: datetime) -> list[Any]:
        return await source_store.list_sources(connection)

    rows = [{**dict(row), "keys": json.loads(row["keys"])} for row in in_transaction(CLIENT, work)]
    if as_json:
        typer.echo(json.dumps(rows, default=str, ensure_ascii=False))
        return
    headings = ("source", "subtree", "kinds", "programmes", "reads", "acts", "rate", "keys")
    print_listing(out(), headings, [_listed(row) for row in rows])


def _listed(row: Mapping[str, Any]) -> tuple[str, ...]:
    keys = [f"{key['key']}{' until ' + key['expires_at'][:16] if key['expires_at'] else ''}" for key in row["keys"]]
    return (
        row["name"], row["subtree"], _shown(row["kinds"]), _shown(row["programmes"]),
        _reads(row), "yes" if row["can_act"] else "", str(row["rate"] or ""), "\n".join(keys) or "none",
    )  # fmt: skip


def _reads(row: Mapping[str, Any]) -> str:
    if not row["can_read"]:
        return ""
    return "yes, small numbers" if row["small_numbers"] else "yes"


@source_app.command("rotate")
def rotate(
    name: Name,
    overlap: Annotated[
        float, typer.Option(min=0, max=MOST_HOURS, help="Hours for which the present keys go on; then they end.")
    ] = 24,
    as_json: AsJson = False,
) -> None:
    """Give a sender a new key. Its present ones go on for the overlap, then end by themselves.

    'kip source revoke NAME --key …' ends one of them at once.
    """
    key = new_key()

    async def work(connection: Connection, now: datetime) -> tuple[int, datetime]:
        await _must_exist(connection, name)
        end = now + timedelta(hours=overlap)
        ending = await source_store.end_keys(connection, name, end)
        await source_store.add_key(connection, name, hash_key(key), now)
        return ending, end

    ending, end = in_transaction(CLIENT, work)
    if overlap:
        others = f"{ending} other key(s) go on for {overlap:g} h and end by themselves at {end.isoformat()[:16]}Z"
    else:
        others = f"{ending} other key(s) have ended"
    _show_key(name, key, f"has a new key; {others}", as_json=as_json)


@source_app.command("revoke")
def revoke(
    name: Name,
    key: Annotated[
        str | None, typer.Option(help="Only the key whose hash begins so, as 'kip source list' shows it.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Revoke a sender's keys, all of them or one, at once and for good, on every replica that reaches the database."""

    async def work(connection: Connection, _: datetime) -> int:
        await _must_exist(connection, name)
        return await source_store.revoke_keys(connection, name, key)

    count = in_transaction(CLIENT, work)
    if count == 0:
        raise ValueError(f"source {name} has no such key in use")
    if as_json:
        typer.echo(json.dumps({"source": name, "revoked": count}))
    else:
        out().print(f"source {name}: {count} key(s) revoked", highlight=False, markup=False, soft_wrap=True)


@source_app.command("audit")
def audit(
    name: Annotated[str | None, typer.Argument(help="Only this sender.")] = None,
    as_json: AsJson = False,
) -> None:
    """Who changed which sender or key, and when."""

    async def work(connection: Connection, _: datetime) -> list[Any]:
        return await source_store.read_audit(connection, name)

    rows = [
        {**dict(row), "old": json.loads(row["old"] or "null"), "new": json.loads(row["new"] or "null")}
        for row in in_transaction(CLIENT, work)
    ]
    if as_json:
        typer.echo(json.dumps(rows, default=str, ensure_ascii=False))
        return
    print_listing(out(), ("at", "role", "by", "source", "what", "to"), [_audited(row) for row in rows])


def _audited(row: Mapping[str, Any]) -> tuple[str, ...]:
    after = {field: value for field, value in (row["new"] or {}).items() if value != (row["old"] or {}).get(field)}
    what = f"{row['operation']} {row['changed']}"
    return str(row["at"])[:19], row["role"], row["client"], row["source"], what, json.dumps(after, ensure_ascii=False)


async def _must_exist(connection: Connection, name: str) -> None:
    if not await source_store.exists(connection, name):
        raise ValueError(f"no source {name}: 'kip source list' shows them")


def _shown(limit: list[str] | None) -> str:
    return "all" if limit is None else ", ".join(limit) or "none"


def _words(text: str | None) -> list[str] | None:
    """Split a list of names; None where nothing is said. A list without any is refused: it might mean none of them, or
    no limit.
    """
    if text is None:
        return None
    words = [word.strip() for word in text.split(",") if word.strip()]
    if not words:
        raise ValueError(f"expected names with commas, got {text!r}; leave the option out where nothing is limited")
    return words


def _show_key(name: str, key: str, what: str, *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps({"source": name, "key": key}))
    else:
        told = f"source {name} {what}. Its key, shown this once:"
        out().print(told, highlight=False, markup=False, soft_wrap=True)
        typer.echo(key)
