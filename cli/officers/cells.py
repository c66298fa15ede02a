"""The cells of an officers' file: addresses, hours, days. A bad one raises RowError."""

import re
from datetime import date, time

import phonenumbers

from shared.registry.destinations import Destinations
from shared.values.names import expected_instead, spaced
from shared.values.scalars import ScalarError
from shared.values.written_days import written_day

CHANNELS = ("email", "zalo", "sms", "webhook", "apprise")
_EMAIL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_LONGEST_EMAIL = 254  # RFC 5321, 4.5.3.1.3: a path of 256, with its brackets
_PHONE = re.compile(r"\+?[\d\s().-]+")  # nothing but a number: what phonenumbers finds in other texts is a guess
_COUNTRY = "VN"  # of a number that is written without one
_SHOWN = 60  # letters of what came
BY_PHONE = frozenset({"zalo", "sms"})


class RowError(Exception):
    """A cell that can't be used."""

    def __init__(self, column: str, expected: str, got: str) -> None:
        super().__init__(f"{column}: expected {expected}, got {got!r}")


def one_line(column: str, text: str) -> str:
    """Read a name or a role: words on one line, all of them to be seen, and no link."""
    words = spaced(text)
    expected = expected_instead(words)
    if expected is not None:
        raise RowError(column, expected, words if len(words) <= _SHOWN else f"{words[:_SHOWN]}…")
    return words


class Addresses:
    """Reads the addresses of a cell like `email:a@b.vn zalo:0912345678`, one after the other."""

    def __init__(self, destinations: Destinations) -> None:
        self._destinations = destinations
        self._before: set[str] = set()

    def read(self, text: str) -> str:
        """Read one, a phone number as providers want it (84…). Raises RowError."""
        kind, colon, address = text.partition(":")
        if not colon or kind not in CHANNELS or not address:
            raise RowError("channels", f"kind:address with a kind of {', '.join(CHANNELS)}", text)
        if kind == "email" and (len(address) > _LONGEST_EMAIL or not _EMAIL.fullmatch(address)):
            raise RowError("channels", "email:name@domain", text)
        fault = self._destinations.fault(kind, address)
        if fault is not None:
            raise RowError("channels", f"an address that may be sent to ({fault})", text)
        channel = f"{kind}:{phone(address)}" if kind in BY_PHONE else text
        if channel.casefold() in self._before:  # what came back from it would come back again
            raise RowError("channels", "each address once", channel)
        self._before.add(channel.casefold())
        return channel


def phone(text: str) -> str:
    """Read a phone number as providers want it (84…). Raises RowError."""
    if not _PHONE.fullmatch(text):
        raise RowError("channels", "a phone number, like 0912345678", text)
    try:
        number = phonenumbers.parse(text if not text.startswith("84") else f"+{text}", _COUNTRY)
    except phonenumbers.NumberParseException:
        raise RowError("channels", "a phone number, like 0912345678", text) from None
    if not phonenumbers.is_valid_number(number):
        raise RowError("channels", "a phone number, like 0912345678", text)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164).lstrip("+")


def quiet_hours(text: str) -> tuple[time, time] | None:
    """Read hours like 20:00-07:00, over midnight if the first is later; None for an empty cell."""
    if not text:
        return None
    start, _, end = text.partition("-")
    try:
        hours = time.fromisoformat(start.strip()), time.fromisoformat(end.strip())
    except ValueError:
        raise RowError("quiet", "hours like 20:00-07:00", text) from None
    if hours[0] == hours[1] or any(hour.tzinfo for hour in hours):
        raise RowError("quiet", "hours like 20:00-07:00", text)
    return hours


def absence(until: str, deputy: str) -> tuple[date | None, str | None]:
    """Read the last day away and the deputy's name; an absence needs a deputy."""
    if not until:
        return None, deputy or None
    try:
        last = written_day(until)
    except ScalarError as error:
        raise RowError("away_until", f"{error.expected.en}, or like 31/03/2023 (day/month/year)", until) from None
    if not deputy:
        raise RowError("deputy", "the name of the officer who stands in", "")
    return last, deputy


def yes_or_no(column: str, text: str, *, default: bool) -> bool:
    """Read `yes` or `no`; the default for an empty cell."""
    if text not in {"", "yes", "no"}:
        raise RowError(column, "yes or no", text)
    return text == "yes" if text else default
