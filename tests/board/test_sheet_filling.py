"""What a sheet that came back makes of the draft: each row that was touched, or the cell that can't be taken."""

from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from cli.template import write_template
from services.board.report.draft import ActivityAnswer, Answers, FigureAnswer
from services.board.report.pages import Opened
from services.board.sheet.download import FREE_ROWS, write_sheet
from services.board.sheet.reading import SheetReading
from services.board.sheet.steps import ONE_REPORT
from shared.domain.duties import applies
from shared.domain.periods import parse_period
from shared.domain.units import Units
from shared.programme.model import Programme
from shared.sheets.report_tables import Sheet
from shared.spreadsheets.child import read
from tests.board.sheets import (
    ACCESS,
    ACTIVITIES,
    COUNTED,
    EARLIER,
    ELSEWHERE,
    FIGURES,
    HELD,
    KEY,
    KNOWLEDGE,
    RECORD,
    REPORT,
    Book,
    Open,
    book,
    filled,
    opened_report,
)


def answered(key: str = KEY, **typed: str) -> Answers:
    return Answers(figures={key: FigureAnswer(typed=typed)})


def test_a_sheet_holds_what_the_form_shows(report: Open) -> None:
    drafted = answered(f"{KNOWLEDGE}/2023-Q1", numerator="1 300", denominator="1.234")
    sheet = book(report(COUNTED, EARLIER, HELD, ELSEWHERE, answers=drafted))
    access, women, health, knowledge = (
        sheet.figures(ACCESS), sheet.figures(ACCESS, by_sex="female"), sheet.figures(ACCESS, by_domain="health"),
        sheet.figures(KNOWLEDGE),
    )  # fmt: skip
    assert (access["numerator"], access["denominator"], access["#before"]) == (400, 500, "390 trên 510")
    assert (women["numerator"], health["numerator"]) == (200, None)
    assert (knowledge["numerator"], knowledge["denominator"]) == (1300, "1.234")
    held, *free = [row for row in sheet.rows(ACTIVITIES) if row["record"]]
    assert (held["activity"].rpartition(" ")[2], held["held_on"].date()) == ("[parent-counselling]", date(2023, 3, 9))
    assert (held["domain"], held["participants.parent"], held["record"]) == ("dinh dưỡng [nutrition]", 24, RECORD)
    assert len({row["record"] for row in free}) == FREE_ROWS
    below = [str(cell.value) for (cell,) in sheet.book[REPORT].iter_rows(max_col=1) if cell.value]
    assert any(text.startswith("01/03/2023: ") and text.endswith("24 lượt người, từ app") for text in below)
    assert any("Hạn nộp: 17:00 ngày 16/03/2023" in text for text in below)


def test_a_sheet_that_nobody_touched_says_nothing(report: Open) -> None:
    drafted = Answers(
        figures={f"{KNOWLEDGE}/2023-Q1": FigureAnswer(typed={"numerator": "1.234", "denominator": "x"})},
        activities=(ActivityAnswer(record=RECORD, typed={"activity": "parent-counselling"}, change="withdrawn"),),
    )
    opened = report(COUNTED, EARLIER, HELD, answers=drafted)
    filling, faults = filled(opened, book(opened).saved())
    assert faults == []
    assert filling.answers == drafted


def test_figures_are_taken_as_they_were_typed_and_parts_that_the_form_does_not_ask_for_stay(report: Open) -> None:
    opened = report(COUNTED)
    sheet = book(opened)
    sheet.figure(ACCESS, "1 402", 1500)
    filling, faults = filled(opened, sheet.saved())
    assert faults == []
    answer = filling.answers.figures[KEY]
    assert answer.typed == {
        "numerator": "1 402", "denominator": "1500", "part.sex.female.numerator": "200",
        "part.sex.female.denominator": "250",
    }  # fmt: skip
    assert [split.by for split in answer.kept] == [{"sex": "female", "domain": "health"}]
    assert list(filling.answers.figures) == [KEY]


def test_what_was_unusual_keeps_its_reason_and_what_is_unusual_is_no_fault_of_a_cell(report: Open) -> None:
    reasons = {"denominator_changed": "Sáp nhập thôn"}
    answers = Answers(figures={KEY: FigureAnswer(typed={"numerator": "1", "denominator": "9"}, reasons=reasons)})
    opened = report(EARLIER, answers=answers)
    sheet = book(opened)
    sheet.figure(ACCESS, 2, 9)
    filling, faults = filled(opened, sheet.saved())
    assert faults == []
    assert filling.answers.figures[KEY].reasons == reasons
    sheet.figure(ACCESS, 2, 10)
    filling, faults = filled(opened, sheet.saved())
    assert (faults, filling.answers.figures[KEY].reasons) == ([], {})


