"""The rule of who sees what: its units over the whole real register, and over a second merger; and that a second right
only narrows.
"""

from dataclasses import replace
from datetime import date

import pytest

from shared.access.rights import Reach, own_events, reach_of
from shared.domain.events import DECIDE
from shared.domain.units import Unit, Units
from shared.registry.snapshot import Key, Registry
from shared.registry.units_file import read_units
from tests.rights.register import MADE_OF, PLACES, REACHED, units_file
from tests.shipped import shipped_units

UNITS = shipped_units()
MERGED = {uid for uid in (unit.uid for unit in UNITS) if len(UNITS.predecessors(uid)) > 1}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Units:
    file = tmp_path_factory.mktemp("units") / "units.csv"
    file.write_text(units_file(), encoding="utf-8")
    return Units(read_units(file))


def test_every_kind_of_unit_reaches_what_the_rule_says(small: Units) -> None:
    assert {uid: set(small.reached_by(uid)) for uid in PLACES} == REACHED


def test_no_key_of_a_merged_unit_reaches_the_others_of_the_same_successor() -> None:
    provinces = 0
    for successor in MERGED:
        olds = {unit.uid for unit in UNITS.predecessors(successor)}
        assert olds <= UNITS.reached_by(successor)
        for old in olds:
            assert successor in UNITS.reached_by(old)
            assert olds & UNITS.reached_by(old) == {old}
            provinces += UNITS[old].level == "province"
    assert provinces == 52


def test_no_key_reaches_upwards_and_a_gone_district_goes_on_in_its_communes() -> None:
    gone = [unit for unit in UNITS if unit.level == "district" and unit.successor is None]
    assert len(gone) == 691
    for district in gone:
        reached = UNITS.reached_by(district.uid)
        assert not {unit.uid for unit in UNITS.path(district.uid)[1:]} & reached
        assert UNITS.today(district.uid).uid not in reached
        assert {unit.successor for unit in UNITS.children(district.uid)} <= reached


def test_rights_last_through_a_second_merger() -> None:
    def unit(uid: str, since: int | None, until: int | None, successor: str | None) -> Unit:
        days = (since and date(since, 1, 1), until and date(until, 12, 31))
        return Unit(uid, uid, uid, "commune", "x", None if uid == "root" else "root", *days, successor, ())

    units = Units([
        unit("root", None, None, None), unit("a", None, 2024, "n"), unit("b", None, 2024, "n"),
        unit("n", 2025, 2029, "p"), unit("m", 2025, 2029, "p"), unit("p", 2030, None, None),
    ])  # fmt: skip
    reached = {holder: set(units.reached_by(holder)) for holder in "abnmp"}
    assert reached == {
        "a": {"a", "n", "p"}, "b": {"b", "n", "p"}, "n": {"n", "a", "b", "p"}, "m": {"m", "p"}, "p": {*"abnmp"},
    }  # fmt: skip


def test_a_figure_is_seen_only_with_all_that_it_is_put_together_from(small: Units) -> None:
    for holder, reached in REACHED.items():
        reach = Reach("x", (holder,))
        for uid, made_of in MADE_OF.items():
            assert reach.sees_figure(small, uid, made_of) == ({uid, *made_of} <= reached)


def test_a_second_right_only_narrows(small: Units) -> None:
    for first in PLACES:
        for second in PLACES:
            assert Reach("x", (first, second)).units(small) == REACHED[first] & REACHED[second]


def test_what_is_not_known_is_seen_by_nobody_but_its_sender(small: Units) -> None:
    reach = Reach("me", ("VN",), frozenset({"a"}), frozenset({"activity.recorded"}))
    assert reach.sees_event(small, "11@1", ["a"], "activity.recorded", "other")
    assert not reach.sees_event(small, "nowhere", ["a"], "activity.recorded", "other")
    assert not reach.sees_event(small, None, ["a"], "activity.recorded", None)
    assert not reach.sees_event(small, "11@1", [None], "activity.recorded", "other")
    assert not reach.sees_event(small, "11@1", ["a"], "", "other")
    assert reach.sees_event(small, None, [None], "", "me")
    assert not Reach("x", ("gone",)).units(small)
    assert not Reach("x", ()).units(small)


def test_a_key_s_limits_become_its_reach() -> None:
    key = Key("s", "11@1", None, True, None)
    assert reach_of(key) == Reach("s", ("11@1",))
    assert reach_of(replace(key, kinds=frozenset({DECIDE}))).kinds is None
    assert reach_of(replace(key, kinds=frozenset())).kinds is None
    assert reach_of(replace(key, kinds=frozenset({DECIDE, "x"}), programmes=frozenset({"p"}))) == Reach(
        "s", ("11@1",), frozenset({"p"}), frozenset({"x"})
    )
    assert not own_events(key).units(UNITS)


def test_a_request_that_narrows_itself_sees_of_its_own_events_too_only_those_there(small: Units) -> None:
    key = Key("me", "VN", None, True, None)
    for narrowed in (reach_of(key, "11@1"), own_events(key, "11@1")):
        assert narrowed.sees_event(small, "11@1", ["a"], "activity.recorded", "me")
        assert not narrowed.sees_event(small, "12@1", ["a"], "activity.recorded", "me")
        assert not narrowed.sees_event(small, None, ["a"], "activity.recorded", "me")
    assert reach_of(key, "11@1").units(small) == REACHED["11@1"]
    assert reach_of(key, "11@1").mark != reach_of(replace(key, subtree="11@1")).mark
    assert not Registry().limited_to(frozenset({"p"})).programmes
