"""Where the board stands: its origin, and whether cookies may go over its connections. Pure."""

from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from shared.runtime.config import Settings, SettingsError

_EXPECTED = (
    "KIP_PUBLIC_URL: expected https://host, as officers open it, or http:// for this machine alone "
    "(http://127.0.0.1:8083), got {got}"
)


@dataclass(frozen=True, slots=True)
class Site:
    """The board's origin, as browsers write it: scheme, host and port."""

    origin: str

    @property
    def secure(self) -> bool:
        """Whether everything goes encrypted."""
        return self.origin.startswith("https:")

    @property
    def cookie(self) -> str:
        """The cookie's name. A browser takes the prefix's from nobody but this host, and over TLS."""
        return "__Host-kip" if self.secure else "kip"


def site_of(settings: Settings) -> Site:
    """Read where the board stands. Raises SettingsError for an address over which nobody's cookie may go."""
    url = settings.public_url or f"http://{settings.bind}:{settings.board_port}"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise SettingsError(_EXPECTED.format(got=url)) from None
    host = parts.hostname or ""
    usual = {"http": 80, "https": 443}.get(parts.scheme)
    bare = parts.path in {"", "/"} and not parts.query and not parts.fragment and "@" not in parts.netloc
    if not host or usual is None or not bare or (parts.scheme == "http" and not _is_this_machine(host)):
        raise SettingsError(_EXPECTED.format(got=url))
    written = f"[{host}]" if ":" in host else host
    return Site(f"{parts.scheme}://{written}" + (f":{port}" if port not in {None, usual} else ""))


def _is_this_machine(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
