"""What a report asks of whom: from the programme alone, as aggregation's catalogue gives it."""

from collections.abc import Callable

import pytest

from services.aggregation.reading.catalogue import catalogue_of
from services.board.report.fields import Form, form_of
from services.board.upstream.catalogue import programme_of
from shared.domain.periods import parse_period
from shared.domain.units import Units
from shared.programme.model import Programme
from shared.programme.reports import Report

YEN_VUONG, HUU_LUNG, LANG_SON, YEN_VUONG_TODAY = "06412@1", "186@1", "20@1", "06427@2"

Ask = Callable[..., Form | None]


@pytest.fixture
def ask(ecd: Programme, units: Units) -> Ask:
    def asked(report: str, unit: str, agency: str, period: str, language: str = "vi") -> Form | None:
        return form_of(ecd, ecd.report[report], units[unit], agency, parse_period(period), language)

    return asked


def keys(form: Form | None) -> list[str]:
    assert form is not None
    return [figure.key for figure in form.figures]


@pytest.mark.parametrize("slug", ["ecd-1437", "nap-23"])
def test_the_catalogue_tells_of_a_programme_all_that_a_form_needs(slug: str, ecd: Programme, nap: Programme) -> None:
    programme = {"ecd-1437": ecd, "nap-23": nap}[slug]
    served = catalogue_of(programme).model_dump(mode="json", exclude_none=True)
    unsaid = {"escalation": (), "dhis2": ecd.dhis2.__class__(), "forms": (), "messages": {}, "summary_levels": ()}
    assert programme_of(served) == programme.model_copy(update={**unsaid, "calendar_overrides": ()})


def test_a_commune_is_asked_for_what_it_owes_of_the_quarter_and_nothing_else(ask: Ask) -> None:
    form = ask("progress-quarterly", YEN_VUONG, "ubnd-xa", "2023-Q1")
    assert keys(form) == ["child-service-access/2023-Q1", "knowledge-skills-provided/2023-Q1"]
    assert ask("progress-half-yearly", YEN_VUONG, "ubnd-xa", "2023-H1") is None
    assert ask("progress-quarterly", YEN_VUONG, "ubnd-huyen", "2023-Q1") is None


def test_only_the_parts_of_the_agencys_own_field_are_asked(ask: Ask, ecd: Programme) -> None:
    form = ask("progress-quarterly", YEN_VUONG, "ubnd-xa", "2023-Q1")
    assert form is not None
    access, knowledge = form.figures
    assert [part.option for part in knowledge.parts if part.dimension == "group"] == [
        "staff-community", "parent", "caregiver",
    ]  # fmt: skip
    domains = [part.option for part in access.parts if part.dimension == "domain"]
    assert set(domains) == set(ecd.indicator["child-service-access"].options["domain"])
    assert [item.exclusive for item in access.breakdowns if item.dimension in {"domain", "sex"}] == [False, True]


def test_a_department_gives_its_quarters_in_the_half_yearly_report_and_not_again_in_the_yearly_one(ask: Ask) -> None:
    half = ask("progress-half-yearly", LANG_SON, "so-gddt", "2023-H1")
    assert keys(half) == ["knowledge-skills-provided/2023-Q1", "knowledge-skills-provided/2023-Q2"]
    assert keys(ask("progress-yearly", LANG_SON, "so-gddt", "2023")) == []
    assert keys(ask("progress-yearly", YEN_VUONG, "ubnd-xa", "2023")) == []


def test_a_district_answers_components(ask: Ask) -> None:
    form = ask("progress-quarterly", HUU_LUNG, "ubnd-huyen", "2023-Q1")
    assert form is not None
    (network,) = form.figures
    assert network.fields == ("component.c1-network", "component.c2-needs-monitoring", "component.c3-pilot-model")
    assert network.breakdowns == ()


def test_labels_are_the_programmes_in_the_readers_language(ask: Ask, ecd: Programme) -> None:
    vi, en = (ask("progress-quarterly", YEN_VUONG, "ubnd-xa", "2023-Q1", language) for language in ("vi", "en"))
    assert vi is not None
    assert en is not None
    report: Report = ecd.report["progress-quarterly"]
    assert (vi.title, en.title) == (report.label.vi, report.label.en)
    assert (vi.period_name, en.period_name) == ("quý I năm 2023", "quarter 1 of 2023")
    assert vi.period_days == "15/12/2022–14/03/2023"
    assert vi.figures[0].age == "«Đến 8 tuổi» là chưa đến sinh nhật lần thứ 9 (8 tuổi tròn)"
    assert vi.figures[0].numerator == ecd.indicator["child-service-access"].numerator.vi


def test_activities_are_those_of_the_units_level_with_the_choices_that_they_carry(ask: Ask, ecd: Programme) -> None:
    form = ask("progress-quarterly", YEN_VUONG, "ubnd-xa", "2023-Q1")
    assert form is not None
    assert {item.slug for item in form.activities} == {
        slug for slug, item in ecd.activity.items() if "commune" in item.levels
    }
    counselling = form.activity("parent-counselling")
    assert counselling is not None
    carried = ecd.allowed(ecd.activity["parent-counselling"])
    assert {dimension.slug: {item.slug for item in options} for dimension, options in counselling.dimensions} == carried


def test_a_new_commune_is_asked_after_the_merger(ask: Ask) -> None:
    assert keys(ask("progress-quarterly", YEN_VUONG_TODAY, "ubnd-xa", "2025-Q3"))[0] == "child-service-access/2025-Q3"
