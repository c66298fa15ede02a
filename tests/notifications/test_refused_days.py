"""Days that are refused until which something is put off: written as an office does, with the day that would do."""

import pytest

from services.notifications.acknowledging import until_of
from services.notifications.decision_words import DecisionError
from services.notifications.obligations.decisions import new_deadline
from shared.programme.folder import load_programme
from tests.notifications.field import at
from tests.system import ROOT

ECD = load_programme(ROOT / "programmes" / "ecd-1437")
DUE = at("2023-03-16 17:00")


@pytest.mark.parametrize(
    ("now", "until", "vi", "en"),
    [
        ("2023-03-10 09:00", "2023-03-16",
         "cần một ngày làm việc từ ngày 17/03/2023 trở đi, nhận được ngày 16/03/2023",
         "expected a working day, 17 March 2023 or later, got 16 March 2023"),
        ("2023-03-17 16:59", "2023-03-09",
         "cần một ngày làm việc từ ngày 17/03/2023 trở đi, nhận được ngày 09/03/2023",
         "expected a working day, 17 March 2023 or later, got 9 March 2023"),
        ("2023-03-17 17:00", "2023-03-17",  # a Friday
         "cần một ngày làm việc từ ngày 20/03/2023 trở đi, nhận được ngày 17/03/2023",
         "expected a working day, 20 March 2023 or later, got 17 March 2023"),
        ("2023-03-10 09:00", "2024-03-17",
         "cần một ngày trước ngày 17/03/2024, nhận được ngày 17/03/2024",
         "expected a day before 17 March 2024, got 17 March 2024"),
        ("2023-12-16 09:00", "2030-12-02",
         "cần một ngày trước ngày 16/12/2024, nhận được ngày 02/12/2030",
         "expected a day before 16 December 2024, got 2 December 2030"),
        ("2023-03-10 09:00", "2023-03-19",  # a Sunday
         "ngày 19/03/2023 không phải ngày làm việc", "19 March 2023 is not a working day"),
    ],
)  # fmt: skip
def test_a_new_deadline_that_can_t_be_names_the_day_that_can(now: str, until: str, vi: str, en: str) -> None:
    with pytest.raises(DecisionError) as refused:
        new_deadline(ECD, until, DUE, at(now))
    assert (refused.value.words.vi, refused.value.words.en) == (vi, en)


def test_the_days_beside_those_are_taken() -> None:
    for now, until in (("2023-03-10 09:00", "2023-03-17"), ("2023-03-10 09:00", "2024-03-15"),
                       ("2023-12-15 18:00", "2024-12-13")):  # fmt: skip
        assert new_deadline(ECD, until, DUE, at(now)) == at(f"{until} 17:00")


@pytest.mark.parametrize("until", ["2023-03-17", "2023-04-18"])
def test_a_pause_that_can_t_be_names_the_days_between_which_it_can(until: str) -> None:
    now = at("2023-03-17 09:00")
    with pytest.raises(DecisionError) as refused:
        until_of(ECD, until, now)
    day = "17/03/2023" if until == "2023-03-17" else "18/04/2023"
    words = f"cần một ngày sau ngày 17/03/2023 và trước ngày 18/04/2023, nhận được ngày {day}"
    assert refused.value.words.vi == words
    assert refused.value.words.en.startswith("expected a day after 17 March 2023 and before 18 April 2023, got 1")
    assert until_of(ECD, "2023-03-18", now) < until_of(ECD, "2023-04-17", now)
