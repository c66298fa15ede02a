"""The cells of an officers' file: addresses, hours, days. A bad one raises RowError."""

import re
import unicodedata
from collections.abc import Iterator
from datetime import date, time

import phonenumbers

from shared.registry.destinations import Destinations
from shared.values.scalars import ScalarError
from shared.values.written_days import written_day

CHANNELS = ("email", "zalo", "sms", "webhook", "apprise")
_EMAIL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
_COUNTRY = "VN"  # of a number that is written without one
_BY_PHONE = frozenset({"zalo", "sms"})


class RowError(Exception):
    """A cell that can't be used."""

    def __init__(self, column: str, expected: str, got: str) -> None:
        super().__init__(f"{column}: expected {expected}, got {got!r}")


def spaced(name: str) -> str:
    """Write a name in NFC with one space where there are several."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def person(name: str) -> str:
    """Fold a name so that two spellings of one person are the same: neither case nor space counts."""
    return unicodedata.normalize("NFC", spaced(name).casefold())


def addresses(text: str, destinations: Destinations) -> Iterator[str]:
    """Read the addresses of a cell like `email:a@b.vn zalo:0912345678`; phone numbers as providers want them (84…)."""
    for channel in text.split():
        kind, colon, address = channel.partition(":")
        if not colon or kind not in CHANNELS or not address:
            raise RowError("channels", f"kind:address with a kind of {', '.join(CHANNELS)}", channel)
        if kind == "email" and not _EMAIL.fullmatch(address):
            raise RowError("channels", "email:name@domain", channel)
        fault = destinations.fault(kind, address)
        if fault is not None:
            raise RowError("channels", f"an address that may be sent to ({fault})", channel)
        yield f"{kind}:{_phone(kind, address)}" if kind in _BY_PHONE else channel


def _phone(kind: str, text: str) -> str:
    wanted = f"{kind}:number, like {kind}:0912345678"
    try:
        number = phonenumbers.parse(text if not text.startswith("84") else f"+{text}", _COUNTRY)
    except phonenumbers.NumberParseException:
        raise RowError("channels", wanted, f"{kind}:{text}") from None
    if not phonenumbers.is_valid_number(number):
        raise RowError("channels", wanted, f"{kind}:{text}")
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
