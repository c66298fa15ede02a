"""What is exported and handed out is no program: neither in the spreadsheet nor in another one's separator."""

import csv
import io
import re
from collections.abc import Iterator
from datetime import date
from pathlib import Path

from cli.template import write_template
from services.aggregation.reading.tables import answer
from shared.domain.periods import parse_period
from shared.sheets.columns import as_meant, slug_of
from shared.sheets.report_tables import Sheet
from shared.spreadsheets.own_file import read_workbook
from tests.shipped import shipped_programme, shipped_units

FORMULA = "x;=cmd|' /C calc'!A0"
RISKY = [FORMULA, "=1+1", "+1", "-1", "@a", "\t=1", "\r=1", 'x";"=1', "a\n=1", "a, =1", "＝1", "－1", "'=1"]
RUNS = re.compile(r"""(?:^|[,;|\t\r\n"])[ "]*[=+\-@＝＋－＠]""")


def rows() -> list[dict[str, object]]:
    return [
        {"code": "06412", "name": text, "value": -5, "share": -0.5, "by": {"domain": text}, "list": [text]}
        for text in RISKY
    ]


def texts(path: Path) -> Iterator[str]:
    return (cell for part in read_workbook(path) for row in part.rows for cell in row.cells if isinstance(cell, str))


def test_a_csv_runs_nothing_in_any_separator_and_its_numbers_stay_numbers() -> None:
    body = bytes(answer({"rows": rows()}, "csv", {}).body).decode("utf-8-sig")
    found = list(csv.DictReader(io.StringIO(body, newline="")))
    assert [as_meant(row["name"]) for row in found] == RISKY
    assert {(row["value"], row["share"]) for row in found} == {("-5", "-0.5")}
    for row in found:
        for name in ("name", "by", "list"):
            assert not RUNS.search(row[name]), row[name]


def test_a_workbook_keeps_its_texts_and_numbers(tmp_path: Path) -> None:
    path = tmp_path / "kip.xlsx"
    path.write_bytes(bytes(answer({"rows": rows()}, "xlsx", {}).body))
    found = [row.cells for part in read_workbook(path) for row in part.rows][1:]
    assert [row[1] for row in found] == RISKY
    assert {(row[2], row[3]) for row in found} == {(-5, -0.5)}


def test_what_a_programme_calls_things_is_no_formula_in_its_template(tmp_path: Path) -> None:
    programme = shipped_programme()
    risky = [
        item.model_copy(update={"label": item.label.model_copy(update={"vi": f"{text} {number}"})})
        for number, (item, text) in enumerate(zip(programme.activities, RISKY * 9, strict=False))
    ]
    programme = programme.model_copy(update={"activities": tuple(risky)})
    unit = shipped_units().find("06427", date(2023, 3, 31))
    assert unit is not None
    path = tmp_path / "template.xlsx"
    made = Sheet(programme, programme.report["progress-quarterly"], unit, "ubnd-xa", parse_period("2023-Q1"), "vi")
    write_template(made, path, "batch")
    found = list(texts(path))
    assert not [text for text in found if RUNS.search(text)]
    chosen = {slug_of(text) for text in found if text.endswith("]")}
    assert {item.slug for item in programme.activities if unit.level in item.levels} <= chosen
