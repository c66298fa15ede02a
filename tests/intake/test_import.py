"""Spreadsheets: a template as a clerk fills it in, a second upload that corrects, and files that are none."""

import io
import zipfile
from pathlib import Path
from typing import Any

import httpx
import pytest
import xlsxwriter
from python_calamine import CalamineWorkbook

from deploy.local.http import LOCAL
from tests.system import System, kip

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
FIGURES = "unit,agency,period,indicator,by.domain,numerator,denominator\n"
ACTIVITIES = "unit;agency;record;activity;held_on;domain;participants.parent;female;money.f1-state-budget;withdraw\n"


def upload(system: System, content: bytes | str, kind: str = "text/csv", **query: str) -> httpx.Response:
    return LOCAL.post(
        f"{system.services.url('intake')}/v1/import", content=content, params=query, timeout=60,
        headers={"Authorization": f"Bearer {system.key}", "Content-Type": kind},
    )  # fmt: skip


def filled(template: Path, answers: dict[tuple[str, int, str], Any]) -> bytes:
    """The template as a person saves it: every cell again, with the answers by (sheet, row from 1, column name)."""
    given = CalamineWorkbook.from_path(str(template))
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as workbook:
        for name in given.sheet_names:
            page = workbook.add_worksheet(name)
            rows = given.get_sheet_by_name(name).to_python(skip_empty_area=False)
            for number, row in enumerate(rows):
                page.write_row(number, 0, row)
            for (sheet, number, column), value in answers.items():
                if sheet == name:
                    page.write(number - 1, rows[2].index(column), value)
    return made.getvalue()


