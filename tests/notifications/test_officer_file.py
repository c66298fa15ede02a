from dataclasses import replace
from datetime import UTC, date, datetime, time

import pytest
import xlsxwriter

from cli.officers.reading import COLUMNS, Known, read_officers


@pytest.fixture
def known(registry):
    return Known(registry.units, tuple(registry.programmes.values()), datetime(2023, 3, 1, 5, tzinfo=UTC))


HEADER = ",".join(COLUMNS)


def written(tmp_path, *rows, header=HEADER):
    path = tmp_path / "officers.csv"
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def test_a_code_is_resolved_on_the_run_s_day_and_a_uid_is_taken_as_it_is(tmp_path, known):
    officers, problems, _ = read_officers(
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
    ("code", "day", "meant"),
    [
        ("6412", date(2023, 3, 1), " (06412 is Xã Yên Vượng: were its leading zeros lost?)"),
        ("06412", date(2025, 7, 1), " (Xã Yên Vượng was; now 06427@2 Xã Cai Kinh)"),
        ("186", date(2025, 7, 1), ""),
        ("99999", date(2023, 3, 1), ""),
    ],
)
def test_a_code_of_no_unit_is_refused_with_the_unit_that_may_be_meant(tmp_path, known, code, day, meant):
    path = written(tmp_path, f"An,Chủ tịch,{code},ubnd-xa,email:a@b.vn,vi")
    then = replace(known, now=datetime(day.year, day.month, day.day, 5, tzinfo=UTC))
    assert read_officers(path, then).problems == [
        f"{path}:2: unit: expected a uid, or the code of a unit in force on {day}{meant}, got '{code}'"
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
    officers, problems, _ = read_officers(path, known)
    assert [problem.startswith(f"{path}:3: {column}: expected ") for problem in problems] == [True]
    assert len(officers) == 2


def test_all_that_is_wrong_with_a_row_is_said_at_once(tmp_path, known):
    row = ",Chủ tịch,99999,so-xx,email:nobody pigeon:7 email:a@b.vn,fr,evening,tomorrow,,perhaps,ecd-1437 nap-1 nap-2"
    path = written(tmp_path, row, header=",".join([*COLUMNS, *WISHES, "programmes"]))
    officers, problems, _ = read_officers(path, known)
    columns = [
        "programmes", "programmes", "unit", "agency", "channels", "channels", "away_until", "name", "language", "quiet",
        "optional",
    ]  # fmt: skip
    assert (officers, [problem.split(": ")[1] for problem in problems]) == ([], columns)
    assert all(problem.startswith(f"{path}:2: ") for problem in problems)


def test_a_row_that_comes_twice_and_a_wrong_header_are_told(tmp_path, known):
    row = "An,Chủ tịch,06427,ubnd-xa,email:a@b.vn,vi"
    assert "is in line 2 already" in read_officers(written(tmp_path, row, row), known)[1][0]
    assert ":1: expected the columns" in read_officers(written(tmp_path, row, header="name,role"), known)[1][0]


WISHES = ("quiet", "away_until", "deputy", "optional")


def test_a_spreadsheet_is_read_like_a_text_file_with_wishes(tmp_path, known):
    path = tmp_path / "officers.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        rows = [
            [*COLUMNS, *WISHES],
            ["An", "Chủ tịch", "06412", "ubnd-xa", "sms:0912345678", "vi", "20:00-07:00", "2023-03-31", "Bình", "no"],
            [],
            ["Bình", "Phó", "06412", "ubnd-xa", "email:b@b.vn"],
        ]
        for number, row in enumerate(rows):
            sheet.write_row(number, 0, row)
    officers, problems, _ = read_officers(path, known)
    assert problems == []
    first, second = officers
    assert (first.unit, first.channels, first.quiet) == ("06412@1", ("sms:84912345678",), (time(20), time(7)))
    assert (first.away_until, first.deputy, first.optional) == (date(2023, 3, 31), "Bình", False)
    assert (second.quiet, second.away_until, second.optional) == (None, None, True)


@pytest.mark.parametrize(
    ("wishes", "column"),
    [
        ("evening,,,", "quiet"),
        ("20:00-20:00,,,", "quiet"),
        (",tomorrow,Bình,", "away_until"),
        (",2023-03-31,,", "deputy"),
        (",2023-03-31,Nobody,", "deputy"),
        (",2023-03-31,An,", "deputy"),
        (",,,perhaps", "optional"),
    ],
)
def test_a_wish_that_can_t_be_granted_is_named(tmp_path, known, wishes, column):
    path = written(
        tmp_path,
        f"An,Chủ tịch,06412,ubnd-xa,email:a@b.vn,vi,{wishes}",
        "Bình,Phó,06412,ubnd-xa,email:b@b.vn,vi,,,,",
        header=",".join([*COLUMNS, *WISHES]),
    )
    _, problems, _ = read_officers(path, known)
    assert [problem.startswith(f"{path}:2: {column}: expected ") for problem in problems] == [True]


@pytest.mark.parametrize("number", ["zalo:12", "sms:0912", "sms:+1", "zalo:abc"])
def test_a_number_that_can_t_be_called_is_refused(tmp_path, known, number):
    _, problems, _ = read_officers(written(tmp_path, f"An,Chủ tịch,06412,ubnd-xa,{number},vi"), known)
    assert "channels: expected" in problems[0]


def test_a_file_that_is_no_spreadsheet_is_refused(tmp_path, known):
    path = tmp_path / "officers.xlsx"
    path.write_bytes(b"not a zip")
    assert "expected an XLSX file" in read_officers(path, known)[1][0]


