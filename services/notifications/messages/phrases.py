"""The phrases that messages, pages and calendars are put together with, as an office writes them."""

from datetime import date, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_datetime

from services.notifications.obligations.deadlines import Shift
from shared.domain.units import Unit
from shared.programme.model import Agency

_INSTANTS = {"vi": "HH:mm 'ngày' dd/MM/yyyy", "en": "HH:mm, d MMM yyyy"}
_DAYS = {"vi": "'ngày' dd/MM/yyyy", "en": "d MMM yyyy"}
# Monday first; the library's Vietnamese names are written for the head of a calendar: «Thứ Bảy», «Chủ Nhật».
_WEEKDAYS = {
    "vi": ("thứ Hai", "thứ Ba", "thứ Tư", "thứ Năm", "thứ Sáu", "thứ Bảy", "chủ nhật"),
    "en": ("a Monday", "a Tuesday", "a Wednesday", "a Thursday", "a Friday", "a Saturday", "a Sunday"),
}
_MOVED = {"vi": "chuyển từ {original} do trùng {name}", "en": "moved from {original}, {name}"}
_MOVED_BY_ANOTHER = {"vi": "chuyển từ {original} do {day} là {name}", "en": "moved from {original}: {day} is {name}"}
_FORMER_UNIT = {"vi": "đơn vị cũ, có đến hết ngày {day}", "en": "a former unit, there until {day}"}
_FORMER_AGENCY = {"vi": "cơ quan cũ, có đến hết ngày {day}", "en": "a former agency, there until {day}"}


@lru_cache(maxsize=4096)
def instant(at: datetime, zone: ZoneInfo, language: str) -> str:
    """Write an instant as the reader does: "17:00 ngày 16/03/2023", "17:00, 16 Mar 2023"."""
    text: str = format_datetime(at, _INSTANTS.get(language, "medium"), tzinfo=zone, locale=language)
    return text


@lru_cache(maxsize=4096)
def day_text(day: date, language: str) -> str:
    """Write a day as the reader does: "ngày 16/03/2023", "16 Mar 2023"."""
    text: str = format_date(day, _DAYS.get(language, "medium"), locale=language)
    return text


def shift_text(shift: Shift | None, language: str) -> str | None:
    """Say why a deadline was moved: "chuyển từ ngày 25/04/2026 do trùng thứ Bảy"."""
    if shift is None:
        return None
    original, day = shift.original, shift.because.day
    name = dict(shift.because.name).get(language) or _WEEKDAYS.get(language, _WEEKDAYS["en"])[day.weekday()]
    words = _MOVED if day == original else _MOVED_BY_ANOTHER
    return words.get(language, words["en"]).format(
        original=day_text(original, language), day=day_text(day, language), name=name
    )


def former(unit: Unit, agency: Agency | None, today: date, language: str) -> str | None:
    """Say until when there was a unit or agency that is no more; None where both still are."""
    ended = [
        words.get(language, words["en"]).format(day=f"{last:%d/%m/%Y}")
        for words, last in ((_FORMER_UNIT, unit.valid_to), (_FORMER_AGENCY, agency.until if agency else None))
        if last is not None and last < today
    ]
    return "; ".join(ended) or None
