"""The programme of Decision 23/QĐ-TTg is sound, and true to the decision: its 24 targets, who reports, until when."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from ruamel.yaml import YAML

from services.notifications.alerts.escalation import first_look
from services.notifications.obligations.deadlines import deadline_of
from services.notifications.obligations.opening import begun_periods, obligations_of
from shared.domain.duties import owes
from shared.domain.periods import PeriodKind, parse_period
from shared.domain.seats import superiors
from shared.domain.units import Unit
from shared.programme.folder import check_programme, load_programme
from shared.programme.indicators import Indicator
from shared.programme.model import AgencyRole, Programme
from tests.shared import decision_23 as decision
from tests.shared.reporting_lines import all_above
from tests.shipped import shipped_units
from tests.system import ROOT, kip

SHIPPED = ROOT / "programmes" / "nap-23"
LEVELS = frozenset({"nation", "province", "district", "commune"})
ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
TODAY = date(2026, 12, 14)


@pytest.fixture(scope="module")
def programme() -> Programme:
    return load_programme(SHIPPED, LEVELS)


@pytest.fixture(scope="module")
def raw() -> Any:
    return YAML(typ="safe", pure=True).load(SHIPPED / "programme.yaml")


@pytest.fixture(scope="module")
def text() -> str:
    lines = (ROOT / "tests" / "seeds" / "decision-23" / "text.txt").read_text(encoding="utf-8")
    return " ".join(lines.split())


def test_it_has_no_problem() -> None:
    assert check_programme(SHIPPED, LEVELS) == []


def test_it_survives_its_way_through_the_database(programme: Programme) -> None:
    assert Programme.model_validate_json(programme.model_dump_json()) == programme


def test_each_of_the_24_targets_stands_in_the_decision_word_for_word(text: str) -> None:
    assert list(decision.SENTENCES) == list(range(1, 25))
    for number, sentence in decision.SENTENCES.items():
        assert f"- Chỉ tiêu {number}: {sentence}" in text


def test_every_figure_of_the_24_targets_is_there_with_its_sense(programme: Programme) -> None:
    found = {
        (int(indicator.clauses.rsplit(" ", 1)[1]), indicator.slug): tuple(_figures(indicator))
        for indicator in programme.indicators
        if indicator.clauses is not None
    }
    assert found == decision.FIGURES
    assert {number for number, _ in found} | {13} == set(range(1, 25))


def _figures(indicator: Indicator) -> Iterator[str]:
    """`2025 <9.5 /1000`: the stage's last year; what is reached is at least (>), at most (≤) or below (<) a value."""
    for target in indicator.targets:
        sign = {"higher": ">", "lower": "<" if target.strict else "≤"}[indicator.better]
        per = "" if indicator.per == 100 else f" /{indicator.per}"
        yield f"{target.stage.removeprefix('stage-')} {sign}{target.value:g}{per}"


def test_every_targets_label_is_its_whole_sentence(programme: Programme) -> None:
    for indicator in programme.indicators:
        assert indicator.clauses is not None
        sentence = decision.SENTENCES[int(indicator.clauses.rsplit(" ", 1)[1])]
        assert {target.label and target.label.vi for target in indicator.targets} == {sentence}
    assert [item.label.vi for item in programme.left_out] == [decision.SENTENCES[13]]
    assert all(item.reason.vi and item.reason.en for item in programme.left_out)


def test_labels_of_indicators_are_the_decisions_words_without_the_figures(programme: Programme) -> None:
    for indicator in programme.indicators:
        assert indicator.clauses is not None
        sentence = decision.SENTENCES[int(indicator.clauses.rsplit(" ", 1)[1])].lower()
        for part in indicator.label.vi.lower().removeprefix("tỷ lệ ").split(" đối với "):
            assert part in sentence, indicator.slug


def test_whatever_is_quoted_is_in_the_decision(raw: Any, text: str) -> None:
    quoted = [item["label"]["vi"] for kind in ("objectives", "tasks", "funding_lines") for item in raw[kind]]
    quoted += [measure["anchor"] for measure in raw["measures"]]
    quoted += [
        anchor
        for kind in ("activities", "agencies", "funding_lines")
        for item in raw[kind]
        if "Circular" not in item.get("clauses", "")
        for anchor in item.get("anchors", ())
    ]
    quoted += [
        duty["vi"]
        for agency in raw["agencies"]
        if "article 2" in agency.get("clauses", "")
        for duty in agency["duties"]
        if not duty["vi"].startswith("Hàng năm báo cáo Hội đồng nhân dân")  # of the Law on Children
    ]
    assert len(quoted) > 60
    assert [words for words in quoted if words not in text] == []


