"""Read a day that somebody has typed into the board's pages: as people write days, else refused with the cure. Pure."""

from datetime import date

from shared.domain.rule_words import WrittenWords
from shared.values.scalars import FIRST_DAY, LAST_DAY, ScalarError
from shared.values.written_days import ShortYearError, written_day
from shared.wording.words import Words


class TypedDayError(Exception):
    """What was typed is no day: what is `expected`, as it stands behind the words of a refusal's code."""

    def __init__(self, expected: Words) -> None:
        super().__init__(expected.en)
        self.expected = expected


def typed_day(text: str) -> date:
    """Read the day. Raises TypedDayError."""
    try:
        return written_day(text)
    except ShortYearError as error:
        raise TypedDayError(WrittenWords.FULL_YEAR.value) from error
    except ScalarError as error:
        raise TypedDayError(WrittenWords.DAY.value.filled(first=FIRST_DAY.year, last=LAST_DAY.year)) from error


def as_typed(on: date) -> str:
    """Write a day as somebody would type it: «26/03/2023» in either language, since the field is read so."""
    return f"{on:%d/%m/%Y}"
