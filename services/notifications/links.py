"""Sign and read the links in messages, and find who holds one. Nothing is stored; the signature is the proof."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from uuid import UUID

from itsdangerous import BadData, Signer

from services.notifications.decision_words import Decline
from shared.values.scalars import text, whole_number

PAGE_DAYS = 60  # a page outlives its message's steps
CALENDAR_DAYS = 400  # subscribed to once a year
NO_MESSAGE = ""  # in whose place a calendar stands


class Purpose(StrEnum):
    """What a link is for. A token of one purpose opens nothing else."""

    PAGE = "page"
    CALENDAR = "calendar"


class LinkError(Exception):
    """A link that was not signed by us, is for something else, or has expired. `words` are for people."""

    def __init__(self, reason: Decline) -> None:
        super().__init__(reason.value.words.en)
        self.reason = reason
        self.words = reason.value.words


@dataclass(frozen=True, slots=True)
class Holder:
    """The officer that a link belongs to, and the message that it came in (None for a calendar)."""

    officer: int
    message: UUID | None


class Links:
    """Makes and reads links below `base` (https://kip.example.vn). Time is an argument."""

    def __init__(self, base: str, secret: str) -> None:
        self._base = base.rstrip("/")
        self._signers = {purpose: Signer(secret, salt=f"kip {purpose}", digest_method=sha256) for purpose in Purpose}

    def page(self, officer: int, message: UUID, now: datetime) -> str:
        """Make the address of an officer's own page for a message."""
        return f"{self._base}/v1/ack/{self._token(Purpose.PAGE, officer, message.hex, now, PAGE_DAYS)}"

    def calendar(self, officer: int, now: datetime) -> str:
        """Make the address of an officer's calendar."""
        return f"{self._base}/v1/calendar/{self._token(Purpose.CALENDAR, officer, NO_MESSAGE, now, CALENDAR_DAYS)}.ics"

    def read(self, purpose: Purpose, token: str, now: datetime) -> Holder:
        """Find who holds this token. Raises LinkError."""
        try:
            officer, message, until = self._signers[purpose].unsign(text(token)).decode().split(".")
            holder = Holder(whole_number(officer), UUID(message) if message else None)
            expires = whole_number(until)
        except (BadData, ValueError) as error:
            raise LinkError(Decline.NOT_OURS) from error
        if now.timestamp() > expires:
            raise LinkError(Decline.EXPIRED)
        return holder

    def _token(self, purpose: Purpose, officer: int, message: str, now: datetime, days: int) -> str:
        """Sign a token: `officer.message.until.signature`, fit for a URL and short enough for a phone's screen."""
        until = int((now + timedelta(days=days)).timestamp())
        return self._signers[purpose].sign(f"{officer}.{message}.{until}").decode()
