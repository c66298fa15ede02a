"""The spreadsheets of `sheet_cases/`, posted as their senders posted them: to `/v1/import` and with `kip`."""

import asyncio
import json
import unicodedata
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.intake.test_import import XLSX, figure, upload
from tests.system import System, kip

CASES = Path(__file__).parent / "sheet_cases"
REFUSED = {
    "csv_thousands_comma.csv": [("row_too_long", 2, "H")],
    "csv_dot_thousands.csv": [("value_invalid", 2, "F"), ("value_invalid", 2, "G")],
    "template_row_copied.xlsx": [("record_repeated", 5, "D")],
    "formula_no_value.xlsx": [("value_invalid", 2, "H"), ("value_invalid", 2, "I")],
    "error_cell_participants.xlsx": [("value_invalid", 2, "G")],
}
TAKEN = ["formatted_last_row.xlsx", "nfd_co.xlsx", "csv_pandas_float.csv", "csv_header_case.csv"]


def post(system: System, name: str, **query: str) -> Any:
    kind = XLSX if name.endswith(".xlsx") else "text/csv"
    return upload(system, (CASES / name).read_bytes(), kind, **query)


@pytest.mark.parametrize("name", REFUSED)
def test_what_would_count_as_something_else_is_refused_at_its_place(system: System, name: str) -> None:
    answer = post(system, name)
    errors = [error for item in answer.json()["rejected"] for error in item["errors"]]
    assert answer.status_code == 422, answer.text
    assert [(error["code"], error["row"], error["column"]) for error in errors] == REFUSED[name]


@pytest.mark.parametrize("name", TAKEN)
def test_what_has_one_meaning_is_taken(system: System, name: str) -> None:
    answer = post(system, name)
    assert (answer.status_code, answer.json()) == (202, system.all_taken(1)), answer.text


def test_a_whole_number_with_a_fraction_of_zeros_is_counted_as_it_is(system: System) -> None:
    post(system, "csv_pandas_float.csv")
    system.wait_until(lambda: figure(system, "06430") == (412, 530), "it is counted")


def test_two_equal_columns_are_refused_naming_both(system: System) -> None:
    answer = post(system, "xlsx_duplicate_column.xlsx")
    assert answer.status_code == 400
    assert "in columns F and H" in answer.json()["message"]


@pytest.mark.parametrize("name", [*REFUSED, *TAKEN])
def test_kip_post_says_the_same_as_the_door(system: System, tmp_path: Path, name: str) -> None:
    environment = {**system.environment, "KIP_KEY": system.key, "XDG_CONFIG_HOME": str(tmp_path)}
    words = ("post", str(CASES / name), "--url", system.services.url("intake"), "--dry-run", "--json")
    if name == "template_row_copied.xlsx":
        with pytest.raises(AssertionError, match=r"Hoạt động, row 4 and Hoạt động, row 5"):
            kip(*words, environment=environment)
        return
    if name in TAKEN:
        assert json.loads(kip(*words, environment=environment))["accepted"] == 1
        return
    with pytest.raises(AssertionError) as told:
        kip(*words, environment=environment)
    for code, row, column in REFUSED[name]:
        assert f'"code": "{code}"' in str(told.value)
        assert f"row {row}, column {column}" in str(told.value)


def test_one_person_is_one_officer_however_the_name_is_typed(loaded_database: str, tmp_path: Path) -> None:
    environment = {"KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": loaded_database}
    decomposed = tmp_path / "officer_nfd.csv"  # as macOS writes it; made here, for no file of ours is decomposed
    composed = (CASES / "officer_nfc.csv").read_text(encoding="utf-8").replace("h1@made-up", "h2@made-up")
    decomposed.write_text(unicodedata.normalize("NFD", composed), encoding="utf-8")
    for path in (CASES / "officer_nfc.csv", decomposed, CASES / "officer_semicolon.csv"):
        assert "imported 1 officers" in kip("officer", "import", str(path), environment=environment)
    officers = asyncio.run(registered(loaded_database))
    assert {name: channels for name, channels in officers if name.startswith("Cán bộ")} == {
        "Cán bộ A": ["email:a@made-up.example"],
        "Cán bộ thử nghiệm": ["email:h2@made-up.example"],
    }


async def registered(database_url: str) -> list[tuple[str, list[str]]]:
    connection = await asyncpg.connect(database_url)
    try:
        rows = await connection.fetch("SELECT name, channels FROM registry.officer WHERE unit LIKE '06385@%'")
    finally:
        await connection.close()
    return [(row["name"], list(row["channels"])) for row in rows]
