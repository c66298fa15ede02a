"""How often an officer, and an address, may ask: buckets that fill with time. In memory, so for each replica."""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from starlette.requests import Request

Networks = Sequence[IPv4Network | IPv6Network]
_HOME_BITS = 64  # of an IPv6 address: a household or a phone has all that lies below
_MOST_KNOWN = 50_000


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: float


class Buckets:
    """Each has `burst` at once and `rate` a second. `seconds` is a clock that only goes forward.

    Of more than fit into memory the one that was used longest ago is forgotten: it is full again, or nearly.
    """

    def __init__(self, rate: float, burst: int, seconds: Callable[[], float], most: int = _MOST_KNOWN) -> None:
        self._rate, self._burst, self._seconds, self._most = rate, burst, seconds, most
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def take(self, who: str) -> float:
        """Take one; return for how many seconds to wait instead where there is none, else 0."""
        now = self._seconds()
        bucket = self._buckets.setdefault(who, _Bucket(self._burst, now))
        self._buckets.move_to_end(who)
        if len(self._buckets) > self._most:
            self._buckets.popitem(last=False)
        bucket.tokens = min(self._burst, bucket.tokens + (now - bucket.at) * self._rate)
        bucket.at = now
        if bucket.tokens < 1:
            return (1 - bucket.tokens) / self._rate
        bucket.tokens -= 1
        return 0.0


def networks_of(written: str) -> Networks:
    """Read a list of networks."""
    return tuple(ip_network(text.strip()) for text in written.split(",") if text.strip())


def address_of(request: Request, proxies: Networks) -> str:
    """Name whom a request comes from: the peer, or where that is a proxy of ours the nearest address behind it that is
    none. An IPv6 address counts as its household.
    """
    address = request.client.host if request.client else ""
    behind = [part.strip() for part in request.headers.get("x-forwarded-for", "").split(",") if part.strip()]
    while behind and _within(address, proxies):
        address = behind.pop()
    try:
        found = ip_address(address)
    except ValueError:
        return address[:64]
    return str(found) if found.version == 4 else str(ip_network((found, _HOME_BITS), strict=False))


def _within(address: str, networks: Networks) -> bool:
    try:
        found = ip_address(address)
    except ValueError:
        return False
    return any(found in network for network in networks)
