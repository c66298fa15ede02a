"""Where the services of this machine's run are, for the commands that speak HTTP to one of them."""

from shared.config import load_settings

_EVERYWHERE = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - compared with, never bound
_NOT_NEEDED = {"amqp_url": "unused", "database_url": "unused"}  # HTTP alone needs neither


def service_url(service: str) -> str:
    """`http://host:port` of `intake`, `aggregation` or `notifications`, by KIP_BIND and KIP_<SERVICE>_PORT.

    Raises SettingsError for a bad setting, naming it.
    """
    settings = load_settings(_NOT_NEEDED)
    host = "127.0.0.1" if settings.bind in _EVERYWHERE else settings.bind
    port: int = getattr(settings, f"{service}_port")
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
