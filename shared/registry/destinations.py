"""Which addresses of officers may be sent to. Who writes an officers' file is not whoever runs the machine.

A webhook goes to the internet and nowhere else: not to this machine, its neighbours or a cloud's metadata, unless a
setting names the network. Of what apprise knows, the kinds of service that a setting lists.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Self
from urllib.parse import urlsplit

from shared.runtime.config import Settings

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network
WEBHOOK, APPRISE = "webhook", "apprise"
_WEBHOOK_URL = re.compile(r"https?://[!-~]+")
_PORTS = {"http": 80, "https": 443}
# What IANA's list (or Python's copy of it) calls global, and what yet belongs to the host or its cloud: protocol
# assignments, with Oracle's metadata in them, and Azure's agent endpoint.
_OF_THE_HOST = (ip_network("192.0.0.0/24"), ip_network("168.63.129.16/32"))
_GLOBAL_UNICAST = ip_network("2000::/3")  # RFC 4291; of IPv6 all else is local, mapped or translated


@dataclass(frozen=True, slots=True)
class Destinations:
    """What this installation allows: plain http to webhooks, private networks, apprise's kinds of service."""

    http: bool = False
    networks: tuple[Network, ...] = ()
    schemes: frozenset[str] = frozenset()

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """Read them from the settings."""
        return cls(
            settings.webhook_http,
            tuple(ip_network(text) for text in listed(settings.webhook_networks)),
            frozenset(text.casefold() for text in listed(settings.apprise_schemes)),
        )

    def fault(self, kind: str, address: str) -> str | None:
        """Say why an address of this kind (`webhook`, `apprise`) is not sent to, with the cure; None if it may be.

        Names are not resolved here: what a webhook's name leads to is judged when it is connected to.
        """
        if kind == WEBHOOK:
            return self._webhook_fault(address)
        if kind == APPRISE:
            return self._apprise_fault(address)
        return None

    def host_fault(self, address: Address) -> str | None:
        """Say why this address is not connected to, with the cure; None if it may be."""
        if is_public(address) or any(address in network for network in self.networks):
            return None
        return f"{address} is not a public address: KIP_WEBHOOK_NETWORKS lists the others that may be reached"

    def _webhook_fault(self, url: str) -> str | None:
        try:
            host, port = host_and_port(url)
        except ValueError:
            return "not an address that can be posted to: write https://host/path"
        if not url.startswith("https:") and not self.http:
            return "webhooks are https only (KIP_WEBHOOK_HTTP allows http)"
        literal = _literal(host)
        if literal is not None:
            return self.host_fault(literal)
        return None if port else "not an address that can be posted to: the port is 0"

    def _apprise_fault(self, url: str) -> str | None:
        scheme = url.partition("://")[0].casefold()
        if scheme in self.schemes:
            return None
        known = ", ".join(sorted(self.schemes)) or "none"
        return f"{scheme[:20]}:// is not among the services that KIP_APPRISE_SCHEMES lists ({known})"


def listed(text: str) -> Iterable[str]:
    """Split a setting like `a,b` into its words."""
    return [word.strip() for word in text.split(",") if word.strip()]


def host_and_port(url: str) -> tuple[str, int]:
    """Find where a webhook's URL leads. Raises ValueError for what can't be posted to."""
    if not _WEBHOOK_URL.fullmatch(url):
        raise ValueError("expected http(s)://host/path in ASCII")
    parts = urlsplit(url)
    if not parts.hostname:
        raise ValueError("a URL without a host")
    return parts.hostname, _PORTS[parts.scheme] if parts.port is None else parts.port


def is_public(address: Address) -> bool:
    """Tell whether anybody's host may have this address: no private, local, shared, reserved or multicast one.

    An IPv6 address that carries an IPv4 one (mapped, 6to4, Teredo, NAT64) would lead wherever that one says.
    """
    if address.is_multicast or not address.is_global:
        return False
    if isinstance(address, IPv4Address):
        return not any(address in network for network in _OF_THE_HOST)
    return address in _GLOBAL_UNICAST and address.sixtofour is None and address.teredo is None


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
