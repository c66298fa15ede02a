"""The header of senders' spreadsheets: its columns are known, each once, or named in the refusal."""

import pytest

from shared.spreadsheets.readers import Kind
from tests.intake.sheets import ACTIVITY, FIGURE, WHOLE, csv_of, datas, drafted, faults, message, refused, xlsx_of


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ([*WHOLE, "1", "234", "5", "300"], "H"),
        ([*WHOLE, "1", "234", "", "", "x"], "J"),
        ([*WHOLE, "1", "234", "Ghi chú: thiếu 2 thôn"], "H"),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_row_longer_than_its_header_is_refused_with_the_likely_cause(row: list[str], column: str, kind: Kind) -> None:
    rows = [FIGURE, [*WHOLE[:3], "child-care-access", "", "3", "4"], row]
    found = drafted(csv_of(rows) if kind == "csv" else xlsx_of(A=rows), kind)
    assert faults(found) == [("row_too_long", 3, column)]
    assert len(found.drafts) == 1
    assert "1,234" in message(found, "vi")
    assert "Dòng có ô nằm ngoài các cột" in message(found, "vi")


def test_a_cell_below_a_gap_in_the_header_is_refused_and_one_below_a_note_isn_t() -> None:
    rows = [[*FIGURE, "", "#ghi chú"], [*WHOLE, "3", "4", "", "vì sao"], [*WHOLE[:4], "health", "3", "4", "7"]]
    assert faults(drafted(csv_of(rows))) == [("row_too_long", 3, "H")]
    assert len(datas(drafted(csv_of(rows[:2])))) == 1


@pytest.mark.parametrize(
    ("header", "named"),
    [
        ([*FIGURE, "numerator"], ("F", "H")),
        ([*FIGURE, " Numerator\u00a0"], ("F", "H")),
        (["UNIT", *FIGURE], ("A", "B")),
        ([*FIGURE, "by.health", "BY.health"], ("H", "I")),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_column_that_is_there_twice_is_refused_naming_both(
    header: list[str], named: tuple[str, str], kind: Kind
) -> None:
    detail = refused(csv_of([header]) if kind == "csv" else xlsx_of(A=[header]), kind)
    assert "dòng 1: cột" in detail.vi
    assert f"ở cột {named[0]} và cột {named[1]}" in detail.vi
    assert f"in columns {named[0]} and {named[1]}" in detail.en


@pytest.mark.parametrize(
    ("header", "row"),
    [
        (["Unit", "AGENCY", " period ", "Indicator\u00a0", "by.Domain", "\ufeffNumerator", "denominator"], WHOLE),
        ([name.upper() for name in FIGURE], WHOLE),
    ],
)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_header_counts_in_any_case_and_with_any_space(header: list[str], row: list[str], kind: Kind) -> None:
    rows = [["Báo cáo, quý 1"], header, [*row, "412", "530"]]
    found = drafted(csv_of(rows, ";") if kind == "csv" else xlsx_of(A=rows), kind)
    assert datas(found)[0]["numerator"] == 412


@pytest.mark.parametrize(
    ("header", "missing"),
    [
        (["agency", "period", "indicator", "numerator", "denominator"], "unit"),
        (["unit", "period", "indicator", "numerator", "denominator"], "agency"),
        (["unit", "agency", "period", "indicator", "numerator"], "denominator"),
        (["unit", "agency", "activity", "held_on"], "record"),
        (["unit", "agency", "period", "report"], "submitted"),
        (["unit", "agency", "period", "numerator", "denominator"], "indicator, activity, report"),
    ],
)
def test_a_missing_column_is_named(header: list[str], missing: str) -> None:
    detail = refused(csv_of([["Sở Y tế"], header]))
    assert detail.vi.startswith("CSV, dòng 2: thiếu cột ")
    assert missing in detail.vi
    assert missing in detail.en


@pytest.mark.parametrize(
    ("header", "letters"),
    [([*FIGURE, "colour"], "H"), (["ghi chú", *FIGURE], "A"), ([*FIGURE, "#N/A"], "H"), ([*ACTIVITY, "period"], "J")],
)
def test_an_unknown_column_is_named_with_its_place(header: list[str], letters: str) -> None:
    detail = refused(csv_of([header]))
    assert f"cột {letters}: không có cột" in detail.vi
    assert f"column {letters}: no such column" in detail.en
