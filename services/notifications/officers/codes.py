"""Codes of six digits that verify a device: making, keeping and comparing one. Pure but for the digits' chance."""

import hashlib
import hmac
import re
import secrets
from datetime import timedelta

from services.notifications.decision_words import Decline, declined

LIVES = timedelta(minutes=30)
TRIES = 5
MOST_AN_HOUR = 3
_SESSION = re.compile(r"[0-9a-f]{64}", re.ASCII)
_CODE = re.compile(r"[0-9]{6}", re.ASCII)


def new_code() -> str:
    """Draw a code."""
    return f"{secrets.randbelow(1_000_000):06d}"


def code_key(secret: str) -> bytes:
    """Derive what codes are hashed with from the installation's secret: links are signed with another."""
    return hmac.digest(secret.encode(), b"kip code", "sha256")


def digest_of(key: bytes, ref: str, session: bytes, code: str) -> bytes:
    """Hash a code for its officer (12.0) and session: what is kept of it."""
    return hmac.new(key, f"{ref} {session.hex()} {code}".encode(), hashlib.sha256).digest()


def same(kept: bytes, given: bytes) -> bool:
    """Compare two digests in a time that says nothing of where they differ."""
    return hmac.compare_digest(kept, given)


def session_of(written: str) -> bytes:
    """Read a session: the SHA-256 of its secret in hex. Raises DecisionError."""
    if not _SESSION.fullmatch(written):
        raise declined(Decline.NO_SESSION, "session")
    return bytes.fromhex(written)


def code_of(written: str) -> str:
    """Read a code as a person types it, with spaces or without. Raises DecisionError."""
    digits = "".join(written.split())
    if not _CODE.fullmatch(digits):
        raise declined(Decline.NO_CODE, "code")
    return digits
