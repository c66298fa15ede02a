"""Where RabbitMQ's management API is, and how it is spoken to."""

from urllib.parse import unquote, urlsplit

import httpx

from shared.runtime import tls

USUAL = {"amqp": ("http", 15672), "amqps": ("https", 15671)}
TIMEOUT_SECONDS = 10.0


def usual_url(amqp_url: str) -> str:
    """Return the API's usual address beside `amqp_url` (its first host), with the same user; encrypted where AMQP
    is.
    """
    parts = urlsplit(amqp_url)
    user, _, hosts = parts.netloc.rpartition("@")
    host = hosts.partition(",")[0].partition(":")[0]
    scheme, port = USUAL.get(parts.scheme, USUAL["amqp"])
    return f"{scheme}://{user}{'@' if user else ''}{host}:{port}"


def management_client(url: str | None, amqp_url: str) -> httpx.Client:
    """Open a client of the API at `url`, else at its usual address. The broker's authority is the API's."""
    parts = urlsplit(url or usual_url(amqp_url))
    return httpx.Client(
        base_url=f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}/api",
        auth=(unquote(parts.username or ""), unquote(parts.password or "")),
        timeout=TIMEOUT_SECONDS,
        trust_env=False,
        verify=tls.context(amqp_url) if parts.scheme == "https" else True,
    )
