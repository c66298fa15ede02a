"""The shipped programme is sound and true to the plans, and whatever is broken in a copy is named."""

import re
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from shutil import copytree
from typing import Any
from unicodedata import normalize

import pytest
from ruamel.yaml import YAML

from shared.domain.periods import PeriodKind, parse_period
from shared.domain.seats import superiors
from shared.programme.common_texts import COMMON_TEXTS
from shared.programme.folder import check_programme, load_programme
from shared.programme.message_text import SAMPLE, render
from shared.programme.model import AgencyRole, Programme
from shared.programme.problems import CALENDARS, Problem, ProgrammeError
from shared.programme.reports import AfterCutoff, DayOfMonth
from tests.shared.reporting_lines import all_above

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "programmes" / "ecd-1437"
LEVELS = frozenset({"nation", "province", "district", "commune"})
BREAKS = YAML(typ="safe", pure=True).load(Path(__file__).with_name("programme_breaks.yaml"))


@pytest.fixture(scope="module")
def programme() -> Programme:
    return load_programme(SHIPPED, LEVELS)


@pytest.fixture(scope="module")
def raw() -> Any:
    return YAML(typ="safe", pure=True).load(SHIPPED / "programme.yaml")


@pytest.fixture(scope="module")
def seeds() -> str:
    texts = (path.read_text(encoding="utf-8") for path in sorted((ROOT / "tests" / "seeds").glob("*.txt")))
    return " ".join(normalize("NFC", " ".join(texts)).replace("**", "").split())


def quotations(raw: Any) -> Iterator[str]:
    """Every text of the file that it says is word for word the plans'."""
    labels = [target["label"] for indicator in raw["indicators"] for target in indicator["targets"]]
    labels += [component["label"] for indicator in raw["indicators"] for component in indicator.get("components", ())]
    labels += [
        item["label"] for kind in ("objectives", "tasks", "funding_lines", "participant_groups") for item in raw[kind]
    ]
    labels += [agency["label"] for agency in raw["agencies"] if agency["slug"] != "bo-yt"]  # not before 2025
    labels += [raw["label"], *(stage["label"] for stage in raw["stages"])]
    labels += [duty for agency in raw["agencies"] for duty in agency.get("duties", ())]
    labels += [
        option["label"]
        for item in raw["dimensions"]
        if item["slug"] in ("domain", "group")
        for option in item["options"]
    ]
    yield from (label.get("source", label["vi"]) for label in labels)
    yield from (
        anchor
        for kind in ("activities", "agencies", "funding_lines")
        for item in raw[kind]
        for anchor in item.get("anchors", ())
    )
    yield from (measure["anchor"] for measure in raw["measures"])


def test_the_shipped_programme_has_no_problem() -> None:
    assert check_programme(SHIPPED, LEVELS) == []


def test_every_quotation_is_in_the_plans_word_for_word(raw: Any, seeds: str) -> None:
    texts = list(quotations(raw))
    assert len(texts) > 120
    assert [text for text in texts if text not in seeds] == []


def test_a_corrected_label_differs_from_its_source_by_the_slip_only(raw: Any) -> None:
    corrected = [label for label in _labels(raw) if "source" in label]
    assert len(corrected) == 3
    for label in corrected:
        assert label["source"].replace("chuyên tuyến", "chuyển tuyến") == label["vi"] != label["source"]


def _labels(values: Any) -> Iterator[Any]:
    if isinstance(values, dict):
        if "vi" in values:
            yield values
        for value in values.values():
            yield from _labels(value)
    elif isinstance(values, list):
        for value in values:
            yield from _labels(value)


