"""`kip zalo token`: gives notifications a refresh token of Zalo's official account, where it has none that is good."""

import sys

import typer

from cli.database import with_database
from cli.doctor.zalo import missing_settings
from services.notifications.messages.channels import zalo_store
from services.notifications.messages.channels.zalo_api import LONGEST_TOKEN, REFRESH_LIFE, is_token
from shared.database.connections import Connection
from shared.runtime.clock import SystemClock
from shared.runtime.config import load_settings

zalo_app = typer.Typer(help="Zalo's official account.", no_args_is_help=True)
_EXPECTED = (
    "expected a refresh token, one word of ASCII: from Zalo's API Explorer, or after the administrator's consent"
)


@zalo_app.callback()
def zalo() -> None:
    """Zalo's official account."""


@zalo_app.command("token")
def token() -> None:
    """Take a new refresh token from standard input (a terminal asks, and shows nothing): it goes before all others."""
    text = (
        typer.prompt("Refresh token", hide_input=True) if sys.stdin.isatty() else sys.stdin.read(LONGEST_TOKEN + 1)
    ).strip()
    if not is_token(text):
        raise ValueError(_EXPECTED)  # without what came: it may be a token after all

    async def work(connection: Connection) -> None:
        now = SystemClock().now()
        await zalo_store.give(connection, text, now, now + REFRESH_LIFE)

    with_database(work)
    lacking = missing_settings(load_settings())
    needed = f"; {lacking} here, and it needs both" if lacking else ""
    typer.echo(f"taken: notifications uses it within half a minute{needed} ('kip doctor' tells how it stands)")
