"""`kip post` of spreadsheets, to a real service: in parts, each error at its cell, broken off and taken up again."""

import contextlib
import os
import pty
import subprocess
import sys
from pathlib import Path

import pytest
import xlsxwriter

from tests.intake.test_import import XLSX, upload
from tests.system import ROOT, System, kip

FIGURES = "unit,agency,period,indicator,by.domain,numerator,denominator,#note\n"
ACTIVITIES = "unit,agency,record,activity,held_on,domain,participants.parent\n"


@pytest.fixture
def environment(system: System, tmp_path: Path) -> dict[str, str]:
    """A user with a key and a folder of their own."""
    return {**system.environment, "KIP_KEY": system.key, "XDG_CONFIG_HOME": str(tmp_path / "config")}


def words(system: System, file: Path, *more: str) -> tuple[str, ...]:
    return ("post", str(file), "--url", system.services.url("intake"), *more)


def figure(system: System, unit: str, **query: str) -> list[tuple[int, int]]:
    rows = system.rollups(indicator="child-service-access", within=unit, period="2023-Q1", **query)
    return [(row["numerator"], row["denominator"]) for row in rows if row["denominator"]]


def activities(system: System, unit: str) -> tuple[int, int]:
    row = system.rollups(activity="parent-counselling", within=unit, period="2023-03")[0]
    return row["records"], row["participants"]


def accepted(system: System) -> float:
    return system.metric("intake", "kip_events_received_total", outcome="accepted")


def applied(system: System) -> float:
    return system.metric("aggregation", "kip_events_applied_total")


def sessions(unit: str, count: int, people: int = 2) -> str:
    rows = (f"{unit},ubnd-xa,row-{n},parent-counselling,2023-03-09,nutrition,{people}\n" for n in range(count))
    return ACTIVITIES + "".join(rows)


def confirmed(folder: Path) -> int:
    """How many parts the journal of the only upload under way holds."""
    return sum(len(file.read_text().splitlines()) for file in folder.glob("config/kip/uploads/*"))


