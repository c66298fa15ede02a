"""What senders' spreadsheets really hold, kind by kind: read as it was meant, or refused at its cell."""

import io
import unicodedata
from typing import Any, NamedTuple

import openpyxl
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.spreadsheets.readers import Kind
from tests.intake.sheets import ACTIVITY, FIGURE, HELD, REPORT, WHOLE, csv_of, datas, drafted, faults, message, xlsx_of


@pytest.mark.parametrize(
    ("header", "rows", "named"),
    [
        (ACTIVITY, [[*HELD, 1], [*HELD[:4], "2023-03-10", "nutrition", 2]], (2, 3)),
        (ACTIVITY, [[*HELD, 1], [*HELD[:3], " r1 ", "2023-03-09", "nutrition", 1]], (2, 3)),
        (ACTIVITY, [[*HELD, 1], ["06415", *HELD[1:4], *[""] * 4, "x"]], (2, 3)),
        (FIGURE, [[*WHOLE, 3, 4], [*WHOLE[:4], "health", 1, 4], [*WHOLE, 3, 4]], (2, 4)),
        (FIGURE, [[*WHOLE, 3, 4], [*WHOLE[:4], "health", 1, 4], [*WHOLE[:4], "Y tế [health]", 2, 4]], (3, 4)),
        (FIGURE, [[*WHOLE, 3, 4], ["06412@1", *WHOLE[1:], 3, 5]], (2, 3)),
        (REPORT, [[*WHOLE[:3], "progress-quarterly", "Có"]] * 2, (2, 3)),
        (
            [*FIGURE[:4], "component", "value"],
            [["06412", "ubnd-xa", "2023-Q1", "model", "c1", "Có"], ["06412", "ubnd-xa", "2023-Q1", "model", "c1", ""],
             ["06412", "ubnd-xa", "2023-Q1", "model", "c1", "Không"]],
            (2, 4),
        ),
    ],
)  # fmt: skip
def test_one_record_twice_is_refused_whole_naming_both_rows(
    header: list[str], rows: list[list[Any]], named: tuple[int, int]
) -> None:
    found = drafted(csv_of([header, *rows]))
    assert [(code, row) for code, row, _ in faults(found)] == [("record_repeated", named[1])]
    assert found.drafts == {}
    assert f"dòng {named[0]} và dòng {named[1]}" in message(found, "vi")
    assert f"rows {named[0]} and {named[1]}" in message(found, "en")


def test_one_record_in_two_sheets_is_refused_naming_both() -> None:
    figures = [FIGURE, [*WHOLE, 3, 4]]
    found = drafted(xlsx_of(Một=figures, Hai=[FIGURE, [*WHOLE[:4], "health", 1, 4]]), "xlsx")
    assert faults(found) == [("record_repeated", 2, "D")]
    assert "Một, dòng 2 và Hai, dòng 2" in message(found, "vi")


@pytest.mark.parametrize("cell", ["=10*2", "#N/A", "#REF!", "#DIV/0!", "#name?", "#SPILL!", "Err:502", " #VALUE! "])
@pytest.mark.parametrize("column", [0, 1, 3, 4, 5, 6])
def test_a_cell_that_holds_no_value_is_refused_there_in_every_column_with_the_cure(cell: str, column: int) -> None:
    row = [*WHOLE, "3", "4"]
    row[column] = cell
    found = drafted(csv_of([FIGURE, row]))
    assert faults(found) == [("value_invalid", 2, "ABCDEFG"[column])]
    assert "hãy " in message(found, "vi")


def test_a_formula_without_a_stored_value_is_refused_in_every_kind_of_cell() -> None:
    book = openpyxl.Workbook()
    page = book.active
    assert page is not None
    page.append(ACTIVITY)
    page.append([*HELD, "=10*2", "", ""])
    page.append([*HELD[:3], "=A1", *HELD[4:], 3, "", ""])
    page.append([*HELD[:3], "r3", *HELD[4:], 3, "", '=IF(1,"x","")'])
    made = io.BytesIO()
    book.save(made)
    found = drafted(made.getvalue(), "xlsx")
    assert faults(found) == [("value_invalid", 2, "G"), ("value_invalid", 3, "D"), ("value_invalid", 4, "I")]
    assert "công thức chưa có kết quả" in message(found, "vi")


@pytest.mark.parametrize("written", ["1.23457E+15", "1,23E+20"])
def test_an_id_that_a_program_shortened_is_refused(written: str) -> None:
    rows = [ACTIVITY, [*HELD[:3], written, *HELD[4:], 3]]
    assert faults(drafted(csv_of(rows))) == [("value_invalid", 2, "D")]
    number = [ACTIVITY, [*HELD[:3], 1234567890123456, *HELD[4:], 3]]
    assert faults(drafted(xlsx_of(A=number), "xlsx")) == [("value_invalid", 2, "D")]


