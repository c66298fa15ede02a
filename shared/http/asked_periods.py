"""Reads the periods that a question names. Pure."""

from shared.domain.periods import Period, PeriodError, parse_period
from shared.http.read_api import QueryError
from shared.http.read_words import ReadWords
from shared.values.scalars import shown

MOST_PERIODS = 60


def periods_named(text: str) -> list[Period]:
    """Read one period, or a range of one kind (`2023-Q1..2023-Q4`). Raises QueryError of `period`."""
    first_text, _, last_text = text.partition("..")
    try:
        first = parse_period(first_text)
        last = parse_period(last_text) if last_text else first
    except PeriodError as error:
        raise QueryError("period", error.words) from None
    if first.kind is not last.kind or not 0 <= last.ordinal - first.ordinal < MOST_PERIODS:
        raise QueryError("period", ReadWords.RANGE.value.filled(most=MOST_PERIODS, got=shown(text)))
    return [first.shift(count) for count in range(last.ordinal - first.ordinal + 1)]
