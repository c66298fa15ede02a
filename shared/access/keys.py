"""Keys of senders: 256 random bits, kept as SHA-256. A slow hash would add nothing: there is no dictionary to try."""

import hashlib
import secrets

PREFIX = "kip_"


def new_key() -> str:
    """Make a fresh key. It is shown once and never stored."""
    return PREFIX + secrets.token_urlsafe(32)


def hash_key(key: str) -> bytes:
    """Hash a key as it is stored and looked up. A look-up by hash leaks no timing of the key itself."""
    return hashlib.sha256(key.encode()).digest()
