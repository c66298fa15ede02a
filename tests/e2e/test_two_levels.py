"""A register of two levels under names of its own: figures, coverage and obligations need no other."""

import re
from pathlib import Path
from shutil import copytree

import pytest

from deploy.local.http import LOCAL
from tests.forks import run_kip
from tests.system import System, kip, migrate
from tests.third_programme import COLD_CHAIN, FOLDER, in_range

UNITS = """uid,code,name,level,type,parent,valid_from,valid_to,successor,other_successors
NZ@1,NZ,Aotearoa,country,,,,,,
N@1,N,Northland,region,,NZ@1,,,,
O@1,O,Otago,region,,NZ@1,,,,
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The third programme for such a register."""
    folder = copytree(FOLDER, tmp_path_factory.mktemp("two-levels") / "cold-chain")
    text = (folder / "programme.yaml").read_text(encoding="utf-8")
    for ours, theirs in (("province", "region"), ("nation", "country")):
        text = re.sub(rf"\b{ours}\b", theirs, text)
    (folder / "programme.yaml").write_text(text, encoding="utf-8")
    (folder.parent / "units.csv").write_text(UNITS, encoding="utf-8")
    return folder


def test_a_programme_is_checked_and_loaded_against_the_levels_of_its_register(folder, new_database):
    units = str(folder.parent / "units.csv")
    assert "no errors" in kip("check", str(folder), "--units", units, environment={})
    database = new_database()
    migrate(database)
    environment = {"KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": database}
    for words in (["check", "programmes/ecd-1437"], ["load", "programmes/ecd-1437"]):
        done = run_kip(*words, "--units", units, environment=environment)
        assert done.returncode == 1
        assert "unknown level 'commune'" in done.stdout + done.stderr


def test_figures_and_obligations_need_no_other_level(folder, stack, amqp_url, new_database):
    database = new_database()
    migrate(database)
    environment = {"KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": database}
    kip("load", str(folder), "--units", str(folder.parent / "units.csv"), environment=environment)
    settings = {"KIP_CLOCK": "2026-03-30T08:00:00+13:00", "KIP_SWEEP_INTERVAL": "1"}
    system = System(stack, amqp_url, database, names=("intake", "aggregation", "notifications"), settings=settings)
    try:
        assert system.post([in_range("N", "2026-W13", 9), in_range("O", "2026-W13", 6)]).status_code == 202
        asked = {"indicator": "in-range", "period": "2026-W13", "programme": COLD_CHAIN.slug}

        def country() -> tuple[int | None, int, int]:
            (row,) = system.rollups(**asked)
            return row["numerator"], row["units_reported"], row["units_expected"]

        system.wait_until(lambda: country() == (15, 2, 3), "both regions are in the country's figure")
        assert [row["code"] for row in system.rollups(level="region", **asked)] == ["N", "O"]
        kip("tick", "--now", "2026-03-30T08:30:00+13:00", environment=system.environment)
        owed = LOCAL.get(
            f"{system.services.url('notifications')}/v1/obligations", params={"period": "2026-W13"},
            headers={"Authorization": f"Bearer {system.reader_key}"}, timeout=30,
        ).json()["rows"]  # fmt: skip
        assert {row["unit"] for row in owed} == {"N@1", "O@1"}
    finally:
        system.services.stop()
