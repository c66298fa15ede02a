"""A spreadsheet's parts together are the spreadsheet: no row lost, none twice, no record torn."""

import csv
import io
from collections import defaultdict
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cli.post.event_lines import BATCH_BYTES
from cli.post.sheet_rows import Part, parts, read_tables

HEADER = ["#ghi chú; 1; 2; 3", "unit", "indicator", "period", "agency", "numerator", "by.domain", "denominator"]
CELL = st.sampled_from(["", "a", " a ", "Nhãn [a]", 'x,"y"', "hai\ndòng", "é"])


def lines(part: Part) -> list[list[str]]:
    return list(csv.reader(io.StringIO(part.body.decode(), newline="")))


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(CELL, min_size=8, max_size=8), max_size=40), st.integers(1, 10), st.sampled_from(",;\t"))
def test_the_parts_hold_every_row_once_and_a_record_s_rows_together(
    tmp_path: Path, rows: list[list[str]], most: int, delimiter: str
) -> None:
    file = tmp_path / "figures.csv"
    with file.open("w", encoding="utf-8-sig", newline="") as made:
        writer = csv.writer(made, delimiter=delimiter)
        writer.writerows([["Tiêu đề", *[""] * 7], HEADER, *rows])  # as Excel saves it
    where: defaultdict[tuple[str, ...], set[int]] = defaultdict(set)
    found: dict[int, list[str]] = {}
    for number, part in enumerate(parts(read_tables(file)[0], most)):
        header, *below = lines(part)
        assert header == ["#", *HEADER[1:]]
        assert part.rows[0] == 2
        for row, cells in zip(part.rows[1:], below, strict=True):
            assert row not in found
            found[row] = cells
            if cells[2].strip():
                key = tuple(_slug(cells[at]) for at in (1, 2, 3, 4))
                where[key].add(number)
        records = {tuple(_slug(cells[at]) for at in (1, 2, 3, 4)) if cells[2].strip() else row
                   for row, cells in zip(part.rows[1:], below, strict=True)}  # fmt: skip
        assert len(below) <= most or len(records) == 1
    assert found == {number: row for number, row in enumerate(rows, 3) if any(cell.strip() for cell in row)}
    assert all(len(numbers) == 1 for numbers in where.values())


def _slug(text: str) -> str:
    return "a" if text.strip() in {"a", "Nhãn [a]"} else text.strip()


@pytest.mark.parametrize("most", [10_000, 500])
def test_a_part_is_small_enough_for_one_request(tmp_path: Path, most: int) -> None:
    file = tmp_path / "activities.csv"
    wide = "x" * 50_000
    rows = (f"u{number},a,,,r{number},{wide}\n" for number in range(300))
    file.write_text("unit,activity,agency,held_on,record,#note\n" + "".join(rows))
    made = list(parts(read_tables(file)[0], most))
    assert len(made) > 1
    assert all(len(part.body) <= BATCH_BYTES + 100 for part in made)
    assert sum(len(part.rows) - 1 for part in made) == 300
