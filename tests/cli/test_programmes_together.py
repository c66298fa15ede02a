"""`kip check` and `kip load` look at programmes together: what shares a figure must go with it."""

import re
from pathlib import Path
from typing import Any

from tests.forks import run_kip
from tests.sharing import ACCESS, OTHER, PLAN, SHIPPED, other_plan, write_folder


def kip(*words: str, database: str = "") -> tuple[int, str]:
    environment = {"KIP_AMQP_URL": "amqp://unused", "KIP_DATABASE_URL": database}
    done = run_kip(*words, environment=environment)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def with_indicator(plan: dict[str, Any], slug: str, **changes: Any) -> dict[str, Any]:
    indicators = [{**item, **changes} if item["slug"] == slug else item for item in plan["indicators"]]
    return {**plan, "indicators": indicators}


def test_a_folder_is_compared_with_those_beside_it(tmp_path: Path) -> None:
    shipped, other = write_folder(tmp_path, PLAN), write_folder(tmp_path, other_plan())
    for folder in (shipped, other):
        assert kip("check", str(folder)) == (0, f"{folder}: no errors")
    write_folder(tmp_path, with_indicator(PLAN, ACCESS, period="half-year"))
    why = f"indicators[0].period: quarter here, half-year in {SHIPPED}/{ACCESS}: the same answer can't serve both"
    status, said = kip("check", str(other))
    assert (status, without_lines(said)) == (1, f"{other}/programme.yaml: {why}")
    status, said = kip("check", str(shipped))
    there = f"'{ACCESS}' is another programme's too: {other}/programme.yaml: {why}"
    assert (status, without_lines(said)) == (1, f"{shipped}/programme.yaml: indicators[0]: {there}")


def test_a_folder_alone_lacks_the_programme_that_it_names(tmp_path: Path) -> None:
    reason = f"there is no programme '{SHIPPED}': load it first or with this one, or leave this line out"
    status, said = kip("check", str(write_folder(tmp_path, other_plan())))
    assert (status, said.count(f"same_as: {reason}")) == (1, 2)


def test_what_is_loaded_must_go_with_what_is_loaded_already(tmp_path: Path, loaded_database: str) -> None:
    lonely = write_folder(tmp_path, with_indicator(other_plan(), "access", same_as=f"gone/{ACCESS}"))
    status, said = kip("load", str(lonely), database=loaded_database)
    assert (status, "there is no programme 'gone': load it first or with this one" in said) == (1, True)
    other = write_folder(tmp_path, other_plan())
    assert kip("load", str(other), database=loaded_database) == (0, f"loaded programme {OTHER}")
    assert kip("load", str(other), database=loaded_database) == (0, "nothing has changed")
    changed = write_folder(tmp_path, {**PLAN, "cutoff_day": 20})
    status, said = kip("load", str(changed), database=loaded_database)
    there = f"the programme {OTHER} that is loaded: indicators[0].same_as: cutoff_day is 14 here, 20 in"
    assert (status, there in said) == (1, True)


def test_what_goes_together_is_loaded_together(tmp_path: Path, loaded_database: str) -> None:
    write_folder(tmp_path, {**PLAN, "cutoff_day": 20})
    write_folder(tmp_path, {**other_plan(), "cutoff_day": 20})
    status, said = kip("load", str(tmp_path), database=loaded_database)
    assert (status, said) == (0, f"loaded programme {SHIPPED}, programme {OTHER}")


def test_a_programme_beside_that_can_t_be_read_is_not_said_to_be_missing(tmp_path: Path) -> None:
    other = write_folder(tmp_path, other_plan())
    write_folder(tmp_path, {**PLAN, "cutoff_day": 140})
    status, said = kip("check", str(other))
    assert (status, "there is no programme" in said) == (0, False)
    assert f"{tmp_path / SHIPPED}: has errors of its own, and is not compared with" in said


def test_what_may_not_be_loaded_is_named_with_its_line(tmp_path: Path, loaded_database: str) -> None:
    other = write_folder(tmp_path, with_indicator(other_plan(), "access", over_time="sum"))
    status, said = kip("load", str(other), database=loaded_database)
    assert status == 1
    assert re.search(rf"{other}/programme\.yaml:\d+: indicators\[0\]\.over_time: sum here, stock in", said)


def without_lines(said: str) -> str:
    return re.sub(r"(programme\.yaml):[0-9]+", r"\1", said)