@pytest.fixture(scope="module")
def template(system: System, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("template") / "report.xlsx"
    words = ("template", "progress-quarterly", "--unit", "06427", "--period", "2023-Q1", "--out", str(path))
    kip(*words, environment=system.environment)
    return path


def row_of(template: Path, sheet: str, **cells: str) -> int:
    """The number (from 1) of the first row with these cells."""
    rows = CalamineWorkbook.from_path(str(template)).get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    for number, row in enumerate(rows[3:], 4):
        if all(row[rows[2].index(name)] == value for name, value in cells.items()):
            return number
    raise AssertionError(f"{sheet}: no row with {cells}")


def figure(system: System, unit: str = "06427") -> tuple[int, int]:
    row = system.rollups(indicator="child-service-access", within=unit, period="2023-Q1")[0]
    return row["numerator"], row["denominator"]


def test_a_template_is_filled_in_uploaded_and_corrected_by_a_second_upload(system: System, template: Path) -> None:
    whole = row_of(template, "Chỉ tiêu", indicator="child-service-access", **{"#part": "Tổng số"})
    health = row_of(template, "Chỉ tiêu", indicator="child-service-access", **{"by.domain": "health"})
    answers: dict[tuple[str, int, str], Any] = {
        ("Báo cáo", 4, "submitted"): "Có",
        ("Chỉ tiêu", whole, "numerator"): 300, ("Chỉ tiêu", whole, "denominator"): 400,
        ("Chỉ tiêu", health, "numerator"): 100, ("Chỉ tiêu", health, "denominator"): 400,
        ("Hoạt động", 4, "activity"): "Tư vấn [parent-counselling]", ("Hoạt động", 4, "held_on"): "9/3/2023",
        ("Hoạt động", 4, "domain"): "Dinh dưỡng [nutrition]", ("Hoạt động", 4, "participants.parent"): 12,
        ("Hoạt động", 4, "money.f1-state-budget"): 500000,
    }  # fmt: skip
    for numerator in (300, 310):
        answers["Chỉ tiêu", whole, "numerator"] = numerator
        answer = upload(system, filled(template, answers), XLSX)
        assert (answer.status_code, answer.json()) == (202, system.all_taken(3)), answer.text
        system.wait_until(lambda n=numerator: figure(system) == (n, 400), "the last upload stands")  # type: ignore[misc]
    row = system.rollups(activity="parent-counselling", within="06427", period="2023-03")[0]
    assert (row["records"], row["participants"]) == (1, 12)


def test_a_template_has_vietnamese_labels_lists_and_record_ids(template: Path) -> None:
    book = CalamineWorkbook.from_path(str(template))
    activities = book.get_sheet_by_name("Hoạt động").to_python(skip_empty_area=False)
    assert activities[1][4:7] == ["Hoạt động", "Ngày thực hiện", "Lĩnh vực"]
    records = [row[3] for row in activities[3:] if row[3]]
    assert len(set(records)) == len(records) == 60
    assert "Kế hoạch" in str(book.get_sheet_by_name("Báo cáo").to_python()[0][0])
    with zipfile.ZipFile(template) as archive:
        page = archive.read("xl/worksheets/sheet4.xml").decode()
    assert 'type="list"' in page
    assert any("[nutrition]" in str(row) for row in book.get_sheet_by_name("Danh mục").to_python())


def test_an_untouched_template_holds_no_events(system: System, template: Path) -> None:
    answer = upload(system, template.read_bytes(), XLSX)
    assert (answer.status_code, answer.json()["accepted"]) == (202, 0), answer.text
    assert [note.partition(":")[0] for note in answer.json()["notes"]] == ["nothing is in it to post"]


def test_errors_name_sheet_row_and_column(system: System, template: Path) -> None:
    whole = row_of(template, "Chỉ tiêu", indicator="child-service-access", **{"#part": "Tổng số"})
    answers: dict[tuple[str, int, str], Any] = {
        ("Chỉ tiêu", whole, "numerator"): 500, ("Chỉ tiêu", whole, "denominator"): 400,
        ("Hoạt động", 5, "activity"): "no-such", ("Hoạt động", 5, "held_on"): "9/3/2023",
        ("Hoạt động", 6, "activity"): "parent-counselling", ("Hoạt động", 6, "held_on"): "hôm qua",
        ("Hoạt động", 7, "activity"): "parent-counselling", ("Hoạt động", 7, "held_on"): "9/3/2023",
        ("Hoạt động", 7, "participants.parent"): -3,
    }  # fmt: skip
    answer = upload(system, filled(template, answers), XLSX)
    errors = [item["errors"][0] for item in answer.json()["rejected"]]
    assert answer.status_code == 422
    assert [(error["code"], error["sheet"], error["row"], error["column"]) for error in errors] == [
        ("numerator_exceeds_denominator", "Chỉ tiêu", whole, _column(template, "Chỉ tiêu", "numerator")),
        ("activity_unknown", "Hoạt động", 5, "E"),
        ("value_invalid", "Hoạt động", 6, "F"),
        ("value_invalid", "Hoạt động", 7, _column(template, "Hoạt động", "participants.parent")),
    ]


def _column(template: Path, sheet: str, name: str) -> str:
    rows = CalamineWorkbook.from_path(str(template)).get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    return chr(ord("A") + rows[2].index(name))


def test_csv_of_figures_and_of_activities(system: System) -> None:
    body = FIGURES + "06430,ubnd-xa,2023-Q1,child-service-access,,20,30\n"
    body += "06430,ubnd-xa,2023-Q1,child-service-access,health,10,30\n"
    assert upload(system, body).json() == system.all_taken(1)
    system.wait_until(lambda: figure(system, "06430") == (20, 30), "it is counted")
    body = "\ufeff" + ACTIVITIES + "06430;ubnd-xa;csv-1;parent-counselling;2023-03-09;nutrition;5;2;1 000 000;\n"
    assert upload(system, body).json() == system.all_taken(1)
    system.wait_until(
        lambda: system.rollups(activity="parent-counselling", within="06430", period="2023-03")[0]["participants"] == 5,
        "it is counted",
    )
    assert upload(system, ACTIVITIES + "06430;ubnd-xa;csv-1;;;;;;;x\n").status_code == 202
    system.wait_until(
        lambda: system.rollups(activity="parent-counselling", within="06430", period="2023-03")[0]["records"] == 0,
        "it is withdrawn",
    )


def test_partial_takes_the_good_rows(system: System) -> None:
    body = (
        FIGURES + "06433,ubnd-xa,2023-Q1,child-service-access,,1,2\n99999,ubnd-xa,2023-Q1,child-service-access,,1,2\n"
    )
    answer = upload(system, body, partial="true")
    assert (answer.status_code, answer.json()["accepted"]) == (207, 1)
    (error,) = answer.json()["rejected"][0]["errors"]
    assert (error["code"], error["sheet"], error["row"], error["column"]) == ("unit_unknown", "", 3, "A")


def bomb(**parts: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(f"xl/worksheets/{name}.xml", content)
    return made.getvalue()


def far_away() -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as workbook:
        workbook.add_worksheet().write(1_000_000, 16_000, "far away")
    return made.getvalue()


def repeated_text() -> bytes:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as workbook:
        page = workbook.add_worksheet()
        for row in range(200):
            page.write_row(row, 0, ["x" * 32_000] * 200)
    return made.getvalue()


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"no zip at all", XLSX),
        (b"", XLSX),
        (bomb(sheet1=b" " * 70_000_000), XLSX),
        (bomb(**{f"s{n}": b"x" for n in range(600)}), XLSX),
        (bomb(sheet1=b"<worksheet"), XLSX),
        (far_away(), XLSX),
        (repeated_text(), XLSX),
        (b"\xd0\xcf\x11\xe0" + b"\0" * 600, XLSX),
        (b"a,b\n1,2\n", "text/csv"),
        ("unit,indicator\n".encode("utf-16"), "text/csv"),
        (b'unit,indicator\n"06412', "text/csv"),
        (b"unit,indicator,colour\n", "text/csv"),
        (b"", "text/csv"),
    ],
)
def test_what_is_no_table_is_refused(system: System, content: bytes, kind: str) -> None:
    answer = upload(system, content, kind)
    assert (answer.status_code, answer.json()["error"]) == (400, "unreadable"), answer.text


def test_a_table_of_too_many_rows_is_too_large(system: System) -> None:
    answer = upload(system, (FIGURES + "a,b\n" * 20_001).encode())
    assert (answer.status_code, answer.json()["error"]) == (413, "too_large"), answer.text
    assert "kip post FILE" in answer.json()["message"]


def test_another_type_is_refused(system: System) -> None:
    assert upload(system, b"x", "application/vnd.ms-excel").status_code == 415


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("no-such", "--unit", "06427"), "no report no-such"),
        (("progress-quarterly", "--unit", "99999"), "no unit 99999"),
        (("progress-quarterly", "--unit", "06427", "--period", "2023"), "reported by quarter"),
        (("progress-half-yearly", "--unit", "20@1", "--period", "2023-H1"), "--agency: expected so-"),
    ],
)
def test_a_template_that_can_t_be_says_why(system: System, words: tuple[str, ...], told: str) -> None:
    with pytest.raises(AssertionError, match=told):
        kip("template", *words, environment=system.environment)