def test_what_is_unusual_is_told_at_its_cell_until_it_has_a_reason(report: Open) -> None:
    opened = report(EARLIER)
    sheet = book(opened)
    cell = sheet.figure(ACCESS, 100, 500)
    filling, faults = filled(opened, sheet.saved())
    assert faults == []
    (found,) = filling.unusual
    assert (f"{found.place.column}{found.place.row}", found.key) == (cell, KEY)
    assert found.words.vi == "Kết quả là 20%, trong khi quý IV năm 2022 là 76,5%"
    reasons = {"ratio_changed": "Trạm y tế đóng cửa hai tháng"}
    answers = Answers(figures={KEY: FigureAnswer(typed={"numerator": "100", "denominator": "500"}, reasons=reasons)})
    again = report(EARLIER, answers=answers)
    sheet = book(again)
    sheet.figure(ACCESS, 50, 100, by_sex="female")
    assert filled(again, sheet.saved())[0].unusual == []


def test_a_row_that_nobody_touched_keeps_what_a_colleague_typed_meanwhile(report: Open) -> None:
    sheet = book(report(answers=answered(numerator="400", denominator="500")))
    sheet.figure(KNOWLEDGE, 3, 9)
    meanwhile = report(answers=answered(numerator="410", denominator="500"))
    filling, faults = filled(meanwhile, sheet.saved())
    assert faults == []
    assert filling.answers.figures[KEY].typed["numerator"] == "410"
    assert filling.answers.figures[f"{KNOWLEDGE}/2023-Q1"].typed == {"numerator": "3", "denominator": "9"}


def test_what_is_as_it_counts_already_needs_no_answer(report: Open) -> None:
    sheet = book(report())
    sheet.figure(ACCESS, 400, "500")
    sheet.figure(ACCESS, 200, 250, by_sex="female")
    filling, faults = filled(report(COUNTED), sheet.saved())
    assert (faults, filling.answers) == ([], Answers())


def test_a_denominator_of_the_period_before_alone_is_no_answer(report: Open) -> None:
    opened = report(EARLIER)
    sheet = book(opened)
    assert sheet.rows(FIGURES)[0]["denominator"] == 510
    sheet.figure(KNOWLEDGE, 1, 2)
    filling, faults = filled(opened, sheet.saved())
    assert (faults, list(filling.answers.figures)) == ([], [f"{KNOWLEDGE}/2023-Q1"])


@pytest.mark.parametrize(
    ("numerator", "denominator", "column", "said"),
    [
        ("12a", 500, "numerator", "Giá trị không hợp lệ: cần số nguyên từ 0 đến"),
        ("1.234", 5000, "numerator", "hãy viết liền các chữ số (1234)"),
        (12.5, 500, "numerator", "cần số nguyên"),
        (-1, 500, "numerator", "cần số nguyên"),
        (501, 500, "numerator", "Tử số lớn hơn mẫu số; cần không quá 500"),
        (12, None, "denominator", "Thiếu trường bắt buộc"),
        (None, 500, "numerator", "Thiếu trường bắt buộc"),
        ("=A1*2", 500, "numerator", "công thức chưa có kết quả"),
        ("#REF!", 500, "numerator", "ô có lỗi #REF!"),
        (True, 500, "numerator", "cần số nguyên"),
        (date(2023, 3, 1), 500, "numerator", "cần số nguyên"),
    ],
)  # fmt: skip
def test_what_is_not_understood_is_refused_at_its_cell(
    report: Open, numerator: Any, denominator: Any, column: str, said: str
) -> None:
    opened = report()
    sheet = book(opened)
    sheet.figure(ACCESS, numerator, denominator)
    row = sheet.row(FIGURES, indicator=ACCESS)
    _, faults = filled(opened, sheet.saved())
    cell = sheet.cell(FIGURES, row, column).coordinate
    assert len(faults) == 1, faults
    assert faults[0].startswith(f"Trang «{FIGURES}», ô {cell}: ")
    assert said in faults[0]


def test_parts_that_exceed_the_whole_are_refused_at_their_cell(report: Open) -> None:
    opened = report()
    sheet = book(opened)
    sheet.figure(ACCESS, 10, 20)
    at = sheet.figure(ACCESS, 11, 20, by_sex="female")
    _, faults = filled(opened, sheet.saved())
    assert [fault.partition(":")[0] for fault in faults] == [f"Trang «{FIGURES}», ô {at}"]