def test_the_whole_catalogue_is_there(programme: Programme) -> None:
    assert [task.slug[:2] for task in programme.tasks] == ["t1", "t2", "t3", "t4", "t5", "t6", "t7", "t8"]
    assert len(programme.activities) == 30
    assert len(programme.measures) == 24  # the catalogue's 20, and for two of them rates, phases, follow-ups
    assert len(programme.funding_lines) == 6
    assert len(programme.participant_groups) == 13
    assert set(programme.indicator) == {"child-service-access", "knowledge-skills-provided", "district-network-model"}
    assert {slug: [(t.stage, t.value) for t in item.targets] for slug, item in programme.indicator.items()} == {
        "child-service-access": [("stage-2020", 70), ("stage-2025", 90)],
        "knowledge-skills-provided": [("stage-2020", 70), ("stage-2025", 90)],
        "district-network-model": [("stage-2020", 50), ("stage-2025", 90)],
    }
    assert programme.holidays.country == "VN"
    assert [(day.date, day.kind) for day in programme.calendar_overrides] == [
        (date(2026, 1, 2), "off"),
        (date(2026, 1, 10), "work"),
    ]


def test_a_programme_survives_its_way_through_the_database(programme: Programme) -> None:
    assert Programme.model_validate_json(programme.model_dump_json()) == programme


def test_culture_is_a_domain_of_activities_and_not_of_the_target(programme: Programme) -> None:
    access = programme.allowed(programme.indicator["child-service-access"])["domain"]
    assert programme.options["domain"] - access == {"culture-sport-tourism"}
    assert len(access) == 6
    assert programme.allowed(programme.activity["service-culture-sport"])["domain"] == {"culture-sport-tourism"}
    assert "nutrition" in programme.allowed(programme.activity["parent-counselling"])["domain"]


def test_the_seven_groups_are_reported_once_each_on_every_day(programme: Programme) -> None:
    reporters = programme.indicator["knowledge-skills-provided"].reporters
    for day in (date(2023, 3, 14), date(2025, 3, 14), date(2025, 9, 14)):
        groups = [
            group
            for reporter in reporters
            if (reporter.since or day) <= day <= (reporter.until or day)
            for group in reporter.options["group"]
        ]
        assert sorted(groups) == sorted(programme.options["group"])
    first, second = programme.indicator["knowledge-skills-provided"].series
    assert sorted(first.options + second.options) == sorted(programme.options["group"])


def test_the_network_model_reaches_the_province_and_provinces_own_status_the_nation(programme: Programme) -> None:
    indicator = programme.indicator["district-network-model"]
    assert [(r.level, r.agencies, r.reach, r.until) for r in indicator.reporters] == [
        ("district", ("ubnd-huyen",), ("district", "province"), date(2025, 6, 30)),
        ("province", ("ubnd-tinh",), ("nation",), None),
    ]
    assert [item.slug for item in indicator.components] == ["c1-network", "c2-needs-monitoring", "c3-pilot-model"]
    assert indicator.stops is not None


def test_deadlines_grow_with_the_level_up_to_the_laws_own(programme: Programme) -> None:
    rules = {r.agency: r.deadline for r in programme.report["progress-yearly"].reporters}
    assert rules["ubnd-xa"] == AfterCutoff(after_cutoff_working_days=2)
    assert rules["ubnd-huyen"] == AfterCutoff(after_cutoff_working_days=4)
    assert rules["so-yt"] == AfterCutoff(after_cutoff_working_days=6)
    assert rules["ubnd-tinh"] == DayOfMonth(day_of_month=25)


def test_owed_periods_run_from_the_first_quarter_of_2023_to_the_end_of_2025(programme: Programme) -> None:
    quarters = [str(period) for period in programme.owed_periods(PeriodKind.QUARTER)]
    assert (quarters[0], quarters[-1], len(quarters)) == ("2023-Q1", "2025-Q4", 12)
    assert programme.accepts(parse_period("2020-Q4"))
    assert not programme.accepts(parse_period("2026-Q1"))


