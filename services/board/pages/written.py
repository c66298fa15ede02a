"""How the board's pages write instants, days and numbers of things, as an office does. Pure."""

from datetime import date, datetime
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

from shared.wording.words import Words


def instant(at: datetime, zone: ZoneInfo) -> Words:
    """Write an instant: «17:00 ngày 16/03/2023»."""
    return Words(
        format_datetime(at, "HH:mm 'ngày' dd/MM/yyyy", tzinfo=zone, locale="vi"),
        format_datetime(at, "HH:mm, d MMM yyyy", tzinfo=zone, locale="en"),
    )


def sentence(text: str) -> str:
    """Begin a text with a capital letter, as whatever stands by itself does."""
    return text[:1].upper() + text[1:]


def within(label: str) -> str:
    """Write a label as it goes on in a sentence: of capital letters only those that are none of a beginning stay."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def day(on: date) -> Words:
    """Write a day: «16/03/2023»."""
    return Words(format_date(on, "dd/MM/yyyy", locale="vi"), format_date(on, "d MMM yyyy", locale="en"))
