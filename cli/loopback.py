"""Whether a service runs on this machine: a proxy from the environment must not stand between."""

from urllib.parse import urlsplit

_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})


def is_loopback(url: str) -> bool:
    """Tell whether the URL's host is this machine."""
    return urlsplit(url).hostname in _NAMES
