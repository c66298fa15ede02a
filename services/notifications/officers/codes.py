"""Codes of six digits that verify a device: making, keeping and comparing one. Pure but for the digits' chance."""

import hashlib
import hmac
import re
import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from services.notifications.decision_words import Decline, declined

LIVES = timedelta(minutes=30)
TRIES = 5
HOUR = timedelta(hours=1)
MOST_AN_HOUR = 3  # to an officer
MOST_BY_MESSAGES = 2  # of these, by the links of all messages: whoever these were forwarded to doesn't spend them all
_SESSION = re.compile(r"[0-9a-f]{64}", re.ASCII)
_CODE = re.compile(r"[0-9]{6}", re.ASCII)


class Sent(NamedTuple):
    """A code that an officer was sent, when, and by which link it was asked for (None: an operator's)."""

    at: datetime
    link: UUID | None


class TooManyError(Exception):
    """The officer was sent as many codes as an hour allows, or as many of them `by_messages`; the next at `free_at`."""

    def __init__(self, free_at: datetime, *, by_messages: bool) -> None:
        super().__init__(f"not before {free_at.isoformat()}")
        self.free_at = free_at
        self.by_messages = by_messages


def let_send(lately: Sequence[Sent], link: UUID | None, newest: UUID | None, *, keeps_one: bool) -> None:
    """Decide whether another code may be sent, after those of the last hour in their order. Raises TooManyError.

    `newest` is the fresh link that the officer was sent last. It alone, and one that an operator made, may have the
    code that links of messages, which somebody else may hold, leave of an hour; a fresh one before it counts as these.
    They leave none where it would help nobody: an officer whom no link reaches has no fresh one (`keeps_one`).
    """
    own = {None, newest}
    by_messages = [one for one in lately if link not in own and one.link not in own]
    for sent, most in ((lately, MOST_AN_HOUR), (by_messages if keeps_one else [], MOST_BY_MESSAGES)):
        if len(sent) >= most:
            raise TooManyError(sent[-most].at + HOUR, by_messages=sent is by_messages)


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
