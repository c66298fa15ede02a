"""Officers' addresses: whether each may be sent to, and where the names of webhooks lead."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from ipaddress import ip_address
from socket import SocketKind

import asyncpg

from cli.doctor import doctor_store
from cli.doctor.finding import Finding, bad, good, unsure
from shared.database.connections import Hosts
from shared.registry.destinations import APPRISE, WEBHOOK, Destinations, host_and_port

MOST_HOSTS = 50
SECONDS = 5.0
NAMED = 5
CURE = "mend the officers' file and import it again, or the setting (docs/notifications.md, Channels)"


async def check_addresses(url: str, destinations: Destinations) -> AsyncIterator[Finding]:
    """Find faults of officers' addresses, without any address or token in the words. Nothing where the database can't
    be asked: another check says so.
    """
    try:
        connection = await Hosts(url).connect(server_settings={"application_name": "kip-doctor"})
        try:
            rows = await doctor_store.addresses(connection, [WEBHOOK, APPRISE])
        finally:
            await connection.close(timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError, ValueError):
        return
    faults = [fault for row in rows if (fault := destinations.fault(row["kind"], row["address"]))]
    webhooks = [
        row["address"] for row in rows if row["kind"] == WEBHOOK and not destinations.fault(WEBHOOK, row["address"])
    ]
    hosts = sorted({host_and_port(address) for address in webhooks})
    found = await asyncio.gather(*(_leads(host, port, destinations) for host, port in hosts[:MOST_HOSTS]))
    if faults or any(found):
        yield bad("officers.addresses", _shown([*faults, *(fault for fault in found if fault)]), CURE)
    elif len(hosts) > MOST_HOSTS:
        yield unsure("officers.addresses", f"{MOST_HOSTS} of {len(hosts)} webhooks' hosts were looked at", CURE)
    else:
        yield good("officers.addresses", f"{len(rows)} webhooks and other services may be sent to")


async def _leads(host: str, port: int, destinations: Destinations) -> str | None:
    """Say why a webhook's host is not connected to. Where it can't be resolved now, that is no fault of the address."""
    try:
        async with asyncio.timeout(SECONDS):
            found = await asyncio.get_running_loop().getaddrinfo(host, port, type=SocketKind.SOCK_STREAM)
    except (OSError, UnicodeError):
        return None
    faults = [destinations.host_fault(ip_address(str(sockaddr[0]))) for *_, sockaddr in found]
    return f"{host} leads nowhere that may be reached: {faults[0]}" if faults and all(faults) else None


def _shown(faults: Iterable[str]) -> str:
    told = sorted(set(faults))
    return "; ".join(told[:NAMED]) + (f" and {len(told) - NAMED} more" if len(told) > NAMED else "")
