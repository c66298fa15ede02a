"""Where the services of this machine's run are, for the commands that speak HTTP to one of them."""

import httpx

from shared.runtime.config import load_settings

_EVERYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared with, never bound
_NOT_NEEDED = {"amqp_url": "unused", "database_url": "unused"}  # HTTP alone needs neither


def service_url(service: str) -> str:
    """Find where `intake`, `aggregation` or `notifications` listens: `http://host:port`, by KIP_BIND and
    KIP_<SERVICE>_PORT.

    Raises SettingsError for a bad setting, naming it.
    """
    settings = load_settings(_NOT_NEEDED)
    host = "127.0.0.1" if settings.bind in _EVERYWHERE else settings.bind
    port: int = getattr(settings, f"{service}_port")
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def asked_url(given: str | None, service: str) -> str:
    """Return what --url names, without a slash at its end; the service of this machine's run where it names nothing.

    Raises ValueError for what no request can be sent to, with the cure, and as `service_url` does.
    """
    if given is None:
        return service_url(service)
    try:
        read = httpx.URL(given)
    except httpx.InvalidURL as error:
        raise ValueError(f"--url: {error}; expected one like http://127.0.0.1:8080, got {given!r}") from None
    if read.scheme not in {"http", "https"} or not read.host:
        raise ValueError(f"--url: expected one that begins with http:// or https://, got {given!r}")
    return given.rstrip("/")
