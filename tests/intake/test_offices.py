"""An officer's seat over the merger: they report for the unit that stands for theirs, and for what it came from."""

from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import TypeAdapter

from services.intake.admission.poster import Poster
from services.intake.admission.rules import Admitted, judge
from shared.access.acting import Acting, ActingReference
from shared.domain.events import PostedEvent
from shared.registry.officer_store import ActingOfficer
from shared.registry.snapshot import Key
from tests.aggregation.registry import REGISTRY
from tests.system import access, counselling, event

BEFORE, AFTER = datetime(2023, 3, 20, 1, tzinfo=UTC), datetime(2025, 10, 15, 1, tzinfo=UTC)
KEY = Key("kip-board", "VN", None, True, None, can_act=True)
OLD, NEW, OTHERS = "06412@1", "06427@2", "06436@2"


def judged(made: dict[str, Any], now: datetime, unit: str, agency: str = "ubnd-xa", *programmes: str) -> str:
    """The field that is refused; "" where it is admitted."""
    officer = ActingOfficer(12, 0, unit, agency, programmes)
    poster = Poster(KEY, None, ActingReference(12, 0), Acting(officer, None))
    verdict = judge(TypeAdapter(PostedEvent).validate_python(made), REGISTRY, poster, now)
    if isinstance(verdict, Admitted):
        return ""
    assert [refusal.code for refusal in verdict] == ["officer_not_allowed"]
    return verdict[0].field


def figure(unit: str, period: str, agency: str = "ubnd-xa") -> dict[str, Any]:
    made = access(unit)
    made["data"] |= {"period": period, "agency": agency, "breakdown": []}
    return {**made, "time": "2023-03-15T08:00:00+07:00"}


@pytest.mark.parametrize("registered", [OLD, NEW])
def test_after_the_merger_an_officer_reports_for_the_new_unit_and_for_the_earlier_periods_of_those_it_came_from(
    registered: str,
) -> None:
    assert judged(figure(NEW, "2025-Q3"), AFTER, registered) == ""
    for former in REGISTRY.units.predecessors(NEW):
        assert judged(figure(former.uid, "2023-Q1"), AFTER, registered) == ""
        name = f"{former.uid}/ubnd-xa/s1"
        assert judged(counselling(former.uid, name), AFTER, registered) == ""
        assert judged(event("record.retracted", former.uid, {"record": name}), AFTER, registered) == ""
    assert judged(figure(OTHERS, "2025-Q3"), AFTER, registered) == "subject"
    assert judged(figure("06421@1", "2023-Q1"), AFTER, registered) == "subject"


def test_before_the_merger_nobody_reports_for_what_goes_into_the_same_unit() -> None:
    olds = {unit.uid for unit in REGISTRY.units.predecessors(NEW)}
    assert judged(figure(OLD, "2023-Q1"), BEFORE, OLD) == ""
    assert len(olds) > 1
    for other in olds - {OLD}:
        assert judged(figure(other, "2023-Q1"), BEFORE, OLD) == "subject"


def test_an_officer_of_a_district_that_is_no_more_reports_nothing() -> None:
    for unit in (OLD, "186@1"):
        assert judged(figure(unit, "2023-Q1"), AFTER, "186@1", "ubnd-huyen") == "subject"


def test_programmes_are_the_officers_and_none_named_is_all() -> None:
    for programmes, field in (((), ""), (("ecd-1437", "x"), ""), (("x",), "data.programme")):
        assert judged(figure(OLD, "2023-Q1"), BEFORE, OLD, "ubnd-xa", *programmes) == field


def test_an_agency_is_the_one_that_acts_today_for_the_officers() -> None:
    """Of the shipped programme so-ldtbxh and ubnd-huyen have ended; so-yt and ubnd-tinh act for them since."""

    def handed_in(report: str, unit: str, agency: str, period: str) -> dict[str, Any]:
        return event("report.submitted", unit, {"report": report, "agency": agency, "period": period})

    province = handed_in("progress-half-yearly", "20@1", "so-ldtbxh", "2022-H2")
    assert judged(province, BEFORE, "20@1", "so-ldtbxh") == ""
    assert judged(province, BEFORE, "20@1", "so-yt") == "data.agency"
    for agency in ("so-ldtbxh", "so-yt"):
        assert judged(province, AFTER, "20@1", agency) == ""
    assert judged(province, AFTER, "20@2", "ubnd-tinh") == "data.agency"
    district = handed_in("progress-quarterly", "186@1", "ubnd-huyen", "2023-Q1")
    assert judged(district, AFTER, "20@2", "ubnd-tinh") == ""
    assert judged(district, AFTER, "20@2", "so-yt") == "data.agency"
    assert judged(district, BEFORE, "20@1", "ubnd-tinh") == "subject"
