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
from shared.programme.folder import check_programme, load_programme
from shared.programme.message_text import SAMPLE, render
from shared.programme.model import AfterCutoff, AgencyRole, DayOfMonth, Programme
from shared.programme.problems import Problem, ProgrammeError

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
    assert len(programme.measures) == 23  # the catalogue's 20, with rates and phases of their own for two of them
    assert len(programme.funding_lines) == 6
    assert len(programme.participant_groups) == 13
    assert set(programme.indicator) == {"child-service-access", "knowledge-skills-provided", "district-network-model"}
    assert {slug: [(t.stage, t.percent) for t in item.targets] for slug, item in programme.indicator.items()} == {
        "child-service-access": [("stage-2020", 70), ("stage-2025", 90)],
        "knowledge-skills-provided": [("stage-2020", 70), ("stage-2025", 90)],
        "district-network-model": [("stage-2020", 50), ("stage-2025", 90)],
    }
    assert programme.holidays.overrides == "calendar.csv"
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
            for group in reporter.groups
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


@pytest.mark.parametrize(
    ("agency", "before", "from_march", "from_july"),
    [  # the three chains of the reporting of children's affairs, with the reorganisations of 1 March and 1 July 2025
        ("ubnd-xa", ("phong-ldtbxh-dt-huyen",), ("ubnd-huyen",), ("ubnd-tinh",)),
        ("phong-ldtbxh-dt-huyen", ("so-ldtbxh",), None, None),
        ("ubnd-huyen", ("so-ldtbxh",), ("so-yt",), None),
        ("so-gddt", ("so-ldtbxh",), ("so-yt",), ("so-yt",)),
        ("so-ldtbxh", ("ubnd-tinh", "bo-ldtbxh"), None, None),
        ("so-yt", ("so-ldtbxh",), ("ubnd-tinh", "bo-yt"), ("ubnd-tinh", "bo-yt")),
        ("ubnd-tinh", ("bo-ldtbxh",), ("bo-yt",), ("bo-yt",)),
    ],
)
def test_an_agency_reports_to_whoever_acts_on_that_day(
    programme: Programme,
    agency: str,
    before: tuple[str, ...],
    from_march: tuple[str, ...] | None,
    from_july: tuple[str, ...] | None,
) -> None:
    expected = {date(2025, 2, 28): before, date(2025, 3, 1): from_march, date(2025, 7, 1): from_july}
    for day, line in expected.items():
        if line is None:
            assert programme.acting(agency, day) != agency
        else:
            assert programme.reporting_line(agency, day) == line


def test_problems_go_to_the_lead_of_the_day(programme: Programme) -> None:
    assert programme.lead(date(2025, 2, 28)) == "so-ldtbxh"
    assert programme.lead(date(2025, 3, 1)) == "so-yt"


def test_mass_organisations_are_asked(programme: Programme) -> None:
    asked = {agency.slug for agency in programme.agencies if agency.role is AgencyRole.REQUESTED}
    assert {"mttq-tinh", "hlhpn-tinh", "hnd-tinh", "doan-tncs-tinh", "hoi-bao-tro", "ct-xh-xa"} <= asked
    texts = {language: programme.messages[language]["reminder"] for language in ("vi", "en")}
    asking = {language: render(text, {**SAMPLE, "requested": True}) for language, text in texts.items()}
    ordering = {language: render(text, SAMPLE) for language, text in texts.items()}
    assert asking["vi"].subject.startswith("Đề nghị gửi báo cáo")
    assert ordering["vi"].subject.startswith("Nhắc gửi báo cáo")
    assert "trân trọng đề nghị quý cơ quan" in asking["vi"].body
    assert asking["en"].body != ordering["en"].body


@pytest.mark.parametrize("language", ["vi", "en"])
@pytest.mark.parametrize("name", ["parent-digest", "grandparent-digest"])
def test_a_digest_names_each_late_unit_in_a_line_of_its_own(programme: Programme, language: str, name: str) -> None:
    lines = render(programme.messages[language][name], SAMPLE).body.splitlines()
    assert sum("Xã Yên Vượng (06412)" in line for line in lines) == 1
    assert sum("Xã Minh Tiến (06415)" in line for line in lines) == 1
    assert lines.index("Báo cáo quý") < next(i for i, line in enumerate(lines) if "06412" in line)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return copytree(SHIPPED, tmp_path / "ecd-1437")