def test_every_indicator_stands_under_the_objective_of_its_target(programme: Programme) -> None:
    starts = {"obj-1-development": "I.2.a", "obj-2-protection": "I.2.b"}
    starts |= {"obj-3-education-culture": "I.2.c", "obj-4-participation": "I.2.d"}
    assert [item.slug for item in programme.objectives] == ["obj-general", *starts]
    for indicator in programme.indicators:
        assert indicator.objective is not None
        assert indicator.clauses is not None
        assert indicator.clauses.startswith(f"{starts[indicator.objective]}, chỉ tiêu ")


@pytest.mark.parametrize(("reporter", "slugs"), decision.REPORTED_BY.items(), ids=str)
def test_who_counts_what_and_how_over_time(programme: Programme, reporter: tuple[str, str], slugs: str) -> None:
    found = {
        item.slug: f"{item.value} {item.over_time} {item.period}"
        for item in programme.indicators
        if [(r.level, *r.agencies) for r in item.reporters] == ([reporter] if reporter[0] else [])
    }
    assert found == {slug: decision.KINDS.get(slug, "ratio stock year") for slug in slugs.split()}


def test_every_indicator_has_one_reporter_that_reaches_the_nation(programme: Programme) -> None:
    assert sum(len(slugs.split()) for slugs in decision.REPORTED_BY.values()) == len(programme.indicators) == 34
    assert all(not reporter.reach for item in programme.indicators for reporter in item.reporters)


def test_small_numbers_are_those_of_abuse_and_of_hiv(programme: Programme) -> None:
    sensitive = {item.slug: item.least for item in programme.indicators if item.sensitive}
    assert sensitive == {"abused-children": 5, "hiv-mother-to-child": 5}


def test_the_shared_answer_is_the_same_in_both_programmes(programme: Programme) -> None:
    other = load_programme(ROOT / "programmes" / "ecd-1437", LEVELS)
    shared = {item.slug: item.same_as for item in programme.indicators if item.same_as}
    assert shared == {"child-service-access": "ecd-1437/child-service-access"}
    mine, theirs = (found.indicator["child-service-access"] for found in (programme, other))
    for name in ("period", "value", "per", "better", "over_time", "numerator", "denominator", "checks", "components"):
        assert getattr(mine, name) == getattr(theirs, name), name
    assert (mine.reporters, mine.breakdowns, mine.options) == (theirs.reporters, theirs.breakdowns, theirs.options)
    assert programme.allowed(mine) == other.allowed(theirs)
    assert (programme.cutoff_day, programme.timezone) == (other.cutoff_day, other.timezone)
    exclusive = {item.slug: item.exclusive for item in other.dimensions}
    assert {d.slug: exclusive[d.slug] for d in programme.dimensions if d.slug in mine.breakdowns} == {
        d.slug: d.exclusive for d in programme.dimensions if d.slug in mine.breakdowns
    }


def test_ha_noi_has_targets_of_its_own(programme: Programme) -> None:
    names = {unit.uid: unit for unit in shipped_units()}
    own = {
        (target.stage, item.unit): item.value
        for indicator in programme.indicators
        for target in indicator.targets
        for item in target.own
    }
    assert own == {("stage-2025", "01@1"): 12, ("stage-2025", "01@2"): 12, ("stage-2030", "01@2"): 11.5}
    assert {names[unit].name for _, unit in own} == {"Thành phố Hà Nội"}
    assert names["01@1"].valid_to == date(2025, 6, 30)


@pytest.mark.parametrize(("agency", "line"), decision.LINES.items())
def test_an_agency_reports_to_whoever_the_reorganisations_left(
    programme: Programme, agency: str, line: tuple[str, ...]
) -> None:
    assert programme.agency[agency].reports_to == line
    assert superiors(programme, agency, TODAY) == all_above(decision.LINES, agency)


