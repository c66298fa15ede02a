"""Days as officers write them, in a sheet or in the form: understood, or refused with the cure."""

from datetime import date

import pytest

from shared.values.scalars import ScalarError
from shared.values.written_days import ShortYearError, written_day


@pytest.mark.parametrize(
    "text",
    ["9/3/2023", "09/03/2023", "9.3.2023", "09-03-2023", "2023-03-09", "9 3 2023", " 9 / 3 / 2023 ", "9/3-2023",
     "ngày 9 tháng 3 năm 2023", "09 tháng 03 năm 2023", "Nga\u0300y 9 tha\u0301ng 3 na\u0306m 2023",
     "9\u00a03\u00a02023"],
)  # fmt: skip
def test_a_day_is_understood_day_first(text: str) -> None:
    assert written_day(text) == date(2023, 3, 9)


@pytest.mark.parametrize(
    "text",
    ["", "9/3", "31/2/2023", "3/13/2023", "9/3/1999", "9/3/2101", "20230309", "9//3/2023", "九/3/2023", "\u0669/3/2023",
     "9/3/2023/", "9/3/20233", "tháng 3 năm 2023", "9/3/2023" + " " * 60, "x" * 10_000],
)  # fmt: skip
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ScalarError):
        written_day(text)


@pytest.mark.parametrize("text", ["9/3/23", "09.03.23", "9 3 23"])
def test_a_year_of_two_digits_is_nobody_s_to_guess(text: str) -> None:
    with pytest.raises(ShortYearError):
        written_day(text)
