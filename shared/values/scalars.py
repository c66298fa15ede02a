"""Whole numbers, texts, days and instants as somebody else wrote them: each read in one way, bounded where it enters.

The bounds are absolute: no clock of ours moves them. They keep all arithmetic far from the ends of the calendar and of
64-bit columns, where a single value could stop a sweep or a batch. Every door, query, queue and command reads by these.
"""

import re
from datetime import UTC, date, datetime, tzinfo
from enum import Enum

from shared.values.personal_data import repeatable
from shared.wording.words import Common, Told, Words, in_both

FIRST_DAY, LAST_DAY = date(2000, 1, 1), date(2100, 12, 31)
FIRST_INSTANT, END_OF_TIME = datetime(2000, 1, 1, tzinfo=UTC), datetime(2101, 1, 1, tzinfo=UTC)
LARGEST = 2**63 - 1  # of a bigint, which numbers our rows
LONGEST_TEXT = 200  # of an identifier
_LONGEST_INSTANT = 40
_SHOWN = 60
_FRACTION_OF_ZEROS = re.compile(r"\.0{1,20}", re.ASCII)


class ScalarWords(Enum):
    """What is expected of a value, and what came where it isn't repeated."""

    WHOLE_NUMBER = Words("số nguyên từ {least} đến {most}", "a whole number from {least} to {most}")
    DIGITS_ALONE = Words(
        "số nguyên từ {least} đến {most}, chỉ viết các chữ số", "a whole number from {least} to {most} in digits alone"
    )
    TEXT = Words("một văn bản", "a text")
    SHORT_TEXT = Words("văn bản dài tối đa {most} ký tự", "a text of {most} characters at most")
    CLEAN_TEXT = Words(
        "văn bản không có ký tự NUL hoặc nửa ký tự (lone surrogate)", "a text without a NUL or a lone surrogate"
    )
    WITH_IT = Words("văn bản có ký tự đó", "one with it")
    DAY = Words("ngày như 2023-03-09, từ {first} đến {last}", "a day like 2023-03-09, from {first} to {last}")
    INSTANT = Words(
        "thời điểm kèm múi giờ như 2023-03-17T08:00:00+07:00", "a time with its offset like 2023-03-17T08:00:00+07:00"
    )
    KNOWN_YEARS = Words("thời điểm từ năm {first} đến năm {last}", "a time of the years {first} to {last}")
    LONGER_NUMBER = Words("một số dài hơn", "a longer number")
    HIDDEN = Words("nội dung giống thông tin của một người", "what looks like a person's data")
    AN_ARRAY = Words("một mảng", "an array")
    A_TRUTH = Words("một giá trị đúng/sai", "a boolean")
    NULL = Words("giá trị null", "null")


_KINDS: dict[type, ScalarWords | Common] = {
    dict: Common.OBJECT, list: ScalarWords.AN_ARRAY, str: ScalarWords.TEXT, bool: ScalarWords.A_TRUTH,
    type(None): ScalarWords.NULL, int: Common.NUMBER, float: Common.NUMBER,
}  # fmt: skip


class ScalarError(ValueError):
    """A value that is none of its kind, or out of bounds: what was `expected`, and in `words` also what came."""

    def __init__(self, expected: Words, got: Told) -> None:
        self.expected = expected
        self.words = Common.EXPECTED_GOT.value.filled(expected=expected, got=got)
        super().__init__(self.words.en)


def shown(value: object) -> Words:
    """Show a value to people, in bounded length whatever it is; nothing of it where it may be a person's."""
    if isinstance(value, bool):
        return in_both(str(value).lower())
    if isinstance(value, int) and abs(value) > 2**64:
        return ScalarWords.LONGER_NUMBER.value
    if not isinstance(value, str | int | float):
        return name_of(value)
    told = repeatable(value if isinstance(value, str) else repr(value), _SHOWN)
    if told is None:
        return ScalarWords.HIDDEN.value
    if not isinstance(value, str):
        return in_both(told)
    return in_both(repr(told) if len(value) <= _SHOWN else f"{told[:-1]!r}…")