ONE_MEANING = {
    "412": 412, "412.0": 412, "412,0": 412, "412.00": 412, "0": 0, "0.000": 0, "1 234": 1234, "1\u00a0234": 1234,
    "1\u202f234": 1234, "1\u2009234": 1234, "1.234.567": 1234567, "1,234,567": 1234567, "1 234,0": 1234,
    "1.234,00": 1234, "1,234.0": 1234, "1234.00": 1234, "1234.0000": 1234,
    "1.500.000": 1500000, "412,00": 412, " 412\u00a0": 412, "007": 7,
}  # fmt: skip
REFUSED = ["1.234", "1,234", "1500.000", "2000,000", "1.500,000", "1,500.000", "12345.000",
           "1 500.000", "1.500.000,000", "007,000", "1\u00a0500,000",
           "412.000", "412,5", "412.5", "12 34", "1 2", "-3", "1.234,567", "1,23,456", "1.234.56",
           "41%", "½", "１２", "+3", "1e3", "12 người", "12 [5]"]  # fmt: skip


@pytest.mark.parametrize("written", [*ONE_MEANING, *REFUSED])
@pytest.mark.parametrize(("kind", "delimiter"), [("csv", ","), ("csv", ";"), ("csv", "\t"), ("xlsx", "")])
def test_a_number_is_read_where_it_has_one_meaning_and_refused_where_it_has_two(
    written: str, kind: Kind, delimiter: str
) -> None:
    rows = [ACTIVITY, [*HELD, written]]
    found = drafted(xlsx_of(A=rows) if kind == "xlsx" else csv_of(rows, delimiter), kind)
    if written in ONE_MEANING:
        assert datas(found)[0]["participants"] == {"parent": ONE_MEANING[written]}
    else:
        assert faults(found) == [("value_invalid", 2, "G")]


def test_a_number_with_two_meanings_is_refused_with_the_cure_in_both_languages() -> None:
    found = drafted(csv_of([ACTIVITY, [*HELD, "1.234"]]))
    assert message(found, "vi") == (
        "Giá trị không hợp lệ: có thể hiểu là hàng nghìn hoặc là số thập phân; hãy viết liền các chữ số (1234)"
    )
    assert message(found, "en") == (
        "not a valid value: may be thousands or a decimal fraction; write its digits alone (1234)"
    )


def test_every_bad_cell_of_a_record_is_one_error_at_that_cell() -> None:
    rows = [FIGURE, [*WHOLE, "1.234", "x"], [*WHOLE[:4], "health", "", "-1"]]
    assert faults(drafted(csv_of(rows))) == [
        ("value_invalid", 2, "F"), ("value_invalid", 2, "G"), ("value_invalid", 3, "G")
    ]  # fmt: skip


def test_what_people_don_t_see_is_read_and_said() -> None:
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        for name in ("Bìa", "Ẩn", "Lọc", "Danh mục"):
            page = book.add_worksheet(name)
            if name in {"Bìa", "Danh mục"}:
                page.write(0, 0, "Sở Y tế")
                continue
            page.write_row(0, 0, ACTIVITY)
            for number in range(1, 5):
                page.write_row(number, 0, [*HELD[:3], f"{name}{number}", *HELD[4:], number])
            page.write_row(5, 0, ["06412"])
        hidden, filtered = book.get_worksheet_by_name("Ẩn"), book.get_worksheet_by_name("Lọc")
        hidden.very_hidden()
        for number in (2, 4, 5):
            filtered.set_row(number, None, None, {"hidden": True})
        filtered.set_column(6, 8, None, None, {"hidden": True})
    found = drafted(made.getvalue(), "xlsx")
    assert len(datas(found)) == 8
    assert [note.vi for note in found.notes] == [
        "Bìa: trang không có bảng nào có dòng tiêu đề, nên không được đọc",
        "Ẩn: trang bị ẩn, vẫn được đọc",
        "Lọc: các dòng bị ẩn vẫn được đọc: 3, 5",
        "Lọc: các cột bị ẩn vẫn được đọc: G",
    ]
    assert [note.en for note in found.notes][2] == "Lọc: hidden rows were read: 3, 5"


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_a_text_means_the_same_however_its_accents_are_written(kind: Kind, form: Any) -> None:
    given = [*HELD[:3], "tân-sơn-1", "9/3/2023", "Dinh dưỡng [nutrition]", "3", "", "Không"]
    rows = [ACTIVITY, [unicodedata.normalize(form, cell) for cell in given]]
    (data,) = datas(drafted(csv_of(rows) if kind == "csv" else xlsx_of(A=rows), kind))
    assert (data["record"], data["held_on"]) == ("tân-sơn-1", "2023-03-09")


