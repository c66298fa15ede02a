"""`kip board link`: an operator's link for an officer, who has no message or no address that a code can go to."""

import secrets
from typing import Annotated

import typer

from cli.console import err, out
from cli.database import with_database
from cli.officers.looking import AtUnit, ForAgency, Name
from cli.officers.people import described, nobody
from cli.officers.register import officer_at
from services.board.access import act_store, invitation_store
from services.board.access.sessions import SECRET_BYTES, hash_of
from services.board.access.site import site_of
from shared.database.connections import Connection
from shared.runtime.clock import SystemClock
from shared.runtime.config import load_settings


def make_link(
    name: Name,
    unit: AtUnit,
    agency: ForAgency = None,
    verified: Annotated[
        bool, typer.Option("--verified", help="Whoever opens it is that officer: their device needs no code.")
    ] = False,
) -> None:
    """Make a link for an officer, good once within 24 hours, and note that in the board's audit.

    With --verified you vouch that it reaches the officer: give it to them yourself.
    """
    origin = site_of(load_settings()).origin
    token = secrets.token_urlsafe(SECRET_BYTES)

    async def work(connection: Connection) -> str:
        one = await officer_at(connection, name, unit, agency)
        if one is None:
            raise nobody(name, unit)
        now, ref = SystemClock().now(), one.officer.ref
        async with connection.transaction():
            await invitation_store.add(connection, hash_of(token), ref, verified=verified, now=now)
            outcome = "verified" if verified else "unverified"
            await act_store.note(connection, now, ref, None, "invite", outcome=outcome)
        return described(one)

    whom = with_database(work)
    err().print(f"for {whom}, once within 24 hours:", markup=False, soft_wrap=True)
    out().print(f"{origin}/l/{token}", markup=False, highlight=False, soft_wrap=True)
