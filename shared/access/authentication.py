"""Who asks: the key in a request's Authorization header, in the three forms that senders use."""

import base64
import binascii
from collections.abc import Iterable
from datetime import datetime

from shared.access.keys import hash_key
from shared.registry.snapshot import Key, Registry
from shared.wording.words import Words

CHALLENGE = {"WWW-Authenticate": 'Bearer realm="kip", Basic realm="kip"'}
EXPECTED = Words("Authorization: Bearer KHÓA", "Authorization: Bearer <key>")


def authorization_of(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Find the Authorization header among ASGI's raw headers; None without one, and where there are two."""
    found = [value for name, value in headers if name == b"authorization"]
    return found[0].decode("latin-1") if len(found) == 1 else None


def find_key(registry: Registry, authorization: str | None, now: datetime) -> Key | None:
    """Find the valid key of `Bearer <key>`, `ApiToken <key>` or basic with the key as password; None if there is
    none.
    """
    scheme, _, value = (authorization or "").strip().partition(" ")
    match scheme.lower():
        case "bearer" | "apitoken":
            secret = value.strip()
        case "basic":
            secret = _password(value)
        case _:
            return None
    key = registry.keys.get(hash_key(secret))
    return key if key is not None and key.valid(now) else None


def _password(value: str) -> str:
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
