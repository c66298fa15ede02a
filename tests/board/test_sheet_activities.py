"""What the rows of activities in a sheet make of the draft: added, corrected, withdrawn, or refused at a cell."""

from datetime import date
from typing import Any

import pytest

from services.board.report.draft import Answers
from tests.board.sheets import ACTIVITIES, ELSEWHERE, HELD, RECORD, Open, book, filled


def test_activities_are_added_corrected_and_withdrawn(report: Open) -> None:
    opened = report(HELD, ELSEWHERE)
    sheet = book(opened)
    free = sheet.row(ACTIVITIES, record="ab12cd34-001")
    added = {
        "activity": "parent-counselling",
        "held_on": "8/3/2023",
        "domain": "health",
        "participants.parent": "1 024",
    }
    sheet.write(ACTIVITIES, free, added).write(ACTIVITIES, sheet.row(ACTIVITIES, record=RECORD), {"female": 3})
    filling, faults = filled(opened, sheet.saved())
    assert faults == []
    corrected, new = filling.answers.activities
    assert (corrected.record, corrected.change, corrected.typed["female"]) == (RECORD, "corrected", "3")
    assert (new.change, new.typed) == (
        "added",
        {"activity": "parent-counselling", "held_on.day": "8", "held_on.month": "3", "held_on.year": "2023",
         "by.domain": "health", "participants.parent": "1 024"},
    )  # fmt: skip
    again = report(HELD, answers=filling.answers)
    assert filled(again, sheet.saved())[0].answers == filling.answers  # a second upload is the same activities
    sheet.write(ACTIVITIES, free, {"withdraw": "x"}).write(
        ACTIVITIES, sheet.row(ACTIVITIES, record=RECORD), {"withdraw": "x"}
    )
    filling, faults = filled(again, sheet.saved())
    assert (faults, [(item.record, item.change) for item in filling.answers.activities]) == (
        [], [(RECORD, "withdrawn")],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "column", "said"),
    [
        ({"held_on": "hôm qua"}, "held_on", "cần một ngày như 31/03/2023"),
        ({"held_on": None}, "held_on", "cần một ngày như"),
        ({"held_on": "9/3/23"}, "held_on", "hãy viết năm đủ bốn chữ số"),
        ({"held_on": date(2022, 1, 9)}, "held_on", "cần một ngày của kỳ báo cáo này"),
        ({"activity": "Khác"}, "activity", "một loại hoạt động trong danh sách"),
        ({"domain": "không có"}, "domain", "Giá trị không có trong danh mục"),
        ({"female": 9}, "female", "cần không quá 5 người tham gia"),
        ({"participants.parent": "nhiều"}, "participants.parent", "cần số nguyên"),
        ({"withdraw": "x"}, "withdraw", "chưa có hoạt động nào mang mã này để rút"),
        ({"withdraw": "rút"}, "withdraw", "cần «Có» hoặc «Không»"),
        ({"record": None}, "record", "một mã riêng cho dòng này"),
        ({"record": RECORD}, "record", "cũng ghi mục này"),
    ],
)  # fmt: skip
def test_an_activity_is_refused_at_its_cell(report: Open, cells: dict[str, Any], column: str, said: str) -> None:
    opened = report(HELD)
    sheet = book(opened)
    sheet.write(ACTIVITIES, sheet.row(ACTIVITIES, record=RECORD), {"female": 1})
    row = sheet.row(ACTIVITIES, record="ab12cd34-003")
    sound = {"activity": "parent-counselling", "held_on": date(2023, 3, 8), "domain": "health",
             "participants.parent": 5}  # fmt: skip
    sheet.write(ACTIVITIES, row, {**sound, **cells})
    _, faults = filled(opened, sheet.saved())
    assert len(faults) == 1, faults
    assert faults[0].startswith(f"Trang «{ACTIVITIES}», ô {sheet.cell(ACTIVITIES, row, column).coordinate}: ")
    assert said in faults[0]


def test_an_activity_that_was_cleared_is_no_withdrawal_and_a_row_that_is_gone_says_nothing(report: Open) -> None:
    opened = report(HELD)
    sheet = book(opened)
    row = sheet.row(ACTIVITIES, record=RECORD)
    names = [
        name for name in sheet.header(ACTIVITIES)[1] if name not in {"record", "unit", "agency", "programme", "#mark"}
    ]
    sheet.write(ACTIVITIES, row, dict.fromkeys(names))
    _, faults = filled(opened, sheet.saved())
    assert len(faults) == 1
    assert "muốn rút thì ghi x ở cột «Hủy bản ghi»" in faults[0]
    sheet.book[ACTIVITIES].delete_rows(row)
    filling, faults = filled(opened, sheet.saved())
    assert (faults, filling.answers) == ([], Answers())
