"""Merged cells of a workbook are refused where one of them would be read as empty; what a sheet repeats is bounded."""

import io
import tracemalloc
from collections.abc import Sequence
from typing import Any

import pytest
import xlsxwriter

from services.intake.formats.sheet import Drafted, Drafting
from shared.sheets import header
from shared.sheets.rows import Hidden, Merge, Row, Slice
from tests.intake.sheets import (
    ACTIVITY,
    FIGURE,
    HELD,
    NOW,
    REPORT,
    WHOLE,
    csv_of,
    datas,
    drafted,
    faults,
    refused,
)

TITLED = [["Sở Y tế, quý 1"], ACTIVITY]
TWO_HELD = [[*HELD, 3, 1, ""], [*HELD[:3], "r2", *HELD[4:], 4, 1, ""]]
TWO_FIGURES = [[*WHOLE, 3, 4], [*WHOLE[:4], "health", 1, 4], ["06415", *WHOLE[1:], 1, 2]]


@pytest.mark.parametrize(
    ("rows", "merge", "cell", "records"),
    [
        ([*TITLED, *TWO_HELD], "F3:F4", (3, "F"), 2),
        ([*TITLED, *TWO_HELD], "I3:I4", (3, "I"), 2),
        ([*TITLED, *TWO_HELD], "G3:H3", (3, "G"), 1),
        ([*TITLED, *TWO_HELD], "H4:J4", (4, "H"), 1),
        ([*TITLED, *TWO_HELD], "A4:A6", (4, "A"), 1),
        ([*TITLED, *TWO_HELD], "D4:D5", (4, "D"), 1),
        ([FIGURE, *TWO_FIGURES], "E2:E3", (2, "E"), 1),
        ([FIGURE, *TWO_FIGURES], "A2:A4", (2, "A"), 2),
        ([REPORT, [*WHOLE[:3], "progress-quarterly", "Có"]], "D2:E2", (2, "D"), 1),
    ],
)
def merged_xlsx(rows: Sequence[Sequence[Any]], *merges: str, name: str = "A") -> bytes:
    """A workbook of these rows with merged cells, and a sheet of notes that has some as well."""
    made = io.BytesIO()
    with xlsxwriter.Workbook(made) as book:
        page = book.add_worksheet(name)
        for cells in merges:
            page.merge_range(cells, "")
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                if value != "":
                    page.write(number, column, value)
        book.add_worksheet("Ghi chú").merge_range("A1:D9", "Cách điền")
    return made.getvalue()


@pytest.mark.parametrize(
    ("rows", "merge", "cell", "records"),
    [
        ([*TITLED, *TWO_HELD], "F3:F4", (3, "F"), 2),
        ([*TITLED, *TWO_HELD], "I3:I4", (3, "I"), 2),
        ([*TITLED, *TWO_HELD], "G3:H3", (3, "G"), 1),
        ([*TITLED, *TWO_HELD], "H4:J4", (4, "H"), 1),
        ([*TITLED, *TWO_HELD], "A4:A6", (4, "A"), 1),
        ([*TITLED, *TWO_HELD], "D4:D5", (4, "D"), 1),
        ([FIGURE, *TWO_FIGURES], "E2:E3", (2, "E"), 1),
        ([FIGURE, *TWO_FIGURES], "A2:A4", (2, "A"), 2),
        ([REPORT, [*WHOLE[:3], "progress-quarterly", "Có"]], "D2:E2", (2, "D"), 1),
    ],
)
def test_a_merged_cell_in_a_row_refuses_its_records_at_the_first_of_the_cells(
    rows: list[list[Any]], merge: str, cell: tuple[int, str], records: int
) -> None:
    found = drafted(merged_xlsx(rows, merge), "xlsx")
    said = [error for item in found.rejected for error in item.to_json("vi")["errors"] if "bị gộp" in error["message"]]
    assert len(found.rejected) == records
    assert [(error["row"], error["column"]) for error in said] == [cell] * records
    assert f"các ô {merge} bị gộp, chỉ ô đầu có giá trị; hãy bỏ gộp" in said[0]["message"]


