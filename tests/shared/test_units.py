"""The real register: both trees, their successors and the partition map."""

from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.domain.partitions import assign_partitions
from shared.domain.units import Units
from shared.registry.units_file import UnitsError, read_units

REGISTER = Path(__file__).resolve().parents[2] / "data" / "units.csv"
UNITS = Units(read_units(REGISTER))
BEFORE, AFTER = date(2025, 6, 30), date(2025, 7, 1)


def uids(path: object) -> list[str]:
    return [unit.uid for unit in path]  # type: ignore[attr-defined]


def test_the_register_has_every_unit_of_both_trees() -> None:
    assert len(UNITS) == 14_150
    in_force = {on: [unit for unit in UNITS if unit.in_force(on)] for on in (BEFORE, AFTER)}
    assert sum(unit.level == "commune" for unit in in_force[BEFORE]) == 10_035
    assert sum(unit.level == "commune" for unit in in_force[AFTER]) == 3_321
    assert sum(unit.level == "district" for unit in in_force[AFTER]) == 0


def test_a_code_names_another_place_after_the_merger() -> None:
    old, new = UNITS.find("06427", BEFORE), UNITS.find("06427", AFTER)
    assert old is not None
    assert new is not None
    assert (old.uid, new.uid) == ("06427@1", "06427@2")
    assert UNITS.find("06412@1", AFTER) == UNITS["06412@1"]  # a uid is a uid on every day
    assert UNITS.find("06412", AFTER) is None  # Yên Vượng's code ended
    assert UNITS.find("99999", AFTER) is None


def test_figures_climb_four_levels_before_the_merger_and_three_after() -> None:
    assert uids(UNITS.ladder("06412@1", BEFORE)) == ["06412@1", "186@1", "20@1", "VN"]
    assert uids(UNITS.ladder("06412@1", AFTER)) == ["06427@2", "20@2", "VN"]


def test_a_district_without_successor_climbs_through_its_province() -> None:
    assert uids(UNITS.ladder("186@1", AFTER)) == ["20@2", "VN"]
    assert uids(UNITS.ladder("167@1", AFTER)) == ["19@2", "VN"]


def test_both_epochs_of_a_place_share_one_province() -> None:
    assert {UNITS.province_of(uid) for uid in ("06@1", "19@1", "19@2")} == {"19@2"}
    assert UNITS.province_of("06412@1") == UNITS.province_of("06427@2") == "20@2"
    assert UNITS.province_of("186@1") == "20@2"
    assert UNITS.province_of("VN") == "VN"


@given(st.sampled_from(sorted(unit.uid for unit in UNITS)), st.sampled_from([BEFORE, AFTER, date(2030, 1, 1)]))
def test_every_unit_reaches_the_root_by_units_in_force(uid: str, on: date) -> None:
    ladder = UNITS.ladder(uid, on)
    assert ladder[-1].uid == "VN"
    if UNITS[uid].valid_from is None or UNITS[uid].valid_from <= on:
        assert all(unit.in_force(on) for unit in ladder)


@pytest.mark.parametrize(
    ("holder", "uid", "reaches"),
    [
        ("VN", "06412@1", True),
        ("186@1", "06412@1", True),
        ("186@1", "06427@2", True),  # its communes' successor
        ("186@1", "20@2", False),  # but not the whole province
        ("186@1", "06388@1", True),
        ("06412@1", "06427@2", True),  # rights follow the successor
        ("06427@2", "06412@1", True),  # a successor may post for its predecessors' earlier periods
        ("06412@1", "06388@1", False),
        ("20@1", "19@1", False),
        ("19@2", "06@1", True),
        ("06@1", "05443@1", False),  # Bắc Kạn's key does not reach Thái Nguyên's communes
    ],
)
def test_rights_follow_successors_and_no_further(holder: str, uid: str, reaches: bool) -> None:
    assert UNITS.covers(holder, uid) is reaches


@pytest.mark.parametrize("count", [1, 2, 4, 7, 16])
def test_partitions_hold_like_numbers_and_keep_provinces_whole(count: int) -> None:
    partitions = assign_partitions(UNITS, count, {})
    weights = Counter(UNITS.province_of(unit.uid) for unit in UNITS)
    loads = [sum(weights[province] for province, at in partitions.items() if at == n) for n in range(count)]
    assert max(loads) - min(loads) <= max(weights.values())
    assert set(partitions.values()) == set(range(count))


def test_a_province_stays_where_it_is_when_the_map_is_made_again() -> None:
    first = assign_partitions(UNITS, 4, {})
    kept = {province: partition for province, partition in first.items() if province != "19@2"}
    assert assign_partitions(UNITS, 4, kept) == first
    with pytest.raises(ValueError, match="only 2"):
        assign_partitions(UNITS, 2, first)


def test_a_broken_register_is_refused_with_line_and_reason(tmp_path: Path) -> None:
    lines = REGISTER.read_text(encoding="utf-8").splitlines(keepends=True)[:4]
    broken = tmp_path / "units.csv"
    broken.write_text(
        "".join(lines)
        + "77@1,77,Somewhere,province,tinh,XX,2020-13-01,,,\n"
        + "78@1,78,,province,tinh,VN,,,,\n"
        + "79@1,79,Elsewhere,province,tinh,NOWHERE,,,,\n",
        encoding="utf-8",
    )
    with pytest.raises(UnitsError) as caught:
        read_units(broken)
    (bad_day,) = [problem for problem in caught.value.problems if "units.csv:5: valid_from: expected a day" in problem]
    assert bad_day.endswith("got '2020-13-01'")
    assert any("units.csv:6: name is empty" in problem for problem in caught.value.problems)
    assert any("79@1: parent NOWHERE is not in the file" in problem for problem in caught.value.problems)
