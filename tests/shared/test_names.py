"""What may be a name of an officer or of a sender."""

import pytest

from shared.values.names import LONGEST_NAME, expected_instead, spaced


@pytest.mark.parametrize(
    "name", ["Nguyễn Văn An", "Sở Y tế Lạng Sơn", "kobo-2026", "H'Hen Niê", "app (thử nghiệm)", "ສະບາຍ"]
)
def test_names_of_people_and_offices_are_names(name: str) -> None:
    assert expected_instead(spaced(name)) is None


@pytest.mark.parametrize(
    "name",
    ["", "—", "a\x00", "a\x1b[2J", "a\u200bb", "a\u00adb", "a\u200f", "\u202ea", "\ufeffa", "\ue000", "\ud800",
     "a\u034f", "a\u115f", "a\u2800b", "a\u3164b", "\uffa0", "a\ufe0f", "a\U000e0100", "https://a.vn",
     "a" * (LONGEST_NAME + 1)],
)  # fmt: skip
def test_what_can_t_be_seen_or_says_more_than_a_name_is_none(name: str) -> None:
    assert expected_instead(spaced(name)) is not None


def test_a_name_is_written_in_one_way() -> None:
    assert spaced(" Sơ\u0309\u00a0\u3000Y\n tế\u2028") == "Sở Y tế"