def test_a_figure_that_was_cleared_is_refused_and_an_x_says_that_there_is_none(report: Open) -> None:
    opened = report(COUNTED)
    sheet = book(opened)
    at = sheet.figure(ACCESS, None, None)
    _, faults = filled(opened, sheet.saved())
    assert [fault.partition(":")[0] for fault in faults] == [f"Trang «{FIGURES}», ô {at}"]
    assert "ghi x ở cột «Không có số liệu»" in faults[0]
    sheet.write(FIGURES, sheet.row(FIGURES, indicator=ACCESS), {"#absent": "X"})
    part = sheet.row(FIGURES, indicator=ACCESS, by_sex="female")
    _, faults = filled(opened, sheet.saved())
    assert f"ô {sheet.cell(FIGURES, part, 'numerator').coordinate}: " in faults[0]  # a part still has a number
    sheet.write(FIGURES, part, {"numerator": None, "denominator": None})
    filling, faults = filled(opened, sheet.saved())
    assert faults == []
    assert filling.answers.figures[KEY].absent
    again = report(COUNTED, answers=filling.answers)
    assert book(again).rows(FIGURES)[0]["#absent"] == "x"


def test_a_part_that_was_cleared_is_left_out_as_on_the_form(report: Open) -> None:
    opened = report(COUNTED)
    sheet = book(opened)
    sheet.figure(ACCESS, None, None, by_sex="female")
    filling, faults = filled(opened, sheet.saved())
    assert (faults, filling.answers.figures[KEY].typed) == ([], {"numerator": "400", "denominator": "500"})


@pytest.mark.parametrize(
    ("of", "said"),
    [
        ({"unit": "06427@1"}, "phiếu này ghi đơn vị '06427@1', còn báo cáo đang mở là của Xã Yên Vượng (06412)"),
        ({"period": "2022-Q4"}, "phiếu này ghi kỳ quý IV năm 2022, còn báo cáo đang mở là của quý I năm 2023"),
        ({"report": "progress-yearly", "period": "2023"}, "phiếu này ghi báo cáo "),
        ({"unit": "186@1", "agency": "ubnd-huyen"}, "phiếu này ghi cơ quan 'ubnd-huyen', còn báo cáo"),
    ],
)  # fmt: skip
def test_another_s_sheet_is_refused_saying_what_it_is(report: Open, of: dict[str, Any], said: str) -> None:
    sheet = book(report(**of))
    _, faults = filled(report(), sheet.saved())
    assert any(said in fault for fault in faults), faults
    assert all("phiếu này ghi" in fault for fault in faults)
    assert all(fault.startswith("Trang «Báo cáo», ô ") for fault in faults)


def test_what_the_form_does_not_ask_for_is_refused_where_it_stands(report: Open) -> None:
    opened = report()
    sheet = book(opened)
    row = sheet.row(FIGURES, indicator=KNOWLEDGE)
    sheet.write(FIGURES, row, {"indicator": "district-network-model", "numerator": 1, "denominator": 2})
    other = sheet.row(FIGURES, indicator=ACCESS, by_sex="female")
    sheet.write(FIGURES, other, {"by.sex": "none", "numerator": 1, "denominator": 2})
    beside = sheet.row(FIGURES, indicator=ACCESS, by_sex="male")
    sheet.book[FIGURES].cell(beside, 40).value = "ghi chú"
    _, faults = filled(opened, sheet.saved())
    cells = [sheet.cell(FIGURES, other, "by.sex").coordinate, f"AN{beside}",
             sheet.cell(FIGURES, row, "indicator").coordinate]  # fmt: skip
    assert [fault.partition(":")[0].rpartition(" ")[2] for fault in faults] == cells
    assert "báo cáo này không hỏi mục này" in faults[0]


def test_merged_cells_and_rows_twice_are_refused(report: Open) -> None:
    opened = report()
    sheet = book(opened)
    sheet.figure(ACCESS, 1, 2)
    page, row = sheet.book[FIGURES], sheet.row(FIGURES, indicator=ACCESS)
    page.merge_cells(start_row=row, end_row=row + 1, start_column=sheet.header(FIGURES)[1]["numerator"],
                     end_column=sheet.header(FIGURES)[1]["numerator"])  # fmt: skip
    _, faults = filled(opened, sheet.saved())
    assert any("bị gộp, chỉ ô đầu có giá trị" in fault for fault in faults), faults
    sheet = book(opened)
    last = sheet.book[FIGURES].max_row + 1
    for name, value in sheet.rows(FIGURES)[0].items():
        if name != "row":
            sheet.cell(FIGURES, last, name).value = value
    _, faults = filled(opened, sheet.saved())
    assert [fault.partition(" cũng ")[0] for fault in faults] == [
        f"Trang «{FIGURES}», ô {sheet.cell(FIGURES, last, 'indicator').coordinate}: Một bản ghi có nhiều lần trong một "
        f"lần gửi: dòng {sheet.rows(FIGURES)[0]['row']} của trang «{FIGURES}»"
    ]


