"""Ways to reach an officer. One file a channel; each is a `Channel` and knows nothing of obligations."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message to one address. `id` stays the same over repeats: it makes the Message-ID or the provider's key.

    `subject` alone says what matters, for channels that carry no more; `page` is the officer's own link, `mute` what a
    mail program's own button posts to (empty: it offers none); `code` is what a message that brings one is about.
    """

    id: UUID
    address: str
    subject: str
    body: str
    html: str
    language: str
    topic: str  # the programme's slug
    page: str
    mute: str
    officer: str
    at: datetime
    code: str | None = None


class DeliveryError(Exception):
    """The message was not delivered: `permanent` says that trying this address again is of no use.

    `retry_after` is how many seconds the provider wants to be left alone; `away` says that it was not reached, or takes
    nothing from us, whatever the message.
    """

    def __init__(self, reason: str, *, permanent: bool, retry_after: float | None = None, away: bool = False) -> None:
        super().__init__(reason)
        self.permanent = permanent
        self.retry_after = retry_after
        self.away = away


class BusyError(Exception):
    """It is not the message's turn: come back in so many seconds. Nothing was tried."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"not before {seconds:.1f} s")
        self.seconds = seconds


class Channel(Protocol):
    """Delivers messages to one kind of address (`email:a@b.vn` has the kind `email`)."""

    kind: str

    async def send(self, message: Outgoing) -> None:
        """Hand the message to the provider. Raises DeliveryError, or BusyError without having tried."""
        ...

    async def close(self) -> None:
        """Give back connections."""
        ...