def name_of(value: object) -> Words:
    """Name what a JSON value is, for people."""
    name: Words = _KINDS.get(type(value), Common.OTHER_KIND).value
    return name


def day_expected(first: date = FIRST_DAY) -> Words:
    """Say what a day is."""
    return ScalarWords.DAY.value.filled(first=first, last=LAST_DAY)


def whole_number(value: object, least: int = 0, most: int = LARGEST, *, zeros: bool = False) -> int:
    """Read a whole number, or the decimal digits of one; with `zeros` also `24.0`. Raises ScalarError."""
    if isinstance(value, str):
        digits, point, rest = value.partition(".") if zeros else (value, "", "")
        # Its length first: reading thousands of digits takes time, and Python refuses it.
        if len(digits) > len(str(most)) or not (digits.isascii() and digits.isdigit()):
            raise _no_whole_number(value, least, most)
        if point and not _FRACTION_OF_ZEROS.fullmatch(point + rest):
            raise _no_whole_number(value, least, most)
        number = int(digits)
    elif isinstance(value, int) and not isinstance(value, bool):
        number = value
    else:
        raise _no_whole_number(value, least, most)
    if not least <= number <= most:
        raise _no_whole_number(value, least, most)
    return number


def text(value: object, most: int = LONGEST_TEXT) -> str:
    """Read a text of at most so many characters that PostgreSQL can keep: no NUL, no half of a pair. Raises
    ScalarError.
    """
    if not isinstance(value, str):
        raise ScalarError(ScalarWords.TEXT.value, shown(value))
    if len(value) > most:  # what it says may be nobody's business: it is not repeated
        raise ScalarError(ScalarWords.SHORT_TEXT.value.filled(most=most), str(len(value)))
    if "\x00" in value or not _is_unicode(value):
        raise ScalarError(ScalarWords.CLEAN_TEXT.value, ScalarWords.WITH_IT.value)
    return value


def day(value: object, first: date = FIRST_DAY) -> date:
    """Read a day like 2023-03-09. Raises ScalarError."""
    if not isinstance(value, str) or len(value) != 10 or not value[4] == value[7] == "-":
        raise ScalarError(day_expected(first), shown(value))
    try:
        read = date.fromisoformat(value)
    except ValueError:
        raise ScalarError(day_expected(first), shown(value)) from None
    if not first <= read <= LAST_DAY:
        raise ScalarError(day_expected(first), shown(value))
    return read


def instant(value: object) -> datetime:
    """Read a time with its offset like 2023-03-17T08:00:00+07:00, of the years 2000 to 2100. Raises ScalarError."""
    read = any_instant(value)
    if not in_bounds(read):
        years = ScalarWords.KNOWN_YEARS.value.filled(first=FIRST_DAY.year, last=LAST_DAY.year)
        raise ScalarError(years, shown(value))
    return read


def any_instant(value: object, assumed: tzinfo | None = None) -> datetime:
    """Read a time of any year; `assumed` is the offset, or zone, where none is written. Raises ScalarError."""
    expected = ScalarWords.INSTANT.value
    if not isinstance(value, str) or len(value) > _LONGEST_INSTANT or not value[4:5] == value[7:8] == "-":
        raise ScalarError(expected, shown(value))
    try:
        read = datetime.fromisoformat(value)
    except ValueError:
        raise ScalarError(expected, shown(value)) from None
    if read.tzinfo is None:
        if assumed is None:
            raise ScalarError(expected, shown(value))
        read = read.replace(tzinfo=assumed)
    return read


def in_bounds(moment: datetime) -> bool:
    """Tell whether an instant is of the years that we know of."""
    return FIRST_INSTANT <= moment < END_OF_TIME


def _no_whole_number(value: object, least: int, most: int) -> ScalarError:
    return ScalarError(ScalarWords.WHOLE_NUMBER.value.filled(least=least, most=most), shown(value))


def _is_unicode(value: str) -> bool:
    if value.isascii():
        return True
    try:
        value.encode()
    except UnicodeEncodeError:
        return False
    return True