# The three chains of the reporting of children's affairs, with the reorganisations of 1 March and 1 July 2025: to whom
# each reports directly; None for one that is no more.
CHAINS: dict[str, tuple[tuple[str, ...] | None, ...]] = {
    # From July to who took over from the district, and to whom that had reported (docs/decisions/who-is-told.md).
    "ubnd-xa": (("phong-ldtbxh-dt-huyen",), ("ubnd-huyen",), ("ubnd-tinh", "so-yt")),
    "phong-ldtbxh-dt-huyen": (("so-ldtbxh",), None, None),
    "ubnd-huyen": (("so-ldtbxh",), ("so-yt",), None),
    "so-gddt": (("so-ldtbxh",), ("so-yt",), ("so-yt",)),
    "so-ldtbxh": (("ubnd-tinh", "bo-ldtbxh"), None, None),
    "so-yt": (("so-ldtbxh",), ("ubnd-tinh", "bo-yt"), ("ubnd-tinh", "bo-yt")),
    "ubnd-tinh": (("bo-ldtbxh",), ("bo-yt",), ("bo-yt",)),
}


@pytest.mark.parametrize("agency", CHAINS)
def test_an_agency_reports_to_whoever_acts_on_that_day(programme: Programme, agency: str) -> None:
    for number, day in enumerate((date(2025, 2, 28), date(2025, 3, 1), date(2025, 7, 1))):
        lines = {slug: chain[number] for slug, chain in CHAINS.items()}
        if lines[agency] is None:
            assert programme.acting(agency, day) != agency
        else:
            above = all_above({slug: line or () for slug, line in lines.items()}, agency)
            assert superiors(programme, agency, day) == above, day


def test_problems_go_to_the_lead_of_the_day(programme: Programme) -> None:
    assert programme.lead(date(2025, 2, 28)) == "so-ldtbxh"
    assert programme.lead(date(2025, 3, 1)) == "so-yt"