@pytest.mark.parametrize(("record", "kept"), [(" r1\u00a0", "r1"), ("b[2]", "b[2]"), ("a b", None), ("a\nb", None)])
def test_a_record_is_trimmed_and_kept_and_one_with_a_space_is_refused(record: str, kept: str | None) -> None:
    found = drafted(csv_of([ACTIVITY, [*HELD[:3], record, *HELD[4:], "3"]]))
    if kept is None:
        assert faults(found) == [("value_invalid", 2, "D")]
    else:
        assert datas(found)[0]["record"] == kept


@pytest.mark.parametrize(
    ("header", "row", "column"),
    [
        ([*FIGURE, "component", "value"], [*WHOLE, "3", "4", "c1", "Có"], "FG"),
        ([*FIGURE, "component", "value"], [*WHOLE, "3", "4", "", "Có"], "I"),
    ],
)
def test_a_cell_that_a_row_has_no_use_for_is_refused(header: list[str], row: list[str], column: str) -> None:
    assert faults(drafted(csv_of([header, row]))) == [("value_invalid", 2, letter) for letter in column]


class Written(NamedTuple):
    """A number as somebody writes it, and what it is: None where nobody can say."""

    text: Any
    value: int | None


@st.composite
def written(draw: st.DrawFn) -> Written:  # noqa: PLR0911 - a style each
    value = draw(st.integers(0, 10**9))
    style = draw(st.sampled_from(["digits", "grouped", "zeros", "fraction", "error", "both", "cell", "cell fraction"]))
    sign = draw(st.sampled_from(["", ".", ",", " ", "\u00a0", "\u202f"]))
    groups = f"{value:,}".replace(",", sign or ".")
    match style:
        case "grouped":
            return Written(
                groups, None if value > 999 and groups.count(sign or ".") == 1 and sign in {"", ".", ","} else value
            )
        case "zeros":
            zeros = draw(st.integers(1, 5))
            doubtful = zeros == 3 and value > 0
            return Written(f"{value}{draw(st.sampled_from('.,'))}{'0' * zeros}", None if doubtful else value)
        case "both":
            point = "," if sign in {"", "."} else "."
            return Written(f"{groups}{point}0", value)
        case "fraction":
            return Written(f"{value}{draw(st.sampled_from('.,'))}{draw(st.integers(1, 99)):02}", None)
        case "error":
            return Written(draw(st.sampled_from(["#N/A", "=A1", "x", "-1", "1e3", "12 34"])), None)
        case "cell":
            return Written(draw(st.sampled_from([value, float(value)])), value)
        case "cell fraction":
            return Written(value % 10**6 + 0.5, None)
    return Written(str(value), value)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(written(), st.booleans()), min_size=1, max_size=12),
    st.sampled_from(["csv,", "csv;", "xlsxwriter", "openpyxl"]),
)
def test_no_value_differs_without_an_error(rows: list[tuple[Written, bool]], program: str) -> None:
    table: list[list[Any]] = [ACTIVITY]
    for number, (number_written, decomposed) in enumerate(rows):
        domain = unicodedata.normalize("NFD" if decomposed else "NFC", "Dinh dưỡng [nutrition]")
        table.append([*HELD[:3], f"r{number}", "9/3/2023", domain, number_written.text])
    if program == "openpyxl":
        book = openpyxl.Workbook()
        for row in table:
            book.worksheets[0].append(row)
        made = io.BytesIO()
        book.save(made)
        content, kind = made.getvalue(), "xlsx"
    elif program == "xlsxwriter":
        content, kind = xlsx_of(A=table), "xlsx"
    else:
        content, kind = csv_of(table, program[-1]), "csv"
    found = drafted(content, kind)  # type: ignore[arg-type]
    read = {
        draft.event["data"]["record"]: draft.event["data"]["participants"]["parent"] for draft in found.drafts.values()
    }
    wrong = {row for _, row, _ in faults(found)}
    for number, (number_written, _) in enumerate(rows):
        if number_written.value is None:
            assert number + 2 in wrong, number_written
        else:
            assert read[f"r{number}"] == number_written.value
    assert len(read) + len(wrong) == len(rows)
    assert all(column == "G" for _, _, column in faults(found))
