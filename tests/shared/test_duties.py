"""Who owes what under the shipped programme, on the real register, before and after the merger of 1 July 2025."""

from collections.abc import Callable
from pathlib import Path

import pytest

from shared.domain.duties import NOTHING, owes
from shared.domain.periods import parse_period
from shared.domain.units import Units
from shared.programme.model import Programme
from shared.programme.reports import AfterCutoff, DayOfMonth
from tests.shipped import shipped_programme, shipped_units

ROOT = Path(__file__).parents[2]

YEN_VUONG, HUU_LUNG, LANG_SON, THAI_NGUYEN = "06412@1", "186@1", "20@1", "19@1"
CAI_KINH, LANG_SON_TODAY, THAI_NGUYEN_TODAY, NATION = "06427@2", "20@2", "19@2", "VN"

Ask = Callable[[str, str, str], list[str]]  # of a unit's uid, an agency and a period
QUARTERS = tuple(f"{year}-Q{quarter}" for year in (2023, 2024, 2025) for quarter in (1, 2, 3, 4))


@pytest.fixture(scope="module")
def programme() -> Programme:
    return shipped_programme()


@pytest.fixture(scope="module")
def units() -> Units:
    return shipped_units()


@pytest.fixture
def reports(programme: Programme, units: Units) -> Ask:
    """The report slugs that an agency at a unit owes for a period."""
    return lambda uid, agency, period: [
        slug for slug, _ in owes(programme, units[uid], agency, parse_period(period)).reports
    ]


@pytest.fixture
def indicators(programme: Programme, units: Units) -> Ask:
    """The indicator slugs that an agency at a unit owes for a period."""
    return lambda uid, agency, period: list(owes(programme, units[uid], agency, parse_period(period)).indicators)


def test_a_commune_owes_each_quarter_up_to_the_merger_and_its_successor_each_one_after(reports: Ask) -> None:
    owed = ["progress-quarterly"]
    before, after = QUARTERS[:10], QUARTERS[10:]  # 2025-Q2 ends on 14/06/2025
    assert before[-1] == "2025-Q2"
    assert all(reports(YEN_VUONG, "ubnd-xa", quarter) == owed for quarter in before)
    assert all(reports(YEN_VUONG, "ubnd-xa", quarter) == [] for quarter in after)
    assert all(reports(CAI_KINH, "ubnd-xa", quarter) == [] for quarter in before)
    assert all(reports(CAI_KINH, "ubnd-xa", quarter) == owed for quarter in after)


def test_districts_owe_until_they_cease_to_exist(reports: Ask) -> None:
    assert all(reports(HUU_LUNG, "ubnd-huyen", quarter) == ["progress-quarterly"] for quarter in QUARTERS[:10])
    assert all(reports(HUU_LUNG, "ubnd-huyen", quarter) == [] for quarter in QUARTERS[10:])
    assert reports(HUU_LUNG, "ubnd-huyen", "2024") == ["progress-yearly"]
    assert reports(HUU_LUNG, "ubnd-huyen", "2025") == []


@pytest.mark.parametrize("period", ["2022-Q4", "2022", "2022-H2", "2026-Q1", "2026", "2026-H1"])
def test_nobody_owes_before_2023_or_after_2025(programme: Programme, units: Units, period: str) -> None:
    at = {
        "commune": (YEN_VUONG, CAI_KINH),
        "district": (HUU_LUNG,),
        "province": (LANG_SON, LANG_SON_TODAY),
        "nation": (NATION,),
    }
    for agency in programme.agencies:
        for uid in at[agency.level]:
            assert owes(programme, units[uid], agency.slug, parse_period(period)) is NOTHING


@pytest.mark.parametrize("agency", ["so-gddt", "so-yt", "so-vhttdl", "so-tc"])
def test_departments_owe_half_yearly_and_yearly_and_no_quarterly_report(reports: Ask, agency: str) -> None:
    for period in ("2023-H1", "2024-H2", "2025-H1"):
        assert reports(THAI_NGUYEN, agency, period) == ["progress-half-yearly"]
    assert reports(THAI_NGUYEN_TODAY, agency, "2025-H2") == ["progress-half-yearly"]
    assert reports(THAI_NGUYEN, agency, "2023") == ["progress-yearly"]
    assert reports(THAI_NGUYEN_TODAY, agency, "2025") == ["progress-yearly"]
    assert reports(THAI_NGUYEN, agency, "2023-Q1") == []


@pytest.mark.parametrize("agency", ["so-ldtbxh", "so-khdt"])
def test_departments_that_were_merged_in_march_2025_owe_nothing_that_ends_after(reports: Ask, agency: str) -> None:
    assert reports(THAI_NGUYEN, agency, "2024-H2") == ["progress-half-yearly"]
    assert reports(THAI_NGUYEN, agency, "2025-H1") == []
    assert reports(THAI_NGUYEN_TODAY, agency, "2025") == []


