"""A message of events: the name that it keeps from before its first attempt to the account of whoever applies it."""

import uuid
from datetime import datetime
from typing import NamedTuple


class Message(NamedTuple):
    """A CloudEvents batch on its way to a routing key.

    `id` (a UUID) is made before the first attempt to publish: an attempt that timed out, the spool and a redelivery all
    carry the same one. `repeats` counts how often an auditor has published it again, under new ids.
    """

    id: str
    key: str
    body: bytes
    repeats: int = 0


class Marker(NamedTuple):
    """A message without events by which an auditor learns how far a queue has come: who sent it, and when."""

    auditor: str
    sent_at: datetime


class Note(NamedTuple):
    """What the account of a queue's consumer keeps of a message: its id, where it has one; or whose marker it was."""

    queue: str
    message: str | None
    marker: Marker | None = None


def new_id() -> str:
    """Make an id that no other message has."""
    return str(uuid.uuid4())


def read_id(text: str | None) -> str | None:
    """Read an id off a message; None where it has none of ours."""
    try:
        return str(uuid.UUID(text or ""))
    except ValueError:
        return None
