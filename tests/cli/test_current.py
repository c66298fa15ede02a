"""What `kip up` says of each programme: what is due next, and which has ended."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from cli.current import as_it_stands, next_deadline
from shared.programme.folder import load_programme
from shared.programme.model import Programme
from tests.second_programme import LATER, OWN_NAMES, SHIPPED, second_programme

HANOI = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.fixture(scope="module")
def later(tmp_path_factory: pytest.TempPathFactory) -> Programme:
    return load_programme(second_programme(tmp_path_factory.mktemp("later") / "other", LATER | OWN_NAMES))


@pytest.mark.parametrize(
    ("now", "said"),
    [
        ("2024-06-02T08:00", "nothing is due in the next 400 days; its last day is 14/12/2030"),
        ("2026-11-29T08:00", "next deadline 16/12/2026 17:00: progress-quarterly for 2026-Q4, each commune"),
        ("2026-12-16T17:00", "next deadline 22/12/2026 17:00: progress-half-yearly for 2026-H2, each province"),
        ("2027-02-08T08:00", "next deadline 16/03/2027 17:00: progress-quarterly for 2027-Q1, each commune"),
        ("2030-12-26T08:00", "nothing is due any more; its last day was 14/12/2030"),
        ("2031-03-16T23:59", "nothing is due any more; its last day was 14/12/2030"),
        ("2031-03-17T00:00", "ended on 14/12/2030: its history can be read, nothing is owed"),
    ],
)
def test_it_says_what_is_due_next_until_nothing_is(later: Programme, now: str, said: str) -> None:
    assert as_it_stands(later, datetime.fromisoformat(now).replace(tzinfo=HANOI)) == said


def test_a_programme_that_has_ended_asks_for_nothing(later: Programme) -> None:
    now = datetime(2026, 11, 29, 8, tzinfo=HANOI)
    shipped = load_programme(SHIPPED)
    assert next_deadline(shipped, now) is None
    assert as_it_stands(shipped, now) == "ended on 14/12/2025: its history can be read, nothing is owed"
