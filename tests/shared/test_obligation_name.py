"""Obligations' names: one way to write each, and nothing else is read as one."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.obligation_name import (
    LONGEST_NAME,
    ObligationName,
    ObligationNameError,
    read_obligation_name,
)

NAME = "ecd-1437~progress-quarterly~06412@1~ubnd-xa~2023-Q1~0"
slugs = st.from_regex(r"\A[a-z0-9]{1,9}(-[a-z0-9]{1,9}){0,3}\Z")
periods = st.sampled_from(["2023", "2023-H2", "2023-Q1", "2023-03", "2023-W07"])
names = st.builds(
    ObligationName, programme=slugs, report=slugs, unit=st.sampled_from(["VN", "06412@1", "a.b_c-9@12"]), agency=slugs,
    period=periods, epoch=st.integers(0, 2**63 - 1),
)  # fmt: skip


def test_a_name_says_what_it_is_about_and_of_which_epoch():
    assert str(ObligationName("ecd-1437", "progress-quarterly", "06412@1", "ubnd-xa", "2023-Q1", 0)) == NAME
    assert read_obligation_name(NAME).unit == "06412@1"


@given(names)
def test_what_is_written_is_read_and_no_two_are_alike(name):
    assert read_obligation_name(str(name)) == name


def test_the_longest_name_is_read():
    slug = "a" * 64
    longest = ObligationName(slug, slug, "u" * 32 + "@1234", slug, "2023-W07", 2**63 - 1)
    assert len(str(longest)) == LONGEST_NAME
    assert read_obligation_name(str(longest)) == longest


@pytest.mark.parametrize(
    "text",
    [
        "", "x", "7", "~~~~~", NAME + "~0", NAME.removesuffix("~0"), NAME + "0" * 20, NAME[:-1] + "00",
        NAME[:-1] + "-1", NAME[:-1] + "٠", NAME[:-1], NAME.upper(), f" {NAME}", f"{NAME}\n", NAME.replace("Q1", "Q5"),
        NAME.replace("ecd", "e/cd"), NAME.replace("@1", "@1@2"), NAME.replace("06412", "064 12"),
        NAME.replace("ubnd-xa", "ubnd--xa"), NAME.replace("ubnd-xa", "a" * 65), NAME.replace("2023-Q1", "2023-W54"),
    ],
)  # fmt: skip
def test_whatever_else_is_refused_with_what_was_expected(text):
    with pytest.raises(ObligationNameError, match="expected an obligation's name"):
        read_obligation_name(text)


@given(st.text(max_size=300))
def test_any_text_is_a_name_or_refused(text):
    with suppress(ObligationNameError):
        assert str(read_obligation_name(text)) == text