def test_health_leads_and_the_organisations_are_asked(programme: Programme) -> None:
    assert programme.lead(TODAY) == "so-yt"
    roles = {role: {item.slug for item in programme.agencies if item.role is role} for role in AgencyRole}
    assert roles[AgencyRole.DIRECTS] == {"bo-yt", "ubnd-tinh"}
    assert roles[AgencyRole.LEADS_FIELD] == {"so-gddt", "ca-tinh", "so-tp", "so-vhttdl"}
    assert roles[AgencyRole.REQUESTED] == {"mttq-tinh", "doan-tncs-tinh", "hlhpn-tinh", "hoi-bvqte"}
    assert {item.slug for item in programme.agencies} == set(decision.LINES)


@pytest.mark.parametrize(("report", "period", "agencies", "due"), decision.DEADLINES)
def test_deadlines_are_those_worked_out_by_hand(
    programme: Programme, report: str, period: str, agencies: str, due: str
) -> None:
    for agency in agencies.split():
        level = programme.agency[agency].level
        unit = Unit("06412@1", "06412", "A unit of today", level, "", None, date(2025, 7, 1), None, None, ())
        owed = dict(owes(programme, unit, agency, parse_period(period)).reports)
        deadline = deadline_of(programme, owed[report], parse_period(period))
        assert f"{deadline.due_at.astimezone(ZONE):%a %d/%m/%Y %H:%M}" == f"{due} 17:00", agency


def test_nothing_is_owed_beside_what_the_table_of_deadlines_has(programme: Programme) -> None:
    wanted = {(report, agency) for report, _, agencies, _ in decision.DEADLINES for agency in agencies.split()}
    assert wanted == {(item.slug, reporter.agency) for item in programme.reports for reporter in item.reporters}
    unit = Unit("06412@2", "06412", "A commune of today", "commune", "", None, date(2025, 7, 1), None, None, ())
    for period in ("2025", "2025-Q4", "2026-Q1", "2026-Q2", "2026-Q3"):
        assert not owes(programme, unit, "ubnd-xa", parse_period(period)).reports


def test_in_november_2026_every_commune_of_today_owes_the_last_quarter_and_the_year(programme: Programme) -> None:
    now = datetime(2026, 11, 29, 8, tzinfo=ZONE)
    units = shipped_units()
    opened = Counter(
        (item.report, str(period), item.level, f"{item.deadline.due_at.astimezone(ZONE):%d/%m}")
        for period in begun_periods(programme, now.date())
        for item in obligations_of(programme, units, period, now, first_look, expired_before=now)
        for _ in item.units
    )
    communes, provinces = 3321, 34
    assert opened == {
        ("progress-quarterly", "2026-Q4", "commune", "16/12"): communes,
        ("progress-half-yearly", "2026-H2", "province", "18/12"): 5 * provinces,
        ("progress-half-yearly", "2026-H2", "province", "22/12"): provinces,
        ("progress-yearly", "2026", "commune", "16/12"): communes,
        ("progress-yearly", "2026", "province", "18/12"): 5 * provinces,
        ("progress-yearly", "2026", "province", "22/12"): provinces,
        ("progress-yearly", "2026", "province", "25/12"): provinces,
    }


def test_it_is_loaded_beside_the_other(loaded_database: str) -> None:
    environment = {"KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": loaded_database}
    assert kip("load", str(SHIPPED), environment=environment) == "loaded programme nap-23\n"
    assert kip("load", str(SHIPPED), environment=environment) == "nothing has changed\n"


def test_it_runs_from_2026_to_2030_and_knows_the_stage_before(programme: Programme) -> None:
    years = [str(period) for period in programme.owed_periods(PeriodKind.YEAR)]
    assert years == ["2026", "2027", "2028", "2029", "2030"]
    assert programme.accepts(parse_period("2023-Q1"))
    assert not programme.accepts(parse_period("2031-Q1"))


def test_task_groups_take_the_activities_of_the_other_programme(programme: Programme) -> None:
    other = load_programme(ROOT / "programmes" / "ecd-1437", LEVELS)
    assert [task.slug[:2] for task in programme.tasks] == ["t1", "t2", "t3", "t4", "t5", "t6", "t7"]
    assert {task.slug for task in programme.tasks} == {item.task for item in programme.activities if item.task}
    for activity in programme.activities:
        assert activity.label == other.activity[activity.slug].label
