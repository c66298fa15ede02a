"""Rates per 1,000, targets that fall or hold, a province's own target and what surveys find, on a running system."""

from typing import Any

from tests.aggregation.late import applied, one
from tests.aggregation.plan import SLUG, reported
from tests.system import System, event

RATE = {"programme": SLUG, "indicator": "infant-deaths"}


def test_a_rate_per_1000_falls_to_its_target_and_a_province_has_its_own(planned: System) -> None:
    before = applied(planned)
    figures = [
        reported("11101@1", "infant-deaths", "2023-Q1", 1, 100),
        reported("11101@1", "infant-deaths", "2023-Q2", 2, 100),
        reported("12101@1", "infant-deaths", "2023-Q1", 9, 1000),
        reported("13101@1", "infant-deaths", "2023-Q1", 15, 1000),
    ]
    assert planned.post(figures).status_code == 202
    planned.wait_until(lambda: applied(planned) >= before + len(figures), "the figures are applied")

    def of(unit: str, period: str = "2023-Q1") -> dict[str, Any]:
        return one(planned, **RATE, within=unit, period=period)

    # On 14/03/2023 27 of the stage's 60 months are over: from 14.5 to 9.5 that is 12.25, to 12 it is 13.375.
    row = of("12@1")
    assert (row["value"], row["per"], row["numerator"], row["denominator"]) == (9.0, 1000, 9, 1000)
    assert (row["target"], row["target_of"], row["on_track"], row["attainment"]) == (9.5, None, True, 105.5556)
    row = of("13101@1")
    assert (row["value"], row["target"], row["target_of"], row["on_track"]) == (15.0, 12.0, "13@1", False)
    assert row["attainment"] == 80.0
    year = of("11@1", "2023")  # its quarters added up, whatever a reader asks first
    assert (year["value"], year["numerator"], year["denominator"], year["target_of"]) == (15.0, 3, 200, None)
    nation = of("VN")
    assert (nation["numerator"], nation["denominator"], nation["target_of"]) == (25, 2100, None)
    table = planned.read("/v1/rollups", format="csv", **RATE, within="13@1", period="2023-Q1").text
    assert "per" in table.splitlines()[0].split(",")


def test_what_a_survey_found_is_shown_with_its_source_and_owed_by_nobody(planned: System) -> None:
    def of(unit: str, period: str) -> dict[str, Any]:
        return one(planned, programme=SLUG, indicator="child-labour", within=unit, period=period)

    row = of("VN", "2024")
    assert (row["value"], row["numerator"], row["denominator"], row["per"]) == (4.9, None, None, 100)
    assert (row["source"], row["surveyed"]) == ({"vi": "Điều tra 2", "en": "Survey 2"}, "2023")
    assert (row["units_expected"], row["units_missing"], row["coverage"]) == (0, 0, None)
    assert (row["target"], row["on_track"]) == (4.9, True)
    assert (of("VN", "2022")["value"], of("VN", "2022")["on_track"]) == (5.3, False)
    assert of("13@1", "2023")["value"] == 6.1
    nobody = of("11@1", "2023")
    assert (nobody["value"], nobody["source"], nobody["reason"]) == (None, None, {"code": "not_surveyed"})
    asked = {"programme": SLUG, "indicator": "child-labour", "within": "VN", "period": "2024"}
    assert planned.read("/v1/rollups/missing", **asked).json()["rows"] == []
    told = planned.read("/v1/rollups/explain", **asked).json()
    assert (told["rows"], told["figure"][0]["value"]) == ([], 4.9)
    assert planned.read("/v1/rollups", by="sex", **asked).json()["field"] == "by"


def test_what_comes_from_surveys_is_refused_at_the_door(planned: System) -> None:
    data = {"programme": SLUG, "indicator": "child-labour", "agency": "ubnd-tinh", "period": "2024", "revision": 1}
    for body in (
        reported("13@1", "child-labour", "2024", 1, 10, agency="ubnd-tinh"),
        event("record.retracted", "13@1", data),
    ):
        (refused,) = planned.post([body]).json()["rejected"]
        (error,) = refused["errors"]
        assert (error["code"], error["field"]) == ("indicator_surveyed", "data.indicator")
        assert "infant-deaths" in error["message"]
