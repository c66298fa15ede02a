from datetime import date

import pytest

from cli.officer import COLUMNS, Known, read_officers


@pytest.fixture
def known(registry):
    return Known(registry.units, tuple(registry.programmes.values()), date(2023, 3, 1))


HEADER = ",".join(COLUMNS)


def written(tmp_path, *rows, header=HEADER):
    path = tmp_path / "officers.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_a_code_is_resolved_on_the_run_s_day_and_a_uid_is_taken_as_it_is(tmp_path, known):
    officers, problems = read_officers(
        written(
            tmp_path,
            "An,Chủ tịch,06427,ubnd-xa,email:a@b.vn zalo:0912345678,vi",
            "Bình,Chủ tịch,06427@2,ubnd-xa,email:b@b.vn,",
        ),
        known,
    )
    assert problems == []
    assert [(o.unit, o.channels, o.language) for o in officers] == [
        ("06427@1", ("email:a@b.vn", "zalo:84912345678"), "vi"),
        ("06427@2", ("email:b@b.vn",), "vi"),
    ]


@pytest.mark.parametrize(
    ("row", "column"),
    [
        (",Chủ tịch,06427,ubnd-xa,email:a@b.vn,vi", "name"),
        ("An,Chủ tịch,99999,ubnd-xa,email:a@b.vn,vi", "unit"),
        ("An,Chủ tịch,06427,so-yt,email:a@b.vn,vi", "agency"),
        ("An,Chủ tịch,06427,ubnd-xa,email:nobody,vi", "channels"),
        ("An,Chủ tịch,06427,ubnd-xa,pigeon:7,vi", "channels"),
        ("An,Chủ tịch,06427,ubnd-xa,,vi", "channels"),
        ("An,Chủ tịch,06427,ubnd-xa,email:a@b.vn,fr", "language"),
        ("An,Chủ tịch,06427,ubnd-xa,email:a@b.vn,vi,more", "row"),
    ],
)
def test_a_bad_cell_is_named_with_its_line_and_column(tmp_path, known, row, column):
    good = "Bình,Chủ tịch,06412,ubnd-xa,email:b@b.vn,vi"
    path = written(tmp_path, good, row, good.replace("Bình", "Cúc"))
    officers, problems = read_officers(path, known)
    assert [problem.startswith(f"{path}:3: {column}: expected ") for problem in problems] == [True]
    assert len(officers) == 2


def test_a_row_that_comes_twice_and_a_wrong_header_are_told(tmp_path, known):
    row = "An,Chủ tịch,06427,ubnd-xa,email:a@b.vn,vi"
    assert "is in line 2 already" in read_officers(written(tmp_path, row, row), known)[1][0]
    assert ":1: expected the columns" in read_officers(written(tmp_path, row, header="name,role"), known)[1][0]