def test_a_sheet_is_posted_and_a_second_run_changes_nothing(
    system: System, environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "figures.csv"
    file.write_text(FIGURES + "06406,ubnd-xa,2023-Q1,child-service-access,,3,4,\n")
    for _ in range(2):
        assert "1 events accepted, 0 faults" in kip(*words(system, file), environment=environment)
        system.wait_until(lambda: figure(system, "06406") == [(3, 4)], "it is counted")
    assert confirmed(tmp_path) == 0


def test_a_large_csv_goes_in_parts_that_keep_a_record_s_rows_together(
    system: System, environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "large.csv"
    note = "x" * 8000
    with file.open("w") as made:
        made.write("Sở Y tế\n" + FIGURES)
        made.write(f"06529,ubnd-xa,2023-Q1,child-service-access,,30,40,{note}\n")
        made.write(f"06526,ubnd-xa,2023-Q1,child-service-access,,1,2,{note}\n")
        made.write(f",,,,,,,{note}\n" * 1200)
        made.write(f"06529,ubnd-xa,2023-Q1,child-service-access,health,10,40,{note}\n")
    assert file.stat().st_size > 9 * 2**20
    said = kip(*words(system, file), environment=environment)
    assert "2 events accepted, 0 faults" in said
    system.wait_until(lambda: figure(system, "06529") == [(30, 40)], "the whole is counted")
    assert figure(system, "06529", by="domain") == [(10, 40)]


def test_faults_name_the_file_s_own_sheet_row_and_column_whatever_part_they_are_in(
    system: System, environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "two.xlsx"
    with xlsxwriter.Workbook(str(file)) as book:
        book.add_worksheet("Ghi chú").write(0, 0, "not a table")
        page = book.add_worksheet("Hoạt động")
        page.write_row(0, 0, ["Kế hoạch 1437"])
        page.write_row(2, 0, ["#", "unit", "agency", "record", "activity", "held_on", "domain", "participants.parent"])
        for n in range(30):
            day, people = ("hôm qua" if n == 17 else "9/3/2023"), (-1 if n == 25 else 3)
            activity, domain = "Tư vấn [parent-counselling]", "Dinh dưỡng [nutrition]"
            cells = [n, "06520", "ubnd-xa", f"x{n}", activity, day, domain, people]
            page.write_row(4 + n, 0, cells)
    before = accepted(system)
    with pytest.raises(AssertionError) as told:
        kip(*words(system, file, "--batch", "4"), environment=environment)
    assert "0 events accepted, 2 faults" in str(told.value)
    assert "Hoạt động, row 22, column F: value_invalid" in str(told.value)
    assert "Hoạt động, row 30, column H: value_invalid" in str(told.value)
    assert accepted(system) == before  # whole or not at all, over all its parts
    with pytest.raises(AssertionError, match="28 events accepted, 2 faults"):
        kip(*words(system, file, "--batch", "1", "--partial"), environment=environment)
    system.wait_until(lambda: activities(system, "06520") == (28, 84), "the good rows are counted")


def test_a_run_that_was_killed_half_way_goes_on_after_the_last_confirmed_part(
    system: System, environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "sessions.csv"
    file.write_text(sessions("06517", 300))
    command = [sys.executable, "-m", "cli.main", *words(system, file, "--batch", "10")]
    before, applied_before = accepted(system), applied(system)
    with subprocess.Popen(command, cwd=ROOT, env={**os.environ, **environment}) as running:
        system.wait_until(lambda: confirmed(tmp_path) >= 5, "some parts are confirmed")
        running.kill()
    done = confirmed(tmp_path)
    assert 5 <= done < 30

    said = kip(*words(system, file, "--batch", "10"), environment=environment)
    assert f"300 events accepted ({done * 10} of them in a run before), 0 faults" in said
    assert accepted(system) - before in {300, 310}  # only the part that was under way may have been posted twice
    system.wait_until(lambda: activities(system, "06517") == (300, 600), "each row is counted once")

    assert "300 events accepted, 0 faults" in kip(*words(system, file, "--batch", "10"), environment=environment)
    system.wait_until(lambda: applied(system) - applied_before >= accepted(system) - before, "all of it is applied")
    assert activities(system, "06517") == (300, 600)


def test_on_a_terminal_a_bar_shows_how_far_it_is(system: System, environment: dict[str, str], tmp_path: Path) -> None:
    file = tmp_path / "sessions.csv"
    file.write_text(sessions("06472", 40))
    near, terminal = pty.openpty()
    command = [sys.executable, "-m", "cli.main", *words(system, file, "--batch", "10")]
    settings = {**os.environ, **environment, "TERM": "xterm", "COLUMNS": "100"}
    with subprocess.Popen(command, cwd=ROOT, env=settings, stdout=subprocess.PIPE, stderr=terminal) as running:
        os.close(terminal)
        shown = b""
        with contextlib.suppress(OSError):  # a terminal whose other end is closed
            while came := os.read(near, 65_536):
                shown += came
        assert running.stdout is not None
        assert b"40 events accepted" in running.stdout.read()
    os.close(near)
    for word in (b"checking", b"posting", b"40/40"):
        assert word in shown


def test_a_service_that_goes_away_half_way_is_told_and_the_next_run_goes_on(
    system: System, environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "sessions.csv"
    file.write_text(sessions("06523", 200))
    slow = system.add_source("slow-sheets", "--rate", "10")  # the first part takes 5 s more than it has saved up
    system.wait_until(lambda: system.post([], key=slow).status_code == 202, "the key is known")
    environment = {**environment, "KIP_KEY": slow}
    with pytest.raises(AssertionError, match="Run the same command again later"):
        kip(*words(system, file, "--batch", "100", "--partial", "--patience", "0"), environment=environment)
    assert confirmed(tmp_path) == 1
    said = kip(*words(system, file, "--batch", "100", "--partial"), environment=environment)
    assert "200 events accepted (100 of them in a run before)" in said
    system.wait_until(lambda: activities(system, "06523") == (200, 400), "each row is counted once")


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", b"a,b\n1,2\n", "expected a header row"),
        ("a.csv", b"\nunit,indicator,colour\n", "CSV, row 2, column C: no such column 'colour'"),
        ("a.csv", "unit,indicator\n".encode("utf-16"), "expected CSV in UTF-8"),
        ("a.csv", FIGURES.encode() + b'"06412', "line 2: unexpected end of data"),
        ("a.xlsx", b"no zip at all", "expected an XLSX file"),
    ],
)
def test_what_is_no_sheet_is_told_before_anything_is_posted(
    system: System, environment: dict[str, str], tmp_path: Path, name: str, content: bytes, told: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)
    with pytest.raises(AssertionError) as error:
        kip(*words(system, file), environment=environment)
    assert told in str(error.value)


def test_a_template_that_nobody_filled_in_holds_nothing_to_post(
    system: System, environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "template.xlsx"
    kip(
        "template",
        "progress-quarterly",
        "--unit",
        "06406",
        "--period",
        "2023-Q1",
        "--out",
        str(file),
        environment=environment,
    )
    for more in ((), ("--dry-run",), ("--partial",)):
        with pytest.raises(AssertionError, match="nothing in it to post"):
            kip(*words(system, file, *more), environment=environment)


def test_merged_cells_are_refused_before_anything_is_posted_as_the_door_refuses_them(
    system: System, environment: dict[str, str], tmp_path: Path
) -> None:
    file = tmp_path / "merged.xlsx"
    with xlsxwriter.Workbook(str(file)) as book:
        page = book.add_worksheet("Số liệu")
        page.merge_range("A1:G1", "Quý 1")
        page.write_row(1, 0, ["unit", "agency", "period", "indicator", "by.domain", "numerator", "denominator"])
        page.write_row(2, 0, ["06406", "ubnd-xa", "2023-Q1", "child-service-access"])
        page.write_row(3, 0, ["06409", "ubnd-xa", "2023-Q1", "child-service-access"])
        page.merge_range("F3:F4", 3)
        page.write_column(2, 6, [4, 4])
    with pytest.raises(AssertionError, match=r"Số liệu: the cells F3:F4 are merged, .* unmerge them"):
        kip(*words(system, file, "--partial"), environment=environment)
    answer = upload(system, file.read_bytes(), XLSX)
    errors = [error for item in answer.json()["rejected"] for error in item["errors"] if "F3:F4" in error["message"]]
    assert answer.status_code == 422
    assert [(error["code"], error["sheet"], error["row"], error["column"]) for error in errors] == [
        ("value_invalid", "Số liệu", 3, "F")
    ] * 2
