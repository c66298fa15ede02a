"""A message in one language, as a programme's text says it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Message:
    """A message in one language, ready for a channel."""

    subject: str
    body: str