def test_mass_organisations_are_asked(programme: Programme) -> None:
    asked = {agency.slug for agency in programme.agencies if agency.role is AgencyRole.REQUESTED}
    assert {"mttq-tinh", "hlhpn-tinh", "hnd-tinh", "doan-tncs-tinh", "hoi-bao-tro", "ct-xh-xa"} <= asked
    texts = {language: programme.messages[language]["reminder"] for language in ("vi", "en")}
    asking = {language: render(text, {**SAMPLE, "requested": True}) for language, text in texts.items()}
    ordering = {language: render(text, SAMPLE) for language, text in texts.items()}
    assert asking["vi"].subject.startswith("[Đề án mẫu] Đề nghị gửi báo cáo")
    assert ordering["vi"].subject.startswith("[Đề án mẫu] Nhắc gửi báo cáo")
    assert "trân trọng đề nghị quý cơ quan" in asking["vi"].body
    assert asking["en"].body != ordering["en"].body


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("name", ["parent-digest", "grandparent-digest"])
def test_a_digest_names_each_late_unit_in_a_line_of_its_own(programme: Programme, language: str, name: str) -> None:
    lines = render(programme.messages[language][name], SAMPLE).body.splitlines()
    assert sum("UBND xã Yên Vượng (06412)" in line for line in lines) == 1
    assert sum("UBND xã Minh Tiến (06415)" in line for line in lines) == 1
    assert lines.index("Báo cáo quý") < next(i for i, line in enumerate(lines) if "06412" in line)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The shipped folder, with all texts as its own."""
    copytree(CALENDARS, tmp_path / "calendars")
    copytree(COMMON_TEXTS, tmp_path / "ecd-1437" / "messages")
    return copytree(SHIPPED, tmp_path / "ecd-1437", dirs_exist_ok=True)


def check(copy: Path) -> list[Problem]:
    return check_programme(copy, LEVELS, calendars=copy.parent / "calendars")


@pytest.mark.parametrize("broken", BREAKS, ids=[broken["name"] for broken in BREAKS])
def test_what_is_broken_is_named_with_file_line_path_and_reason(copy: Path, broken: dict[str, str]) -> None:
    file = broken.get("file", "programme.yaml")
    path = copy.parent / file if file.startswith("calendars/") else copy / file
    _rewrite(path, lambda text: text.replace(broken["find"], broken["put"], 1))
    problems = check(copy)
    named = [
        p for p in problems if p.file == file and p.path == broken.get("path", "") and broken["reason"] in p.reason
    ]
    assert named, "\n".join(map(str, problems))
    assert named[0].line is not None or file.endswith(".j2")
    with pytest.raises(ProgrammeError, match=re.escape(str(named[0]))):
        load_programme(copy, LEVELS, calendars=copy.parent / "calendars")


def _rewrite(path: Path, change: Callable[[str], str]) -> None:
    before = path.read_text(encoding="utf-8")
    after = change(before)
    assert after != before, "the pattern is not in the file any more"
    path.write_text(after, encoding="utf-8")


def test_a_unit_that_a_programme_names_is_in_the_register(copy: Path) -> None:
    own = "own: [{unit: 20@1, value: 60, label: {vi: a, en: a}}, {unit: 02@1, value: 50, label: {vi: a, en: a}}]"
    _rewrite(copy / "programme.yaml", lambda text: text.replace("value: 70\n", f"value: 70\n        {own}\n", 1))
    (problem,) = check_programme(copy, LEVELS, frozenset({"20@1", "01@1", "20@2"}))
    assert problem.path == "indicators[0].targets[0].own[1].unit"
    assert problem.reason.startswith("unknown unit '02@1'; did you mean")
    assert check_programme(copy, LEVELS) == []


def test_nothing_is_read_for_what_surveys_find(copy: Path) -> None:
    """Neither a DHIS2 id nor a form's question: it would be refused at the door each time."""
    survey = (
        "  - {slug: child-labour, label: &l {vi: a, en: a}, numerator: *l, denominator: *l, period: year,"
        " value: survey, over_time: state, surveys: [{period: 2021, value: 5.3, source: *l}]}\n"
    )
    forms = "  - form: communication-sessions\n    events:\n"
    event = (
        "      - {kind: indicator.reported, unit: commune, values: {indicator: child-labour, agency: ubnd-xa},"
        " fields: {period: period, numerator: some, denominator: all}}\n"
    )

    def spoil(text: str) -> str:
        text = text.replace("  - slug: knowledge-skills-provided\n", f"{survey}  - slug: knowledge-skills-provided\n")
        text = text.replace("ECDaccessNm: child-service-access", "ECDaccessNm: child-labour")
        return text.replace(forms, forms + event)

    _rewrite(copy / "programme.yaml", spoil)
    found = {(problem.path.partition(".")[0], problem.reason) for problem in check_programme(copy, LEVELS)}
    reason = "child-labour comes from surveys: nobody reports it"
    assert {path.partition("[")[0] for path, told in found if told == reason} == {"dhis2", "forms"}


def test_the_line_is_that_of_the_error(copy: Path) -> None:
    path = copy / "programme.yaml"
    _rewrite(path, lambda text: text.replace("agencies: [ubnd-tinh]", "agencies: [ubnd-tinhh]"))
    line = next(i for i, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if "ubnd-tinhh" in text)
    expected = "unknown agency 'ubnd-tinhh'; did you mean 'ubnd-tinh'?"
    assert check(copy) == [Problem("programme.yaml", line, "indicators[2].reporters[1].agencies[0]", expected)]


def test_all_errors_are_named_at_once_whatever_their_kind(copy: Path) -> None:
    def spoil(text: str) -> str:
        text = text.replace("cutoff_day: 14", "timezone: UTC\ncutoff_day: 140")
        text = text.replace("task: t3-policy", "task: t3").replace("value: 50", "value: 500")
        return text.replace("slug: obj-awareness", "slug: obj-general")

    _rewrite(copy / "programme.yaml", spoil)
    (copy / "messages/vi/received.j2").write_text("Đã nhận", encoding="utf-8")
    (copy / "calender.csv").write_text("", encoding="utf-8")
    (copy.parent / "calendars/VN.csv").write_text("date,kind,instrument\n2026-13-01,off,x\n", encoding="utf-8")
    assert {(problem.file, problem.path) for problem in check(copy)} == {
        ("programme.yaml", "timezone"),
        ("programme.yaml", "cutoff_day"),
        ("programme.yaml", "activities[3].task"),
        ("programme.yaml", "indicators[2].targets[0].value"),
        ("programme.yaml", "objectives[2].slug"),
        ("messages/vi/received.j2", ""),
        ("calender.csv", ""),
        ("calendars/VN.csv", "date"),
    }


