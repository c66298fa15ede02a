"""The version of a record that counts is the same whatever the order and however often its events come."""

import itertools
import random
from datetime import UTC, datetime, timedelta

import pytest

from shared.domain.standing import FINAL, Version, contenders, stands_since, winner

START = datetime(2023, 3, 15, 8, tzinfo=UTC)


def version(
    id_: str,
    accepted: float,
    revision: int | None = None,
    *,
    alive: bool = True,
    deprecates: str | None = None,
    source: str = "/kobo",
    sender: str = "app",
    time: float = 0,
) -> Version:
    moment = START + timedelta(minutes=time)
    return Version(revision, moment, source, id_, sender, START + timedelta(minutes=accepted), alive, deprecates)


def by_arrival(events: list[Version]) -> Version:
    """As a live service finds it: only the contenders are kept between two arrivals."""
    kept: list[Version] = []
    for event in events:
        kept = contenders([*kept, event])
    return winner(kept)


CASES = {
    "an upload after explicit 5, explicit 3 after that: 5 is the strongest, and the upload came later": (
        [version("e5", 1, 5), version("upload", 2, source="/sheet"), version("e3", 3, 3)],
        "upload",
    ),
    "the upload, and a stronger revision that was accepted after it": (
        [version("upload", 2, source="/sheet"), version("e6", 3, 6), version("e9", 1, 9)],
        "upload",
    ),
    "a revision accepted after the upload": ([version("upload", 2), version("e0", 3, 0)], "e0"),
    "at the same instant the current one": ([version("upload", 2), version("e9", 2, 9)], "upload"),
    "a report withdrawn at revision 2 is handed in again by a sheet": (
        [version("e1", 1, 1), version("w2", 2, 2, alive=False), version("upload", 3)],
        "upload",
    ),
    "what is superseded stays so": ([version("s", 1, FINAL, alive=False), version("upload", 9)], "s"),
    "an edit counts before what it edits, accepted later": (
        [version("v2", 1, deprecates="v1"), version("v1", 5)],
        "v2",
    ),
    "an edit whose predecessor never came": ([version("v1", 5), version("v3", 1, deprecates="v2")], "v3"),
    "edits in any order": (
        [version("v1", 9), version("v2", 8, deprecates="v1"), version("v3", 1, deprecates="v2")],
        "v3",
    ),
    "pairs that would go round: v3 edits v2, v2 came after x, x after v3": (
        [version("v2", 9, deprecates="v1"), version("v3", 5, deprecates="v2"), version("x", 7, deprecates="y")],
        "x",
    ),
    "two that edit each other": ([version("a", 1, deprecates="b"), version("b", 2, deprecates="a")], "b"),
    "a sheet after another sender's edit: the last import wins": (
        [version("v1", 1), version("v2", 2, deprecates="v1"), version("upload", 3, source="/sheet", sender="office")],
        "upload",
    ),
    "a repetition was accepted before the other upload": (
        [version("a", 1), version("a", 5), version("b", 3)],
        "b",
    ),
    "a repetition moves the strongest revision before the upload": (
        [version("e5", 9, 5), version("e5", 1, 5), version("upload", 4)],
        "upload",
    ),
    "six of them": (
        [
            version("e5", 1, 5), version("upload", 2, source="/sheet"), version("e3", 3, 3),
            version("e7", 4, 7, alive=False), version("v2", 5, deprecates="v1"), version("v1", 6),
        ],
        "v2",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CASES)
def test_every_order_and_repetition_gives_the_same_winner(case: str) -> None:
    events, right = CASES[case]
    for order in itertools.permutations(events):
        assert by_arrival(list(order)).id == right, order
        assert by_arrival([*order, order[0], order[-1]]).id == right, order


def test_random_sets_have_one_winner_and_one_time_since_when_it_stands() -> None:
    chance = random.Random(5)
    for _ in range(300):
        events = [
            version(
                f"n{number}", chance.randrange(4), chance.choice([None, None, 0, 1, 2]),
                alive=chance.random() < 0.7, deprecates=chance.choice([None, None, f"n{chance.randrange(5)}"]),
                source=chance.choice(["/a", "/b"]), time=chance.randrange(2),
            )
            for number in range(5)
        ]  # fmt: skip
        events = [item._replace(deprecates=None) if item.revision is not None else item for item in events]
        copies = [chance.choice(events)._replace(accepted_at=START + timedelta(minutes=chance.randrange(4)))]
        # Explicit and current can't be copies of each other, nor can two bodies: an event is one event.
        outcomes = {
            by_arrival(list(order))._replace(accepted_at=START).identity
            for order in itertools.islice(itertools.permutations([*events, *copies]), 0, None, 7)
        }
        assert len(outcomes) == 1


def test_a_correction_does_not_make_a_report_late() -> None:
    assert stands_since([version("a", 1, 0), version("b", 9, 1)]) == START + timedelta(minutes=1)
    assert stands_since([version("a", 1, 0), version("upload", 9)]) == START + timedelta(minutes=1)


def test_handed_in_again_after_a_withdrawal_it_stands_from_then() -> None:
    events = [version("a", 1, 0), version("w", 3, 1, alive=False), version("b", 5, 2), version("c", 7, 3)]
    assert stands_since(events) == START + timedelta(minutes=5)
    again = [version("a", 1, 0), version("w", 3, 2, alive=False), version("upload", 6)]
    assert stands_since(again) == START + timedelta(minutes=6)


def test_a_weaker_withdrawal_accepted_after_the_winner_takes_nothing_back() -> None:
    assert stands_since([version("a", 1, 5), version("w", 3, 2, alive=False)]) == START + timedelta(minutes=1)


def test_a_withdrawal_that_counts_leaves_nothing() -> None:
    assert stands_since([version("a", 1, 0), version("w", 3, 1, alive=False)]) is None
    assert stands_since([version("upload", 1), version("w", 3, 0, alive=False)]) is None
    assert stands_since([]) is None


def test_without_a_version_there_is_no_winner() -> None:
    with pytest.raises(ValueError, match="one version"):
        winner([])
