"""Whether a text holds what belongs to a person: a phone or identity number, an e-mail address, a birth date by a name.

Pure, and asked only at the door: what was accepted once is never refused for it later. It keeps out what people write
down in haste. It can't know a name: a slug without accents (`lan-thon-3`) passes.

Sources: mobile prefixes of the Ministry of Information and Communications since 2018 (ten digits, 03 05 07 08 09);
the identity number's structure in Decree 137/2015/NĐ-CP, art. 13, and the province codes in Circular 59/2021/TT-BCA.
"""

import re
import unicodedata
from collections.abc import Iterator
from datetime import MAXYEAR
from enum import StrEnum
from itertools import pairwise

from shared.values.composed_text import composed


class PersonalData(StrEnum):
    """What was found."""

    PHONE = "phone"
    IDENTITY = "identity"
    EMAIL = "email"
    BIRTH = "birth"


# The two digits behind the first 0 of an identity number: the province in which the birth was registered.
_PROVINCES = frozenset(
    (
        1,
        2,
        4,
        6,
        8,
        10,
        11,
        12,
        14,
        15,
        17,
        19,
        20,
        22,
        24,
        25,
        26,
        27,
        30,
        31,
        33,
        34,
        35,
        36,
        37,
        38,
        40,
        42,
        44,
        45,
        46,
        48,
        49,
        51,
        52,
        54,
        56,
        58,
        60,
        62,
        64,
        66,
        67,
        68,
        70,
        72,
        74,
        75,
        77,
        79,
        80,
        82,
        83,
        84,
        86,
        87,
        89,
        91,
        92,
        93,
        94,
        95,
        96,
    )
)
_HEX = r"[0-9a-fA-F]"
_UUID = rf"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
# Ids that machines make: their digits are nobody's. A uid of DHIS2 has a second letter at least (one in 10^7 has not),
# or a letter would hide a phone number.
_MACHINE_MADE = re.compile(
    rf"(?<![\w-])(?:(?:uuid:)?{_UUID}(?:/\d+\.\d+|:\d+:\d+)?"
    r"|[0-7][0-9A-HJKMNP-TV-Z]{25}"
    rf"|(?={_HEX}*[a-fA-F]){_HEX}{{16,}}"
    r"|[a-zA-Z](?=[0-9]*[a-zA-Z])[0-9a-zA-Z]{10})(?![\w-])"
)
# Whether there is one, not where it begins and ends: from every letter of a long word on, that takes its square.
_EMAIL = re.compile(r"[\w.+-]@[\w-]+\.[\w-]")
_DAY, _MONTH, _YEAR = r"(?:0?[1-9]|[12]\d|3[01])", r"(?:0?[1-9]|1[0-2])", r"(?:19|20)\d\d"
_DATE = rf"(?:{_DAY}(?P<mark>[/.-]){_MONTH}(?P=mark){_YEAR}|{_YEAR}-{_MONTH}-{_DAY})"
_HOUR = r"(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?"
_DATE_OR_HOUR = re.compile(rf"(?<!\d)(?:{_DATE}|{_HOUR})(?!\d)")
_BIRTH = re.compile(
    rf"\b(?:(?:ngày )?sinh(?: ngày| vào)?|s\.?n\.?|ns|born(?: on)?|dob)[: ]*{_DATE}(?!\d)", re.IGNORECASE
)
_BESIDE = 60  # characters between a birth date and a name
# What a number may be broken up by; what stands between two numbers as well; and where a number is an amount.
_RUN = re.compile(r"\d(?:[\W_]{0,4}\d)*")
_BETWEEN_NUMBERS = re.compile(r"[^\w .\-·()+]+ *|_+| [^\w()+]+ ")
_AMOUNT = re.compile(r" ?(?:đồng|đ|vnđ|vnd|tỷ|triệu)\b| ?₫", re.IGNORECASE)
_MOBILE = re.compile(r"(?:0|84|0084|840)[35789]\d{8}")
_CUE = re.compile(
    r"(?:cmnd|cmtnd|cmt|chứng minh(?: nhân dân| thư)?|số|sđt|đt|điện thoại|identity card)\W*$", re.IGNORECASE
)
_CUE_REACHES = 30  # characters before a number
_UNIT_CODE = re.compile(r"\d{5}[-/._]")
_NINE_DIGITS = re.compile(r"@|(?:\d[\W_]{0,4}){9}")  # what has none of these holds nothing
_FEWEST_DIGITS = 9  # of a number that is somebody's
_DIGITS_OF_A_DATE = 6  # at least: what has fewer, and no address, holds nothing
_BEYOND = 200  # characters that are looked at behind what is told: an address or a number may be cut at its end


