"""What a running service's catalogue says of the shipped programme, held against the programme's file."""

from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from cli.template import write_template
from deploy.local.http import LOCAL
from shared.domain.periods import parse_period
from shared.sheets.report_tables import Sheet
from shared.spreadsheets.own_file import read_workbook
from tests.aggregation.registry import PROGRAMME
from tests.shipped import shipped_units
from tests.system import ROOT, System

FILE: dict[str, Any] = YAML(typ="safe").load(ROOT / "programmes" / "ecd-1437" / "programme.yaml")


@pytest.fixture(scope="module")
def catalogue(system: System) -> dict[str, Any]:
    answer = system.read("/v1/programmes/ecd-1437")
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


@pytest.mark.parametrize("part", ["objectives", "tasks", "activities", "indicators", "measures", "agencies", "reports"])
def test_every_label_of_the_file_is_there_word_for_word_in_both_languages(catalogue: dict[str, Any], part: str) -> None:
    labels = [item["label"] for item in catalogue[part]]
    assert labels == [item["label"] for item in FILE[part]]
    assert all(label["vi"] and label["en"] for label in labels)


def test_targets_duties_and_legal_basis_are_those_of_the_file(catalogue: dict[str, Any]) -> None:
    assert catalogue["legal_basis"] == FILE["legal_basis"]
    assert [item.get("duties", []) for item in catalogue["agencies"]] == [
        it.get("duties", []) for it in FILE["agencies"]
    ]
    for shown, written in zip(catalogue["indicators"], FILE["indicators"], strict=True):
        assert [target["label"] for target in shown["targets"]] == [target["label"] for target in written["targets"]]
        assert [target["value"] for target in shown["targets"]] == [target["value"] for target in written["targets"]]
    assert catalogue["left_out"] == []
    for hidden in ("messages", "escalation", "forms", "dhis2", "calendar_overrides"):
        assert hidden not in catalogue


def test_the_age_is_told_as_it_is_meant(catalogue: dict[str, Any]) -> None:
    age = catalogue["scope"]["age"]
    assert age["completed_years"] == 8
    assert age["meaning"] == {
        "vi": "«Đến 8 tuổi» là chưa đến sinh nhật lần thứ 9 (8 tuổi tròn)",
        "en": "'To 8 years' is before turning 9 (8 completed years)",
    }


def test_the_scope_says_for_which_days_and_levels(catalogue: dict[str, Any]) -> None:
    scope = catalogue["scope"]
    assert (scope["owed_from"], scope["last_day"]) == ("2022-12-15", "2025-12-14")
    assert set(scope["levels"]) == {"commune", "district", "province"}


def test_a_deadline_is_told_in_words_beside_its_rule(catalogue: dict[str, Any]) -> None:
    reports = {report["slug"]: report for report in catalogue["reports"]}
    first = reports["progress-quarterly"]["reporters"][0]
    assert (first["level"], first["agency"], first["deadline"]) == (
        "commune", "ubnd-xa", {"after_cutoff_working_days": 2},
    )  # fmt: skip
    assert first["due"] == {
        "vi": "chậm nhất 17:00 ngày làm việc thứ 2 sau ngày chốt số liệu",
        "en": "by 17:00 on working day 2 after the cut-off",
    }
    (top,) = (who for who in reports["progress-yearly"]["reporters"] if who["agency"] == "ubnd-tinh")
    assert top["due"]["vi"].startswith("chậm nhất 17:00 ngày 25 của tháng cuối kỳ")


def test_the_list_names_each_programme_and_nothing_is_sent_twice(system: System) -> None:
    (row,) = system.read("/v1/programmes").json()["rows"]
    assert (row["slug"], row["label"], row["scope"]["last_period"]) == ("ecd-1437", FILE["label"], "2025")
    for path in ("/v1/programmes", "/v1/programmes/ecd-1437"):
        first = system.read(path)
        headers = {"Authorization": f"Bearer {system.reader_key}", "If-None-Match": first.headers["etag"]}
        again = LOCAL.get(f"{system.services.url('aggregation')}{path}", headers=headers)
        assert (again.status_code, again.content) == (304, b"")
        nobody = LOCAL.get(f"{system.services.url('aggregation')}{path}")
        assert nobody.status_code == 401


def test_an_unknown_programme_and_a_parameter_are_refused(system: System) -> None:
    unknown = system.read("/v1/programmes/ecd-1438")
    assert (unknown.status_code, unknown.json()["field"]) == (400, "slug")
    asked = system.read("/v1/programmes", format="csv")
    assert (asked.status_code, asked.json()["field"]) == (400, "format")


def test_a_template_tells_who_counts_the_children_which_are_meant(tmp_path: Path) -> None:
    unit = shipped_units()["06412@1"]
    of_one_indicator = PROGRAMME.model_copy(
        update={
            "age_max_completed_years": None,
            "indicators": tuple(it.model_copy(update={"age_max_completed_years": 8}) for it in PROGRAMME.indicators),
        }
    )
    for number, programme in enumerate((PROGRAMME, of_one_indicator)):
        report = programme.report["progress-quarterly"]
        path = tmp_path / f"{number}.xlsx"
        write_template(Sheet(programme, report, unit, "ubnd-xa", parse_period("2023-Q1"), "vi"), path, "x")
        cells = [str(cell) for part in read_workbook(path) for row in part.rows for cell in row.cells]
        titles = [it for it in cells if it.endswith("«Đến 8 tuổi» là chưa đến sinh nhật lần thứ 9 (8 tuổi tròn)")]
        assert len(titles) == 2  # above the figures and above the activities
        assert all("06412" in title for title in titles)