def test_a_report_is_not_taken_back_by_a_sheet(report: Open) -> None:
    opened = report()
    sheet = book(opened)
    row = int(sheet.rows(REPORT)[0]["row"])
    assert filled(opened, sheet.write(REPORT, row, {"submitted": "Có"}).saved())[1] == []
    _, faults = filled(opened, sheet.write(REPORT, row, {"submitted": "Không"}).saved())
    assert "không rút báo cáo bằng phiếu" in faults[0]


def test_components_are_answered_yes_or_no(report: Open) -> None:
    opened = report(unit="186@1", agency="ubnd-huyen")
    keys = [figure for figure in opened.form.figures if figure.components]
    sheet = book(opened)
    figure = keys[0]
    rows = [row for row in sheet.rows(FIGURES) if f"{row['indicator']}/{row['period']}" == figure.key]
    for row, said in zip(rows, ("Có", "không", "x", "Không", "Có"), strict=False):
        sheet.write(FIGURES, row["row"], {"value": said})
    filling, faults = filled(opened, sheet.saved())
    assert faults == []
    typed = filling.answers.figures[figure.key].typed
    assert list(typed.values()) == ["yes", "no", "yes", "no", "yes"][: len(rows)]
    again = opened_again(opened, filling.answers)
    assert filled(again, book(again).saved())[0].answers == filling.answers
    sheet.write(FIGURES, rows[0]["row"], {"value": "có lẽ"})
    assert "cần «Có» hoặc «Không»" in filled(opened, sheet.saved())[1][0]


def opened_again(opened: Opened, answers: Answers) -> Opened:
    return replace(opened, draft=replace(opened.draft, answers=answers))


def test_a_text_with_the_same_columns_says_the_same(report: Open) -> None:
    opened = report()
    text = f"unit,agency,period,indicator,by.sex,numerator,denominator\n06412,ubnd-xa,2023-Q1,{ACCESS},,4,5\n"
    filling, faults = filled(opened, text.encode(), "csv")
    assert (faults, filling.answers.figures[KEY].typed) == ([], {"numerator": "4", "denominator": "5"})
    _, faults = filled(opened, text.replace(",4,5", ",6,5").encode(), "csv")
    assert faults[0].startswith("Ô F2: Tử số lớn hơn mẫu số")


def test_rows_that_nobody_sees_are_named_and_the_columns_that_we_hide_are_not(report: Open) -> None:
    opened = report()
    sheet = book(opened)
    sheet.figure(ACCESS, 4, 5)
    row = sheet.figures(ACCESS)["row"]
    sheet.book[FIGURES].row_dimensions[row].hidden = True
    reading = SheetReading(opened.form)
    for part in read("xlsx", sheet.saved(), ONE_REPORT):
        reading.take(part)
    assert [note.vi for note in reading.end().notes.words()] == [f"{FIGURES}: các dòng bị ẩn vẫn được đọc: {row}"]


def test_a_template_of_the_command_is_taken_as_well(report: Open, tmp_path: Path) -> None:
    opened = report(COUNTED)
    form = opened.form
    path = tmp_path / "template.xlsx"
    write_template(Sheet(form.programme, form.report, form.unit, form.agency, form.period, "vi"), path, "ab12cd34")
    sheet = Book(path.read_bytes())
    sheet.figure(KNOWLEDGE, 300, 900)
    filling, faults = filled(opened, sheet.saved())
    assert (faults, list(filling.answers.figures)) == ([], [f"{KNOWLEDGE}/2023-Q1"])


@pytest.mark.parametrize("slug", ["ecd-1437", "nap-23"])
@pytest.mark.parametrize("language", ["vi", "en"])
def test_each_report_of_each_programme_has_a_sheet_that_says_nothing_yet(
    slug: str, language: str, ecd: Programme, nap: Programme, units: Units
) -> None:
    """What each agency owes at some unit of its level, written and read back."""
    programme = {"ecd-1437": ecd, "nap-23": nap}[slug]
    periods = {"quarter": "2025-Q1", "half-year": "2025-H1", "year": "2025"}
    seen = 0
    for report in programme.reports:
        for reporter in report.reporters:
            period = periods[report.period.value]
            on = programme.calendar.end(parse_period(period))
            owing = (it for it in units if it.level == reporter.level and it.in_force(on) and applies(reporter, it, on))
            unit = next(owing, None)
            if unit is None:
                continue
            opened = opened_report(programme, units, report=report.slug, unit=unit.uid, agency=reporter.agency,
                                   period=period, language=language)  # fmt: skip
            filling, faults = filled(opened, write_sheet(opened, "ab12cd34"))
            assert (faults, filling.answers) == ([], Answers()), (report.slug, reporter.agency)
            seen += 1
    assert seen >= 5
