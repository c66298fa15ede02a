"""What is read from others is bounded: no number, text, day or instant gets in that something may stumble over."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.values.scalars import (
    END_OF_TIME,
    FIRST_DAY,
    FIRST_INSTANT,
    LARGEST,
    LAST_DAY,
    ScalarError,
    any_instant,
    day,
    instant,
    shown,
    text,
    whole_number,
)
from tests.hostile import TEXTS

PARSERS = (whole_number, text, day, instant, any_instant)
ANYTHING = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.binary(), st.lists(st.integers()),
    st.datetimes().map(str), st.datetimes(timezones=st.timezones()).map(datetime.isoformat), st.dates().map(str),
    st.sampled_from(TEXTS), st.text("0123456789", min_size=1, max_size=6000),
    st.text(st.characters(codec=None, categories=["Cs", "Cc", "Nd"]), min_size=1),
)  # fmt: skip


@given(ANYTHING)
def test_whatever_comes_is_read_or_refused_with_a_short_reason(value: object) -> None:
    for parse in PARSERS:
        try:
            parse(value)
        except ScalarError as error:
            assert len(str(error).encode("utf-8", "backslashreplace")) < 500  # noqa: PT017 - the reason is what counts
            assert error.expected.en in str(error)  # noqa: PT017
            assert error.expected.vi in error.words.vi  # noqa: PT017


@given(st.integers(0, LARGEST))
def test_a_whole_number_is_read_from_its_digits(number: int) -> None:
    assert whole_number(str(number)) == whole_number(number) == number
    assert whole_number(f"{number}.000", zeros=True) == number


@pytest.mark.parametrize(
    "value",
    ["", "-1", "+1", "1.0", "1e3", "٣", "²", "1_0", " 1", str(2**63), "9" * 5000, True, 1.0, None, 2**63, -1],
)
def test_what_is_no_whole_number_in_bounds_is_refused(value: object) -> None:
    with pytest.raises(ScalarError, match=r"expected a whole number from 0 to 9223372036854775807"):
        whole_number(value)


@given(st.dates(FIRST_DAY, LAST_DAY))
def test_a_day_in_bounds_is_read(on: date) -> None:
    assert day(on.isoformat()) == on


@pytest.mark.parametrize(
    "value",
    ["0001-01-01", "1999-12-31", "2101-01-01", "9999-12-31", "2023-02-30", "20230309", "2023-W01-1", "", 5, None],
)
def test_a_day_out_of_bounds_or_none_is_refused(value: object) -> None:
    with pytest.raises(ScalarError, match="expected a day like 2023-03-09, from 2000-01-01 to 2100-12-31"):
        day(value)


@given(
    st.datetimes(FIRST_INSTANT.replace(tzinfo=None), END_OF_TIME.replace(tzinfo=None) - timedelta(microseconds=1)),
    st.integers(-23 * 60, 23 * 60),
)
def test_an_instant_in_bounds_is_read_whatever_its_offset(moment: datetime, minutes: int) -> None:
    aware = moment.replace(tzinfo=UTC)
    assert instant(aware.astimezone(timezone(timedelta(minutes=minutes))).isoformat()) == aware


@pytest.mark.parametrize(
    "value",
    [
        "0001-01-01T00:00:00+07:00", "1999-12-31T23:59:59Z", "2000-01-01T00:00:00+07:00", "2101-01-01T00:00:00Z",
        "9999-12-31T23:59:59-07:00", "2023-03-15", "2023-03-15T08:00:00", "2023-02-30T08:00:00Z", "1678838400", "",
        None, 1678838400, "2023-03-15T08:00:00" + "0" * 100 + "Z",
    ],
)  # fmt: skip
def test_an_instant_out_of_bounds_or_none_is_refused(value: object) -> None:
    with pytest.raises(ScalarError, match="expected a time"):
        instant(value)


def test_a_text_is_one_that_postgresql_keeps() -> None:
    assert text("Nguyễn Văn A\n😀") == "Nguyễn Văn A\n😀"
    for wrong in ("\x00", "a\x00", "\ud800", "ễ\udfff", "x" * 201, 5, None, b"x"):
        with pytest.raises(ScalarError, match="expected a text"):
            text(wrong)


def test_what_a_text_says_is_not_repeated_in_its_refusal() -> None:
    with pytest.raises(ScalarError) as refused:
        text("0912345678" * 30)
    assert "0912345678" not in str(refused.value)


def test_what_came_is_shown_in_bounded_length() -> None:
    assert shown("x" * 10**6).en == repr("x" * 60) + "…"
    assert shown(10**5000).en == "a longer number"
    assert (shown(1.5).en, shown(True).en, shown(5).en) == ("1.5", "true", "5")


@pytest.mark.parametrize(
    ("value", "vi", "en"),
    [
        ({"a": 1}, "một đối tượng", "an object"),
        ([1] * 1000, "một mảng", "an array"),
        (None, "giá trị null", "null"),
        (b"x", "một giá trị thuộc loại khác", "a value of another kind"),
    ],
)
def test_what_is_no_scalar_is_called_as_json_calls_it(value: object, vi: str, en: str) -> None:
    assert shown(value) == (vi, en)


@pytest.mark.parametrize("value", ["0912345678", "a@b.vn", "Sinh 01/02/1990 Nguyễn Lan", 84912345678, 84912345678.0])
def test_what_may_be_a_person_s_is_not_shown(value: object) -> None:
    assert shown(value) == ("nội dung giống thông tin của một người", "what looks like a person's data")