def workbook(tmp_path, rows, merge=None, hidden=()):
    path = tmp_path / "officers.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet("Cán bộ")
        if merge:
            sheet.merge_range(merge, "")
        for number, row in enumerate(rows):
            for column, value in enumerate(row):
                sheet.write(number, column, value)
        for number in hidden:
            sheet.set_row(number, None, None, {"hidden": True})
    return path


AN, BINH = (
    [name, "Chủ tịch", "06412", "ubnd-xa", f"email:{mail}@b.vn", "vi"] for name, mail in (("An", "a"), ("Bình", "b"))
)


def test_a_column_for_people_is_skipped_and_hidden_rows_are_noted(tmp_path, known):
    path = workbook(tmp_path, [[*COLUMNS, "#ghi chú"], [*AN, "mới"], BINH], hidden=(2,))
    officers, problems, notes = read_officers(path, known)
    assert (len(officers), problems) == (2, [])
    assert notes == ["Cán bộ: hidden rows were read: 3"]
    officers, problems, _ = read_officers(written(tmp_path, ",".join(["x", *AN]), header="#," + HEADER), known)
    assert ([o.name for o in officers], problems) == (["An"], [])


@pytest.mark.parametrize("merge", ["E2:E3", "A2:B2", "C3:C8", "A1:A2"])
def test_merged_cells_are_refused(tmp_path, known, merge):
    officers, problems, _ = read_officers(workbook(tmp_path, [COLUMNS, AN, BINH], merge), known)
    assert officers == []
    assert [f"the cells {merge} are merged" in problem for problem in problems] == [True]


def test_merged_cells_that_nothing_is_read_of_are_no_fault(tmp_path, known):
    path = workbook(tmp_path, [[*COLUMNS, "#ghi chú"], AN, BINH], "G2:G3")
    assert read_officers(path, known)[1] == []


@pytest.mark.parametrize("name", ["BÌNH", "bình", " Bi\u0300nh\u00a0"])
def test_names_are_one_person_s_whatever_case_and_space(tmp_path, known, name):
    rows = [",".join(cells) for cells in (BINH, [name, *BINH[1:]])]
    assert "is in line 2 already" in read_officers(written(tmp_path, *rows), known)[1][0]
    there = replace(known, names=frozenset({("06412@1", "Bình"), ("06412@1", "Trần  Văn An")}))
    (officer,), problems, _ = read_officers(written(tmp_path, rows[1]), there)
    assert (officer.name, problems) == ("Bình", [])
    wishes = [*AN, "", "31/03/2023", "trần văn AN", ""]
    header = ",".join([*COLUMNS, *WISHES])
    (officer,), problems, _ = read_officers(written(tmp_path, ",".join(wishes), header=header), there)
    assert (officer.deputy, officer.away_until, problems) == ("Trần  Văn An", date(2023, 3, 31), [])


@pytest.mark.parametrize("day", ["31/3/2023", "31-03-2023", "31.03.2023", "2023-03-31"])
def test_an_absence_takes_the_days_that_a_report_takes(tmp_path, known, day):
    rows = [",".join([*AN, "", day, "Bình", ""]), ",".join([*BINH, "", "", "", ""])]
    officers, problems, _ = read_officers(written(tmp_path, *rows, header=",".join([*COLUMNS, *WISHES])), known)
    assert (officers[0].away_until, problems) == (date(2023, 3, 31), [])


@pytest.mark.parametrize("column", ["name", "role"])
@pytest.mark.parametrize(
    "text",
    [
        "An\x1b[2J",
        "An\x07",
        "An\u202e",
        "An\u200b",
        "\u200b",
        "An\ufeff",
        "An\U000e0041",
        "An\u3164",
        "\u2800An",
        "An\ufe0f",
        "-",
        "xem https://x.vn/y",
        "A" * 201,
    ],
)
def test_a_name_or_role_that_would_write_more_than_itself_is_refused(tmp_path, known, column, text):
    row = ",".join([text, *AN[1:]] if column == "name" else [AN[0], text, *AN[2:]])
    officers, problems, _ = read_officers(written(tmp_path, row), known)
    assert [f":2: {column}: expected " in problem for problem in problems] == [True]
    assert officers == []


def test_a_name_and_a_role_are_one_line_each(tmp_path, known):
    row = ",".join(['"Nguyễn\n\nVăn An"', '"Phó Chủ tịch\n\nMở trang: x"', *AN[2:]])
    (officer,), problems, _ = read_officers(written(tmp_path, row), known)
    assert (officer.name, officer.role, problems) == ("Nguyễn Văn An", "Phó Chủ tịch Mở trang: x", [])


@pytest.mark.parametrize(
    "number",
    ["0912abcdef", "0912345678x5", "0912345678;0987654321", "0912345678;ext=5", "xyz0912345678", "0912345678\u200b",
     "0912345678/0987654321"],
)  # fmt: skip
def test_a_number_with_more_than_a_number_in_it_is_refused_and_not_guessed(tmp_path, known, number):
    row = ",".join([*AN[:4], f"zalo:{number}", "vi"])
    _, problems, _ = read_officers(written(tmp_path, row), known)
    assert ["channels: expected a phone number" in problem for problem in problems] == [True]


@pytest.mark.parametrize("channels", ["email:a@b.vn email:A@B.vn", "sms:0912345678 sms:+84912345678"])
def test_an_address_that_stands_there_twice_is_refused(tmp_path, known, channels):
    _, problems, _ = read_officers(written(tmp_path, ",".join([*AN[:4], channels, "vi"])), known)
    assert ["channels: expected each address once" in problem for problem in problems] == [True]


def test_an_email_address_that_no_server_takes_is_refused(tmp_path, known):
    _, problems, _ = read_officers(written(tmp_path, ",".join([*AN[:4], f"email:{'a' * 250}@b.vn", "vi"])), known)
    assert ["channels: expected email:name@domain" in problem for problem in problems] == [True]
