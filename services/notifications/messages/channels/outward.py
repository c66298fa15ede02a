"""Connections that lead only where this installation allows: judged by the address that is really connected to.

A name is resolved once, here, and what it gave is connected to as a number: a name that says something else a moment
later (DNS rebinding) changes nothing.
"""

import asyncio
from collections.abc import Iterable, Sequence
from ipaddress import ip_address
from socket import AddressFamily, SocketKind, gaierror
from typing import Any, Protocol

import httpcore

from services.notifications.messages.channels import DeliveryError
from shared.registry.destinations import Destinations

_MOST_ADDRESSES = 4  # of one name that are tried
_Resolved = Sequence[tuple[AddressFamily, SocketKind, int, str, tuple[Any, ...]]]


class Resolve(Protocol):
    """Asks for a name's addresses, as `getaddrinfo` does."""

    async def __call__(self, host: str, port: int, *, type: SocketKind) -> _Resolved: ...  # noqa: A002 - its name


class Outward(httpcore.AsyncNetworkBackend):
    """Opens connections to destinations that are allowed. `resolve` is asked for names; without it the system is."""

    def __init__(self, destinations: Destinations, resolve: Resolve | None = None) -> None:
        self.destinations = destinations
        self._resolve = resolve
        self._inner = httpcore.AnyIOBackend()

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's signature
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Connect to an address of the host that may be reached. Raises DeliveryError, for good, where none may be."""
        failure: Exception | None = None
        for address in await self._allowed(host, port, timeout):
            try:
                return await self._inner.connect_tcp(address, port, timeout, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
        raise failure or httpcore.ConnectError("the name has no address")

    async def connect_unix_socket(
        self,
        path: str,
        timeout: float | None = None,  # noqa: ASYNC109
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.AsyncNetworkStream:
        """Refuse: a socket of this machine is nobody's address."""
        raise httpcore.UnsupportedProtocol("expected a host")

    async def sleep(self, seconds: float) -> None:
        """Sleep between two attempts, as httpcore asks."""
        await asyncio.sleep(seconds)

    async def _allowed(self, host: str, port: int, seconds: float | None) -> list[str]:
        resolve = self._resolve or asyncio.get_running_loop().getaddrinfo
        try:
            async with asyncio.timeout(seconds):
                found = await resolve(host, port, type=SocketKind.SOCK_STREAM)
        except TimeoutError as error:
            raise httpcore.ConnectTimeout("the name was not resolved in time") from error
        except (gaierror, UnicodeError) as error:
            raise httpcore.ConnectError(f"the name was not resolved: {error}") from error
        addresses = list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))
        faults = [self.destinations.host_fault(ip_address(address)) for address in addresses]
        allowed = [address for address, fault in zip(addresses, faults, strict=True) if fault is None]
        if addresses and not allowed:
            raise DeliveryError(faults[0] or "", permanent=True)
        return allowed[:_MOST_ADDRESSES]
