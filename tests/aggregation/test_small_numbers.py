"""What outsiders can work out of small counts, from all answers about small registers.

Of units side by side every truth is gone through: an outsider who knows the rule, who has reported, and all that is
shown, can't tell the truths with the same answers apart, so a count is known if it is the same in all of them. Of
registers of several levels, drawn at random, every count is tried that agrees with all that is shown.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import product
from typing import NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.aggregation.ledger import LedgerEvent
from services.aggregation.parts import Counters
from services.aggregation.reading.explain import Explained
from services.aggregation.reading.small_numbers import Marks, TreePlace, parts_shown, suppressed, together, withheld
from shared.domain.canonical import EventBody

LEAST = 5
Tree = Mapping[str, str | None]
Truth = Mapping[str, tuple[int, int]]  # by reporter: the numerator, and the rest of the denominator


class Register(NamedTuple):
    """A tree of units (by their parents), and which of those with others below them report as well."""

    tree: Tree
    own: Sequence[str] = ()

    @property
    def reporters(self) -> list[str]:
        return [uid for uid in self.tree if uid not in self.tree.values()] + list(self.own)

    def below(self, uid: str) -> list[str]:
        return [reporter for reporter in self.reporters if uid in self.ladder(reporter)]

    def ladder(self, uid: str) -> list[str]:
        parent = self.tree[uid]
        return [uid] if parent is None else [uid, *self.ladder(parent)]

    def sums(self, truth: Truth) -> dict[str, tuple[int, int]]:
        made: dict[str, tuple[int, int]] = {}
        for uid in self.tree:
            below = [truth[it] for it in self.below(uid) if it in truth]
            if below:
                made[uid] = sum(n for n, _ in below), sum(rest for _, rest in below)
        return made


def marks_of(register: Register, truth: Truth) -> Marks:
    cells = {uid: Counters(1, 1, n, n + rest) for uid, (n, rest) in register.sums(truth).items()}
    places = {uid: TreePlace(parent, len(register.below(uid))) for uid, parent in register.tree.items()}
    return withheld(cells, places, LEAST)


def answers(register: Register, truth: Truth) -> tuple[object, ...]:
    sums, marks = register.sums(truth), marks_of(register, truth)
    return tuple((uid, mark, sums[uid] if mark is None else None) for uid, mark in marks.items())


def known(register: Register, counts: Iterable[tuple[int, int]], edge: int) -> list[tuple[object, ...]]:
    """The answers from which a small count can be worked out, of truths whose counts are at most `edge`: greater ones
    are only what others may be.
    """
    worlds: defaultdict[tuple[object, ...], list[dict[str, tuple[int, int]]]] = defaultdict(list)
    for given_counts in product(list(counts), repeat=len(register.reporters)):
        truth = dict(zip(register.reporters, given_counts, strict=True))
        worlds[answers(register, truth)].append(truth)
    groups = [[reporter] for reporter in register.reporters] + [register.below(uid) for uid in register.tree]
    found, looked_at = [], 0
    for told, truths in worlds.items():
        inside = [truth for truth in truths if all(count <= edge for pair in truth.values() for count in pair)]
        for group in groups:
            for q in (0, 1):
                small = any(1 <= sum(truth[it][q] for it in group) < LEAST for truth in inside)
                looked_at += small
                if small and len({sum(truth[it][q] for it in group) for truth in truths}) == 1:
                    found.append((told, group, q))
    assert looked_at > 0, "there are small counts to look at"
    return found


FLAT = {"r": None, "a": "r", "b": "r", "c": "r"}
TWO = {"r": None, "p": "r", "q": "r", "a": "p", "b": "p", "c": "q"}


def plenty(most: int) -> list[tuple[int, int]]:
    return [(count, LEAST) for count in range(most + 1)]


@pytest.mark.parametrize(
    ("register", "counts", "edge"),
    [
        (Register({"r": None, "a": "r"}), plenty(30), 24),
        (Register({"r": None, "a": "r", "b": "r"}), plenty(40), 34),
        (Register({"r": None, "a": "r", "b": "r"}), [(n, rest) for n in range(16) for rest in range(16)], 10),
        (Register({"r": None, "a": "r", "b": "r"}, ["r"]), plenty(20), 14),
        (Register(FLAT), plenty(20), 14),
        (Register(FLAT), [(LEAST, rest) for rest in range(21)], 14),
        (Register(FLAT, ["r"]), plenty(12), 6),
        (Register({**FLAT, "d": "r"}), plenty(12), 6),
    ],
    ids=lambda it: str(it) if isinstance(it, Register) else "",
)
def test_of_units_side_by_side_no_small_count_is_known_to_who_knows_all_answers_and_the_rule(
    register: Register, counts: list[tuple[int, int]], edge: int
) -> None:
    assert known(register, counts, edge)[:1] == []


def feasible(register: Register, truth: Truth, group: Sequence[str], q: int, value: int) -> bool:
    """Whether reporters could have counted so that the group's sum is this and every answer is as it is.

    Tries each count of each reporter in turn, as far as sums allow: it knows nothing of how it was decided.
    """
    sums, marks = register.sums(truth), marks_of(register, truth)
    bounds: list[tuple[list[str], int, int]] = [(list(group), value, value)]
    for uid, mark in marks.items():
        below = [it for it in register.below(uid) if it in truth]
        if mark is None:
            bounds.append((below, sums[uid][q], sums[uid][q]))
        elif mark == f"<{LEAST}" and q == 0:
            bounds.append((below, 1, LEAST - 1))
    most = sums["r"][q] if marks["r"] is None else 3 * LEAST

    def possible(left: Sequence[str], chosen: Mapping[str, int]) -> bool:
        for names, low, high in bounds:
            there = sum(chosen.get(name, 0) for name in names)
            if there > high or there + most * sum(name not in chosen for name in names) < low:
                return False
        if not left:
            return True
        return any(possible(left[1:], {**chosen, left[0]: count}) for count in range(most + 1))

    return possible([it for it in register.reporters if it in truth], {})


@st.composite
def fields(draw: st.DrawFn) -> tuple[Register, Truth]:
    """A register of up to three levels below the root, of which some report and some are silent."""
    tree: dict[str, str | None] = {"r": None}
    for number in range(draw(st.integers(1, 6))):
        tree[f"u{number}"] = draw(st.sampled_from(sorted(tree)))
    parents = sorted(set(tree.values()) - {None})
    register = Register(tree, draw(st.lists(st.sampled_from(parents), max_size=1)))
    count = st.one_of(st.integers(0, LEAST), st.integers(0, 12))
    truth = draw(st.fixed_dictionaries({it: st.none() | st.tuples(count, count) for it in register.reporters}))
    return register, {it: pair for it, pair in truth.items() if pair is not None}


@given(fields())
@settings(max_examples=150, deadline=None)
def test_all_answers_leave_three_values_at_least_to_every_small_count(field: tuple[Register, Truth]) -> None:
    register, truth = field
    sums, marks = register.sums(truth), marks_of(register, truth)
    assert set(marks) == set(sums)
    for uid, mark in marks.items():
        if mark is None:
            assert not any(1 <= count < LEAST for count in sums[uid]), uid
        elif mark == f"<{LEAST}":
            assert 1 <= sums[uid][0] < LEAST, uid
    groups = [[it] for it in truth] + [[it for it in register.below(uid) if it in truth] for uid in sums]
    for group in groups:
        for q in (0, 1):
            count = sum(truth[it][q] for it in group)
            if 1 <= count < LEAST:
                left = [value for value in range(2 * LEAST) if feasible(register, truth, group, q, value)]
                assert len(left) >= 3, (group, q, marks, left)


@given(fields(), st.data())
@settings(max_examples=100, deadline=None)
def test_what_is_withheld_depends_on_no_order(field: tuple[Register, Truth], data: st.DataObject) -> None:
    register, truth = field
    shuffled = data.draw(st.permutations(list(register.sums(truth))))
    cells = {uid: Counters(1, 1, n, n + rest) for uid, (n, rest) in register.sums(truth).items()}
    places = {uid: TreePlace(parent, len(register.below(uid))) for uid, parent in register.tree.items()}
    assert withheld({uid: cells[uid] for uid in shuffled}, places, LEAST) == marks_of(register, truth)


def shown(register: Register, **numerators: int) -> str:
    marks = marks_of(register, {uid: (count, 100) for uid, count in numerators.items()})
    return " ".join(f"{uid}:{mark or 'shown'}" for uid, mark in sorted(marks.items()))


@pytest.mark.parametrize(
    ("register", "counts", "expected"),
    [
        (Register(FLAT), {"a": 7, "b": 0, "c": 12}, "a:shown b:shown c:shown r:shown"),
        (Register(FLAT), {"a": 3, "b": 40, "c": 50}, "a:<5 b:withheld c:shown r:shown"),
        (Register(FLAT), {"a": 3, "b": 0, "c": 50}, "a:<5 b:shown c:withheld r:shown"),
        (Register(FLAT), {"a": 3, "c": 50}, "a:<5 c:withheld r:shown"),  # who is silent can't hide another
        (Register(FLAT), {"a": 3, "b": 2, "c": 50}, "a:<5 b:<5 c:shown r:shown"),
        (Register(FLAT), {"a": 1, "b": 1, "c": 50}, "a:<5 b:<5 c:withheld r:shown"),
        (Register(FLAT), {"a": 3, "b": 0, "c": 0}, "a:<5 b:withheld c:withheld r:<5"),
        (Register(FLAT), {"a": 1, "b": 5}, "a:<5 b:withheld r:withheld"),
        (Register(FLAT), {"a": 1, "b": 1, "c": 1}, "a:<5 b:<5 c:<5 r:withheld"),  # <5 would say: 1 or 2 each
        (Register(TWO), {"a": 3, "b": 20, "c": 60}, "a:<5 b:withheld c:shown p:shown q:shown r:shown"),
        (Register(TWO), {"a": 1, "b": 2, "c": 60}, "a:<5 b:<5 c:withheld p:<5 q:withheld r:shown"),
    ],
)
def test_the_smallest_units_by_the_register_hide_a_small_count(
    register: Register, counts: dict[str, int], expected: str
) -> None:
    assert shown(register, **counts) == expected


def test_a_count_is_small_whichever_side_of_the_fraction_it_is_on() -> None:
    rest = {"a": (97, 3), "b": (60, 40), "c": (80, 20)}
    assert marks_of(Register(FLAT), rest) == {"r": None, "a": "withheld", "b": "withheld", "c": None}


def test_parts_are_shown_where_everybody_gave_them_and_none_is_small() -> None:
    def of(n: int, rest: int, records: int = 9) -> Counters:
        return Counters(records, records, n, n + rest)

    whole = of(60, 300)
    assert parts_shown(whole, [of(40, 200), of(20, 100)], LEAST, exclusive=True)
    assert not parts_shown(whole, [of(57, 200), of(3, 100)], LEAST, exclusive=True)
    assert not parts_shown(whole, [of(40, 298), of(20, 2)], LEAST, exclusive=True)
    assert not parts_shown(whole, [of(40, 200), of(15, 100)], LEAST, exclusive=True)  # 5 are of who gave no parts
    assert parts_shown(whole, [of(60, 300), of(30, 330)], LEAST, exclusive=False)
    assert not parts_shown(whole, [of(60, 300), of(30, 330, records=1)], LEAST, exclusive=False)


def test_a_figure_put_together_is_shown_only_if_all_that_it_is_made_of_is() -> None:
    assert together([]) is None
    assert together([None, None]) is None
    assert together(["<5"]) == "<5"
    assert together([None, "<5"]) == together(["<5", "<5"]) == together([None, "withheld"]) == "withheld"


def test_nothing_is_left_in_a_row_that_a_number_could_be_worked_out_from() -> None:
    row = {"uid": "a", "value": 0.1, "numerator": 3, "denominator": 3000, "target": 4.0, "on_track": True,
           "attainment": 40.0, "flags": ["denominator_changed"], "units_reported": 1}  # fmt: skip
    assert suppressed(row, None) == row
    assert suppressed(row, "<5") == {
        "uid": "a", "value": None, "numerator": None, "denominator": None, "target": 4.0, "on_track": None,
        "attainment": None, "flags": [], "units_reported": 1, "suppressed": "<5",
    }  # fmt: skip


def test_of_an_event_that_is_hidden_only_what_it_is_of_is_told() -> None:
    """Whatever else a figure's event may say one day."""
    of = {"programme": "p", "indicator": "abused", "agency": "a", "period": "2024-Q1", "revision": 1}
    data = {**of, "numerator": 3, "denominator": 9, "breakdown": [], "components": {"c1": True}, "note": "3 of 9"}
    at = datetime(2024, 4, 1, tzinfo=UTC)
    event = LedgerEvent(EventBody("20@2", "app", "indicator.reported", "06412@1", at, data), "/tests", "e1", at, "")
    explained = Explained(event, ("record", "20@2"), "counted")
    hidden = explained.to_json(numbers=False)
    assert (hidden["data"], hidden["suppressed"]) == (of, "withheld")
    assert explained.to_json(numbers=True)["data"] == data
