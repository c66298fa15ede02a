"""`kip board`: what the board needs of whoever runs the system."""

import re
from datetime import datetime, timedelta

import typer

from cli.board_link import make_link
from cli.console import out
from cli.transaction import in_transaction
from shared.access.keys import PREFIX, hash_key
from shared.database.connections import Connection
from shared.domain.events import BOARD_SENDER, Kind
from shared.registry import source_store, store
from shared.registry.source_store import Source
from shared.runtime.config import MissingSettingError, Settings, load_settings

board_app = typer.Typer(no_args_is_help=True)
FORMER_KEYS_GO_ON = timedelta(hours=24)  # until every replica has the new one
KEY = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}")  # as long as those that we make: 256 bits
MAKE_ONE = f"printf {PREFIX}%s \"$(openssl rand -base64 32 | tr '+/' '-_' | tr -d '=')\" > FILE"


@board_app.callback()
def board() -> None:
    """The board, which people look at."""


board_app.command("link")(make_link)


@board_app.command("key")
def let_key_in() -> None:
    """Let in the board's key: that of KIP_BOARD_KEY_FILE. Safe to run again.

    It reads every unit, small numbers included, and acts for officers: each service looks at what that officer may do.
    After another key was written there its former one goes on for 24 h;
    'kip source revoke kip-board' ends all at once.
    """
    key = hash_key(_key_of(load_settings()))
    out(soft_wrap=True).print(
        in_transaction("kip board", lambda connection, now: _put(connection, key, now)), highlight=False
    )


def _key_of(settings: Settings) -> str:
    if settings.board_key is None:
        raise MissingSettingError(f"KIP_BOARD_KEY_FILE: is not set: name a file with a key in it, made by\n{MAKE_ONE}")
    key = settings.board_key.get_secret_value()
    if not KEY.fullmatch(key):
        raise ValueError(f"KIP_BOARD_KEY_FILE: expected {PREFIX} and 256 random bits; make a key by\n{MAKE_ONE}")
    return key


async def _put(connection: Connection, key: bytes, now: datetime) -> str:
    """Make the board's sender with the rights of this version, and this key its own; say what was done."""
    nation = await store.unit_or_root(connection, None)
    if nation is None:
        raise ValueError("no units are loaded: run 'kip load' first")
    rights = Source(
        BOARD_SENDER, nation, sorted(Kind), None, True, None, loses_429=False, small_numbers=True, can_act=True
    )
    await source_store.put_source(connection, rights, now)
    known = await source_store.find_key(connection, key)
    if known is None:
        ending = await source_store.end_keys(connection, BOARD_SENDER, now + FORMER_KEYS_GO_ON)
        await source_store.add_key(connection, BOARD_SENDER, key, now)
        return f"the board's key is let in; {ending} former one(s) go on for 24 h"
    if known.source != BOARD_SENDER or known.revoked or known.expires_at is not None:
        what = f"belongs to {known.source}" if known.source != BOARD_SENDER else "was ended before"
        raise ValueError(f"KIP_BOARD_KEY_FILE: this key {what}; make another by\n{MAKE_ONE}")
    return "the board's key is let in already"
