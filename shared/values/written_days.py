"""Days as people write them in a sheet: 31/3/2023, always the day, the month, the year, or 2023-03-31. Pure."""

import re
from datetime import date

from shared.values.scalars import day

_DAY_FIRST = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{4})", re.ASCII)


def written_day(text: str) -> date:
    """Read the day that the text is. Raises ScalarError for none, or one that is out of bounds."""
    found = _DAY_FIRST.fullmatch(text)
    return day(f"{found[3]}-{found[2]:0>2}-{found[1]:0>2}" if found else text)