def test_the_province_owes_the_yearly_report_only(reports: Ask) -> None:
    assert reports(LANG_SON, "ubnd-tinh", "2023") == ["progress-yearly"]
    assert reports(LANG_SON_TODAY, "ubnd-tinh", "2025") == ["progress-yearly"]
    assert reports(LANG_SON, "ubnd-tinh", "2023-Q4") == reports(LANG_SON, "ubnd-tinh", "2023-H2") == []


def test_each_level_has_its_deadline(programme: Programme, units: Units) -> None:
    year = parse_period("2023")
    rules = [
        owes(programme, units[uid], agency, year).reports[0][1]
        for uid, agency in [
            (YEN_VUONG, "ubnd-xa"),
            (HUU_LUNG, "ubnd-huyen"),
            (LANG_SON, "so-yt"),
            (LANG_SON, "ubnd-tinh"),
        ]
    ]
    assert rules == [
        AfterCutoff(after_cutoff_working_days=2),
        AfterCutoff(after_cutoff_working_days=4),
        AfterCutoff(after_cutoff_working_days=6),
        DayOfMonth(day_of_month=25),
    ]


@pytest.mark.parametrize("agency", ["mttq-tinh", "hlhpn-tinh", "hnd-tinh", "doan-tncs-tinh", "hoi-bao-tro"])
def test_mass_organisations_are_expected_to_report_once_a_year(reports: Ask, agency: str) -> None:
    assert reports(LANG_SON, agency, "2024") == ["progress-yearly"]
    assert reports(LANG_SON, agency, "2024-H1") == reports(LANG_SON, agency, "2024-Q1") == []


@pytest.mark.parametrize(
    ("uid", "agency"),
    [
        (YEN_VUONG, "cc-vhxh"),  # types the figures for ubnd-xa
        (YEN_VUONG, "ct-xh-xa"),
        (HUU_LUNG, "phong-ldtbxh-dt-huyen"),
        (LANG_SON, "so-khac"),
        (NATION, "bo-ldtbxh"),
    ],
)
def test_other_agencies_owe_nothing(programme: Programme, units: Units, uid: str, agency: str) -> None:
    for period in ("2023-Q1", "2023-H1", "2023"):
        assert not owes(programme, units[uid], agency, parse_period(period))


def test_an_agency_owes_nothing_at_another_level_than_its_own(reports: Ask) -> None:
    assert reports(HUU_LUNG, "ubnd-xa", "2023-Q1") == reports(YEN_VUONG, "ubnd-huyen", "2023-Q1") == []


def test_communes_are_expected_to_report_access_and_knowledge(indicators: Ask) -> None:
    expected = ["child-service-access", "knowledge-skills-provided"]
    assert indicators(YEN_VUONG, "ubnd-xa", "2023-Q1") == expected
    assert indicators(CAI_KINH, "ubnd-xa", "2025-Q4") == expected
    assert indicators(YEN_VUONG, "ubnd-xa", "2023") == []  # quarterly figures: a year shows its last


@pytest.mark.parametrize(
    ("agency", "period", "expected"),
    [
        ("so-yt", "2023-Q1", True),
        ("so-gddt", "2023-Q1", True),
        ("so-ldtbxh", "2024-Q4", True),
        ("so-ldtbxh", "2025-Q1", False),  # its two groups are the health department's since 1 March 2025
        ("so-yt", "2025-Q1", True),
        ("so-vhttdl", "2023-Q1", False),
    ],
)
def test_departments_report_the_staff_of_their_field(indicators: Ask, agency: str, period: str, expected: bool) -> None:
    assert indicators(THAI_NGUYEN, agency, period) == (["knowledge-skills-provided"] if expected else [])


def test_the_network_model_is_expected_of_districts_until_the_merger_and_of_provinces(indicators: Ask) -> None:
    model = ["district-network-model"]
    assert all(indicators(HUU_LUNG, "ubnd-huyen", quarter) == model for quarter in QUARTERS[:10])
    assert indicators(HUU_LUNG, "ubnd-huyen", "2025-Q3") == []
    assert indicators(LANG_SON, "ubnd-tinh", "2023-Q1") == model
    assert indicators(LANG_SON_TODAY, "ubnd-tinh", "2025-Q3") == model


def test_the_nations_communes_owe_before_and_after_the_merger(programme: Programme, units: Units) -> None:
    for text, count in (("2025-Q2", 10_035), ("2025-Q3", 3_321)):
        period = parse_period(text)
        assert sum(bool(owes(programme, unit, "ubnd-xa", period)) for unit in units) == count