@pytest.mark.parametrize("broken", BREAKS, ids=[broken["name"] for broken in BREAKS])
def test_what_is_broken_is_named_with_file_line_path_and_reason(copy: Path, broken: dict[str, str]) -> None:
    file = broken.get("file", "programme.yaml")
    _rewrite(copy / file, lambda text: text.replace(broken["find"], broken["put"], 1))
    problems = check_programme(copy, LEVELS)
    named = [
        p for p in problems if p.file == file and p.path == broken.get("path", "") and broken["reason"] in p.reason
    ]
    assert named, "\n".join(map(str, problems))
    assert named[0].line is not None or file.endswith(".j2")
    with pytest.raises(ProgrammeError, match=re.escape(str(named[0]))):
        load_programme(copy, LEVELS)


def _rewrite(path: Path, change: Callable[[str], str]) -> None:
    before = path.read_text(encoding="utf-8")
    after = change(before)
    assert after != before, "the pattern is not in the file any more"
    path.write_text(after, encoding="utf-8")


def test_the_line_is_that_of_the_error(copy: Path) -> None:
    path = copy / "programme.yaml"
    _rewrite(path, lambda text: text.replace("agencies: [ubnd-tinh]", "agencies: [ubnd-tinhh]"))
    line = next(i for i, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1) if "ubnd-tinhh" in text)
    expected = "unknown agency 'ubnd-tinhh'; did you mean 'ubnd-tinh'?"
    assert check_programme(copy, LEVELS) == [
        Problem("programme.yaml", line, "indicators[2].reporters[1].agencies[0]", expected)
    ]


def test_all_errors_are_named_at_once_whatever_their_kind(copy: Path) -> None:
    def spoil(text: str) -> str:
        text = text.replace("cutoff_day: 14", "timezone: UTC\ncutoff_day: 140")
        text = text.replace("task: t3-policy", "task: t3").replace("percent: 50", "percent: 500")
        return text.replace("slug: obj-awareness", "slug: obj-general")

    _rewrite(copy / "programme.yaml", spoil)
    (copy / "messages/vi/received.j2").unlink()
    (copy / "calender.csv").write_text("", encoding="utf-8")
    (copy / "calendar.csv").write_text("date,kind,instrument\n2026-13-01,off,x\n", encoding="utf-8")
    assert {(problem.file, problem.path) for problem in check_programme(copy, LEVELS)} == {
        ("programme.yaml", "timezone"),
        ("programme.yaml", "cutoff_day"),
        ("programme.yaml", "activities[3].task"),
        ("programme.yaml", "indicators[2].targets[0].percent"),
        ("programme.yaml", "objectives[2].slug"),
        ("messages/vi/received.j2", ""),
        ("calender.csv", ""),
        ("calendar.csv", "date"),
    }


@pytest.mark.parametrize(
    "name", ["calendar.csv", "programme.yaml", "messages/vi/reminder.j2", "messages/en/received.j2"]
)
def test_a_missing_file_is_named(copy: Path, name: str) -> None:
    (copy / name).unlink()
    assert any(p.file == name and p.reason.startswith("missing") for p in check_programme(copy, LEVELS))


def test_a_folder_that_is_not_there_is_one_problem(tmp_path: Path) -> None:
    assert check_programme(tmp_path / "nowhere") == [Problem("programme.yaml", None, "", "missing")]


def test_an_unknown_file_is_named_with_the_one_that_was_meant(copy: Path) -> None:
    (copy / "messages/vi/remindr.j2").write_text("x", encoding="utf-8")
    expected = "unknown file 'messages/vi/remindr.j2'; did you mean 'messages/vi/reminder.j2'?"
    assert check_programme(copy, LEVELS) == [Problem("messages/vi/remindr.j2", None, "", expected)]


def test_a_file_that_is_not_utf_8_is_named(copy: Path) -> None:
    (copy / "programme.yaml").write_bytes(b"slug: \xff\n")
    assert [p.reason.partition(":")[0] for p in check_programme(copy, LEVELS)] == ["unreadable"]


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
        "escalation: [1, {template: [x]}]\nholidays: {overrides: 1}\n",
    ],
)
def test_whatever_the_file_holds_the_answer_is_problems(copy: Path, text: str) -> None:
    (copy / "programme.yaml").write_text(text, encoding="utf-8")
    assert check_programme(copy, LEVELS)
