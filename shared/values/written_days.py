"""Days as people write them: 31/3/2023, always the day, the month, the year, or 2023-03-31. Pure."""

import re
from datetime import date
from unicodedata import normalize

from shared.values.scalars import ScalarError, day

_MARK = r"(?: ?[/.-] ?| )"
_DAY_FIRST = re.compile(rf"(\d{{1,2}}){_MARK}(\d{{1,2}}){_MARK}(\d{{4}})", re.ASCII)
_IN_WORDS = re.compile(r"(?:ngày )?([0-9]{1,2}) tháng ([0-9]{1,2}) năm ([0-9]{4})", re.IGNORECASE)
_SHORT_YEAR = re.compile(rf"\d{{1,2}}{_MARK}\d{{1,2}}{_MARK}\d{{2}}", re.ASCII)
LONGEST = 60  # characters: more is no day


class ShortYearError(ScalarError):
    """The year has two digits: which century it lies in is nobody's to guess."""


def written_day(text: str) -> date:
    """Read the day that the text is. Raises ScalarError for none, or one that is out of bounds; ShortYearError."""
    typed = " ".join(normalize("NFC", text).split()) if len(text) <= LONGEST else text
    found = _DAY_FIRST.fullmatch(typed) or _IN_WORDS.fullmatch(typed)
    try:
        return day(f"{found[3]}-{found[2]:0>2}-{found[1]:0>2}" if found else typed)
    except ScalarError as error:
        if len(typed) <= LONGEST and _SHORT_YEAR.fullmatch(typed):
            raise ShortYearError(error.expected, typed) from None
        raise
