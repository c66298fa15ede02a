"""Sign and read the links in messages, and find who holds one. Nothing is stored; the signature is the proof."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from secrets import token_hex
from typing import NamedTuple
from uuid import UUID, uuid5

from itsdangerous import BadData, Signer

from services.notifications.decision_words import Decline
from shared.values.scalars import text, whole_number

PAGE_DAYS = 60  # a page outlives its message's steps
CALENDAR_DAYS = 400  # subscribed to once a year
NO_MESSAGE = ""  # in whose place a calendar stands
_LAST_SECOND = 4_102_444_800  # of the years that we know of


class Purpose(StrEnum):
    """What a link is for. A token of one purpose opens nothing else."""

    PAGE = "page"
    CALENDAR = "calendar"
    MUTE = "mute"  # a mail program's own button (RFC 8058)


class LinkError(Exception):
    """A link that was not signed by us, is for something else, or has expired. `words` are for people."""

    def __init__(self, reason: Decline) -> None:
        super().__init__(reason.value.words.en)
        self.reason = reason
        self.words = reason.value.words


@dataclass(frozen=True, slots=True)
class Holder:
    """The officer that a link belongs to, of which generation, until when, and the message that it came in (None for a
    calendar); `fresh` is a mark of its own where it was sent later, in the place of that message's.
    """

    officer: int
    generation: int
    message: UUID | None
    until: datetime
    fresh: str = ""


def new_mark() -> str:
    """Draw the mark of a fresh link, short: Zalo's template has room for 128 letters of a token."""
    return token_hex(6)


def link_id(message: UUID, fresh: str) -> UUID:
    """Name a link by which a page is entered: a message's own by the message, a fresh one by itself."""
    return uuid5(message, fresh) if fresh else message


class LetterLinks(NamedTuple):
    """The links of one message: the officer's page for it, and what a mail program's own button posts to."""

    page: str
    mute: str


class Links:
    """Makes and reads links below `base` (https://kip.example.vn). Time is an argument."""

    def __init__(self, base: str, secret: str) -> None:
        self._base = base.rstrip("/")
        self._signers = {purpose: Signer(secret, salt=f"kip {purpose}", digest_method=sha256) for purpose in Purpose}

    def page(self, officer: int, generation: int, message: UUID, now: datetime, *, fresh: str = "") -> str:
        """Make the address of an officer's own page for a message; a `fresh` one has a mark of its own."""
        token = self._token(Purpose.PAGE, officer, generation, message.hex, now, PAGE_DAYS, fresh)
        return f"{self._base}/l/{token}"

    def mute(self, officer: int, generation: int, message: UUID, now: datetime) -> str:
        """Make the address that a mail program's own button posts to."""
        return f"{self._base}/v1/ack/{self._token(Purpose.MUTE, officer, generation, message.hex, now, PAGE_DAYS)}"

    def letter(self, officer: int, generation: int, message: UUID, now: datetime) -> LetterLinks:
        """Make the links of a message."""
        return LetterLinks(self.page(officer, generation, message, now), self.mute(officer, generation, message, now))

    def calendar(self, officer: int, generation: int, now: datetime) -> str:
        """Make the address of an officer's calendar."""
        token = self._token(Purpose.CALENDAR, officer, generation, NO_MESSAGE, now, CALENDAR_DAYS)
        return f"{self._base}/v1/calendar/{token}.ics"

    def read(self, purpose: Purpose, token: str, now: datetime) -> Holder:
        """Find who holds this token. Raises LinkError."""
        holder = self.whose(purpose, token)
        if now > holder.until:
            raise LinkError(Decline.EXPIRED)
        return holder

    def is_for(self, purpose: Purpose, token: str) -> bool:
        """Tell whether this token was made for the purpose, whoever holds it."""
        try:
            self.whose(purpose, token)
        except LinkError:
            return False
        return True

    def whose(self, purpose: Purpose, token: str) -> Holder:
        """Find whom this token was made for, whether or not it has expired. Raises LinkError.

        Without a generation, as links were made at first, it is of the first one.
        """
        try:
            parts = self._signers[purpose].unsign(text(token)).decode().split(".")
            officer, generation, message, until, *fresh = parts if len(parts) != 3 else (parts[0], "0", *parts[1:])
            if len(fresh) > 1:
                raise ValueError("too many parts")
            return Holder(
                whole_number(officer), whole_number(generation), UUID(message) if message else None,
                datetime.fromtimestamp(whole_number(until, most=_LAST_SECOND), UTC),
                fresh[0] if fresh else "",
            )  # fmt: skip
        except (BadData, ValueError) as error:
            raise LinkError(Decline.NOT_OURS) from error

    def _token(
        self, purpose: Purpose, officer: int, generation: int, message: str, now: datetime, days: int,
        fresh: str = "",
    ) -> str:  # fmt: skip
        """Sign a token: `officer.generation.message.until[.fresh].signature`, fit for a URL and short enough for a
        phone's screen.
        """
        until = int((now + timedelta(days=days)).timestamp())
        own = f".{fresh}" if fresh else ""
        return self._signers[purpose].sign(f"{officer}.{generation}.{message}.{until}{own}").decode()
