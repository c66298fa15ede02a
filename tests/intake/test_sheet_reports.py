"""A sheet's report: Có submits it, Không withdraws it, and a file without anything to post says so."""

from typing import Any

import pytest

from shared.sheets.columns import FALSE, TRUE
from tests.intake.sheets import ACTIVITY, FIGURE, REPORT, WHOLE, csv_of, drafted, faults, message, xlsx_of
from tests.intake.test_import import XLSX, upload
from tests.system import System

ROW = [*WHOLE[:3], "progress-quarterly"]


@pytest.mark.parametrize("said", sorted({"Không", "KHÔNG", "x", "Có"} | TRUE | FALSE - {""}))
def test_yes_submits_a_report_and_no_withdraws_it(said: str) -> None:
    found = drafted(csv_of([REPORT, [*ROW, said]]))
    (draft,) = found.drafts.values()
    kind = "report.submitted" if said.lower() in TRUE else "record.retracted"
    assert draft.event["type"] == f"vn.kip.{kind}.v1"
    names = {"programme": "ecd-1437", "report": "progress-quarterly", "agency": "ubnd-xa", "period": "2023-Q1"}
    assert draft.event["data"] == (names if kind == "report.submitted" else {**names, "revision": 0})
    assert found.notes == []


@pytest.mark.parametrize(("first", "second"), [("Có", "Không"), ("Không", "Có"), ("Không", "Không")])
def test_both_of_one_report_are_refused(first: str, second: str) -> None:
    found = drafted(csv_of([REPORT, [*ROW, first], [*ROW, second]]))
    assert faults(found) == [("record_repeated", 3, "D")]
    assert "dòng 2 và dòng 3" in message(found, "vi")


def test_what_is_neither_is_refused_at_its_cell() -> None:
    assert faults(drafted(csv_of([REPORT, [*ROW, "chưa"]]))) == [("value_invalid", 2, "E")]


@pytest.mark.parametrize(
    "rows",
    [[FIGURE], [FIGURE, WHOLE, [*WHOLE[:4], "health"]], [REPORT, [*ROW, ""]], [ACTIVITY, ["06412", "", "", "r1"]]],
)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_file_with_nothing_to_post_says_so(rows: list[list[Any]], kind: Any) -> None:
    found = drafted(csv_of(rows) if kind == "csv" else xlsx_of(A=rows), kind)
    (note,) = found.notes
    assert note.vi.startswith("không có gì để gửi: ")
    assert note.en.startswith("nothing is in it to post: ")


def test_the_door_withdraws_a_report_that_a_sheet_submitted_and_notes_a_file_without_content(system: System) -> None:
    def said(word: str) -> Any:
        answer = upload(system, csv_of([REPORT, ["06436", *ROW[1:], word]]))
        assert answer.status_code == 202, answer.text
        return answer.json()

    def taken(kind: str) -> float:
        return system.metric("intake", "kip_events_received_total", kind=kind, outcome="accepted")

    for word, kind in (("Có", "report.submitted"), ("Không", "record.retracted"), ("Có", "report.submitted")):
        before = taken(kind)
        assert said(word)["accepted"] == 1
        assert taken(kind) == before + 1
    assert said("")["accepted"] == 0
    assert said("")["notes"][0].startswith("nothing is in it to post")
    assert upload(system, xlsx_of(A=[FIGURE]), XLSX).json()["notes"][0].startswith("nothing is")
