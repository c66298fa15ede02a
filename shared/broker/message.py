"""A message of events: the name that it keeps from before its first attempt to the account of whoever applies it."""

import uuid
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


def new_id() -> str:
    """Make an id that no other message has."""
    return str(uuid.uuid4())


def read_id(text: str | None) -> str | None:
    """Read an id off a message; None where it has none of ours."""
    try:
        return str(uuid.UUID(text or ""))
    except ValueError:
        return None