def in_text(text: str, year: int) -> PersonalData | None:
    """Find what of a person's a free text holds, if anything; `year` is today's: nobody was born after it."""
    if text.isascii() and "@" not in text and sum(map(text.count, "0123456789")) < _DIGITS_OF_A_DATE:
        return None
    plain = _plain(text)
    if "@" in plain and _EMAIL.search(plain):
        return PersonalData.EMAIL
    if _birth_beside_a_name(plain):
        return PersonalData.BIRTH
    return _number_in(plain, year)


def in_identifier(text: str, year: int) -> PersonalData | None:
    """Find the same in an id, a record or a source, which may begin with a unit's code: `09412-00017` is no phone."""
    if text.isascii() and (not _NINE_DIGITS.search(text) or _MACHINE_MADE.fullmatch(text)):
        return None
    plain = _plain(text)
    if "@" in plain and _EMAIL.search(plain):
        return PersonalData.EMAIL
    return _number_in(plain[5:] if _UNIT_CODE.match(plain) else plain, year)


def repeatable(text: str, most: int) -> str | None:
    """Return the first `most` characters of what somebody else wrote, if an answer may repeat them; None where it may
    not.

    It is cut before it is looked at, however long it is. Whatever the year is, nobody who may be born is named.
    """
    if in_text(text[: most + _BEYOND], MAXYEAR) is not None:
        return None
    return text if len(text) <= most else f"{text[:most]}…"


def named(text: str, most: int = 60) -> str:
    """Return the same for within a sentence or a list of names: `…` where it may not be repeated."""
    return repeatable(text, most) or ("…" if text else "")


def _plain(text: str) -> str:
    """Write the text as a reader sees it: composed, digits of any script as ours, without what has no width."""
    whole = composed(composed(text, "NFKC"))
    # Each letter is looked at once, however often it stands there.
    others = {ord(letter): _as_read(letter) for letter in set(whole) if not letter.isascii()}
    return whole.translate({code: read for code, read in others.items() if read != chr(code)})


def _as_read(letter: str) -> str:
    if unicodedata.category(letter) == "Cf":
        return ""
    return str(unicodedata.decimal(letter)) if letter.isdecimal() else letter


def _birth_beside_a_name(text: str) -> bool:
    for found in _BIRTH.finditer(text):
        beside = text[max(0, found.start() - _BESIDE) : found.start()], text[found.end() : found.end() + _BESIDE]
        if any(map(_holds_a_name, beside)):
            return True
    return False


def _holds_a_name(text: str) -> bool:
    """Tell whether two capitalised words stand in a row."""
    words = re.findall(r"[^\W\d_]+", text)
    return any(first[0].isupper() and second[0].isupper() for first, second in pairwise(words))


def _number_in(text: str, year: int) -> PersonalData | None:
    text = _DATE_OR_HOUR.sub("|", _MACHINE_MADE.sub("|", text))
    for run in _RUN.finditer(text):
        if run.end() - run.start() < _FEWEST_DIGITS:
            continue
        if _AMOUNT.match(text, run.end()) and not run[0].startswith("0"):
            continue
        before = text[max(0, run.start() - _CUE_REACHES) : run.start()]
        for digits in _numbers(run[0]):
            if _MOBILE.fullmatch(digits):
                return PersonalData.PHONE
            if _is_identity(digits, year) or (len(digits) == 9 and _CUE.search(before)):
                return PersonalData.IDENTITY
    return None


def _numbers(run: str) -> Iterator[str]:
    """List the numbers that a run of digits may be read as: all of it, what commas and the like keep apart, each
    alone.
    """
    yield _digits(run)
    yield from map(_digits, _BETWEEN_NUMBERS.split(run))
    yield from re.findall(r"\d+", run)


def _digits(text: str) -> str:
    return re.sub(r"\D", "", text)


def _is_identity(digits: str, year: int) -> bool:
    """Tell whether twelve digits are an identity number: 0 and a province, the century with the sex (0 and 1 from 1900,
    2 and 3 from 2000), the year.
    """
    if len(digits) != 12 or digits[0] != "0" or int(digits[1:3]) not in _PROVINCES:
        return False
    century = int(digits[3]) // 2
    return century < 2 and 1900 + 100 * century + int(digits[4:6]) <= year
