"""`kip officer revoke`: ends what an officer was given so far; the officer stays, and gets new links by mail."""

from cli.console import out
from cli.database import with_database
from cli.officers.looking import AtUnit, ForAgency, Name
from cli.officers.people import described, nobody
from cli.officers.register import officer_at
from shared.database.connections import Connection
from shared.registry.officer_store import revoke


def revoke_officer(name: Name, unit: AtUnit, agency: ForAgency = None) -> None:
    """End every link, session and device of an officer, at once. Their next message has a link that works."""

    async def work(connection: Connection) -> str:
        one = await officer_at(connection, name, unit, agency)
        if one is None or not await revoke(connection, one.officer.id):
            raise nobody(name, unit)
        return described(one)

    out().print(f"revoked every link, session and device of {with_database(work)}", markup=False, soft_wrap=True)