def test_each_of_several_merges_is_told_and_the_other_records_are_drafted() -> None:
    rows = [ACTIVITY, *([*HELD[:3], f"r{number}", *HELD[4:], 3, 1] for number in range(5))]
    found = drafted(merged_xlsx(rows, "F2:F3", "G2:G4", "B3:C3"), "xlsx")
    assert sorted(set(faults(found))) == [
        ("value_invalid", 2, "F"),
        ("value_invalid", 2, "G"),
        ("value_invalid", 3, "B"),
    ]
    assert [draft.event["data"]["record"] for draft in found.drafts.values()] == ["r3", "r4"]


@pytest.mark.parametrize("merge", ["A2:B2", "B1:B2", "E2:E3", "G2:L2"])
def test_a_merged_cell_in_the_header_refuses_the_file(merge: str) -> None:
    detail = refused(merged_xlsx([*TITLED, *TWO_HELD], merge), "xlsx")
    assert detail.vi.startswith("A, dòng 2")


@pytest.mark.parametrize("merge", ["A1:I1", "J3:J4", "J1:M2", "A6:I8", "K3:Z9", "A5:A5000"])
def test_cells_that_nothing_is_read_of_may_be_merged(merge: str) -> None:
    rows = [TITLED[0], [*ACTIVITY, "#ghi chú"], *TWO_HELD]
    assert len(datas(drafted(merged_xlsx(rows, merge), "xlsx"))) == 2


def test_merges_that_lie_on_each_other_are_told_for_a_record_up_to_a_bound_and_counted() -> None:
    drafting = Drafting("ecd-1437", NOW)
    drafting.take(
        Slice("A", [Row(1, ACTIVITY), *(Row(2 + at, [*HELD[:3], f"r{at}", *HELD[4:], 3]) for at in range(9))])
    )
    tracemalloc.start()
    drafting.take(Slice("A", (), merges=[Merge(2, 0, 11 + at, 6) for at in range(5000)]))
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert held < 256 * 1024  # of 5000 refusals it would be megabytes
    found = drafting.end()
    assert [len(item.refusals) for item in found.rejected] == [10, *[1] * 8]
    assert found.rejected[0].to_json("vi")["errors_total"] == 5000


def test_of_a_row_of_bad_cells_the_first_are_kept_and_all_are_counted() -> None:
    groups = [f"money.g{at}" for at in range(16)]
    row = [*HELD[:5], "nutrition", *["1.5"] * 16]
    found = drafted(csv_of([[*ACTIVITY[:6], *groups], row]))
    assert len(found.rejected[0].refusals) == 10
    assert found.rejected[0].to_json("vi")["errors_total"] == 16


@pytest.mark.parametrize(("prefix", "most"), [("participants.", 32), ("money.", 16), ("by.", 8)])
def test_a_row_with_more_cells_than_an_event_has_is_refused_before_it_is_one(prefix: str, most: int) -> None:
    def made(count: int) -> Drafted:
        header = [*ACTIVITY[:6], *(f"{prefix}g{at}" for at in range(most + 1))]
        return drafted(csv_of([header, [*HELD, *["1"] * count]]))

    assert made(most).rejected == []
    (error,) = made(most + 1).rejected[0].to_json("en")["errors"]
    assert (error["code"], error["row"], error["field"]) == ("value_invalid", 2, f"data.{prefix.rstrip('.')}")
    assert error["message"].endswith(f"{most} items at most")


def test_hidden_sheets_are_named_up_to_a_bound() -> None:
    drafting = Drafting("ecd-1437", NOW)
    for at in range(50):
        rows = [Row(1, ACTIVITY), Row(2, [*HELD[:3], f"r{at}", *HELD[4:], 3])]
        drafting.take(Slice(f"s{at}", rows, Hidden(sheet=True)))
    assert len(drafting.end().notes) == 20


def test_of_a_long_cell_above_a_table_no_more_is_read_than_a_column_s_name_has(monkeypatch: pytest.MonkeyPatch) -> None:
    lengths: list[int] = []
    monkeypatch.setattr(header, "composed", lambda text: lengths.append(len(text)) or text)
    drafting = Drafting("ecd-1437", NOW)
    drafting.take(
        Slice("A", [Row(1, ["é" * 60_000] * 60), Row(2, [f" {' ' * 500}Unit ", *ACTIVITY[1:], "#" + "é" * 60_000])])
    )
    drafting.take(Slice("A", [Row(3, [*HELD, 3])]))
    assert len(drafting.end().drafts) == 1
    assert max(lengths) == 200