def test_a_folder_without_its_file_is_one_problem(copy: Path) -> None:
    (copy / "programme.yaml").unlink()
    assert check(copy) == [Problem("programme.yaml", None, "", "missing")]


def test_a_country_without_swaps_needs_no_file(copy: Path) -> None:
    (copy.parent / "calendars/VN.csv").unlink()
    assert load_programme(copy, LEVELS, calendars=copy.parent / "calendars").calendar_overrides == ()


def test_a_calendar_of_the_programme_s_own_is_no_file_of_the_folder(copy: Path) -> None:
    (copy / "calendar.csv").write_text("date,kind,instrument\n2026-01-02,work,x\n", encoding="utf-8")
    assert [(p.file, p.reason.partition(";")[0]) for p in check(copy)] == [
        ("calendar.csv", "unknown file 'calendar.csv'")
    ]


def test_a_text_of_the_folder_takes_the_place_of_the_common_one_in_its_language_alone(tmp_path: Path) -> None:
    folder = copytree(SHIPPED, tmp_path / "ecd-1437")
    common = load_programme(folder, LEVELS).messages
    (folder / "messages" / "en").mkdir(parents=True)
    (folder / "messages" / "en" / "received.j2").write_text("Subject: Thanks\n\nWe have it.\n", encoding="utf-8")
    own = load_programme(folder, LEVELS).messages
    assert own["en"] == {**common["en"], "received": "Subject: Thanks\n\nWe have it.\n"}
    assert own["vi"] == common["vi"]
    assert set(common["vi"]) == set(common["en"]) == {path.stem for path in (COMMON_TEXTS / "vi").iterdir()}


def test_a_text_that_is_no_common_one_must_be_in_the_folder_in_every_language(copy: Path) -> None:
    _rewrite(copy / "programme.yaml", lambda text: text.replace("template: overdue", "template: stern"))
    (copy / "messages/vi/stern.j2").write_text("Subject: x\n\nx\n", encoding="utf-8")
    assert {(p.file, p.path) for p in check(copy)} == {
        ("messages/en/stern.j2", ""),
        ("programme.yaml", "escalation[1].template"),
        ("messages/en/overdue.j2", ""),
        ("messages/vi/overdue.j2", ""),
    }


def test_a_folder_that_is_not_there_is_one_problem(tmp_path: Path) -> None:
    assert check_programme(tmp_path / "nowhere") == [Problem("programme.yaml", None, "", "missing")]


def test_an_unknown_file_is_named_with_the_one_that_was_meant(copy: Path) -> None:
    (copy / "messages/vi/remindr.j2").write_text("x", encoding="utf-8")
    expected = "unknown file 'messages/vi/remindr.j2'; did you mean 'messages/vi/reminder.j2'?"
    assert check(copy) == [Problem("messages/vi/remindr.j2", None, "", expected)]


def test_a_file_that_is_not_utf_8_is_named(copy: Path) -> None:
    (copy / "programme.yaml").write_bytes(b"slug: \xff\n")
    assert [p.reason.partition(":")[0] for p in check(copy)] == ["unreadable"]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "[]",
        "- 1\n",
        "a: &a [*a]\n",
        "a: b\n---\nc: d\n",
        "? [a]\n: b\n",
        "\t- \x00",
        "agencies: {a: b}\nindicators: [1, {options: [2], reporters: x}]\n",
        "dimensions: [{slug: [1]}]\nmeasures: [{by: 1, groups: [{a: 1}]}]\n",
        "escalation: [1, {template: [x]}]\nholidays: {country: 1}\n",
    ],
)
def test_whatever_the_file_holds_the_answer_is_problems(copy: Path, text: str) -> None:
    (copy / "programme.yaml").write_text(text, encoding="utf-8")
    assert check(copy)
