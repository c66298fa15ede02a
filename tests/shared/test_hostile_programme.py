"""Whatever a programme's folder holds, `kip check` comes back with an error that says what and where."""

import os
from pathlib import Path
from shutil import copytree

import pytest

from shared.programme.yaml_text import DEEPEST, MOST_VALUES, read_yaml
from tests.forks import run_kip
from tests.hostile_texts import HEAD, HOSTILE

ROOT = Path(__file__).parents[2]
SHIPPED = ROOT / "programmes" / "ecd-1437"
BOMB = "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
    f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
)


def check(folder, *options):
    """What `kip check` says; it has to end by itself."""
    done = run_kip("check", str(folder), *options, environment={}, timeout=170)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    return done.stderr


def written(folder, text):
    copytree(SHIPPED, folder)
    (folder / "programme.yaml").write_text(text, encoding="utf-8")
    return folder


def test_aliases_that_expand_are_refused():
    assert len(BOMB) < 400
    document = read_yaml("programme.yaml", BOMB)
    assert document.values is None
    (problem,) = document.problems
    assert "aliases" in problem.reason
    assert len(document.lines) <= MOST_VALUES + 1


def test_an_alias_that_names_a_value_once_or_twice_is_read():
    document = read_yaml("programme.yaml", "a: &a {b: 1}\nc: *a\nd: [*a, *a]\n")
    assert document.values == {"a": {"b": 1}, "c": {"b": 1}, "d": [{"b": 1}, {"b": 1}]}


@pytest.mark.parametrize("depth", [DEEPEST + 2, 400, 20_000])
@pytest.mark.parametrize(("opens", "closes"), [("[", "]"), ("{a: ", "}"), ("- ", "")])
def test_what_is_nested_deep_is_refused(depth, opens, closes):
    problems = read_yaml("programme.yaml", opens * depth + "1" + closes * depth).problems
    assert any("deep" in problem.reason for problem in problems)


@pytest.mark.parametrize(
    "value", ["9" * 5000, "0x" + "f" * 5000, "2025-02-30", "!!int x", "!!timestamp 99999-01-01", "!!binary ü", "!x y"]
)
def test_a_value_that_can_t_be_read_is_a_problem_of_its_place(value):
    document = read_yaml("programme.yaml", f"a: 1\nb: {value}\n")
    assert document.values is None or document.values["a"] == 1
    assert all(len(problem.reason) < 600 for problem in document.problems)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (BOMB, "aliases"),
        ("[" * 100_000, "deep"),
        ("a: " + "x" * 2_000_000, "longer than"),
        ("".join(f"a{n}: 1\n" for n in range(90_000)), ""),
    ],
    ids=["aliases", "deep", "long", "wide"],
)
def test_a_hostile_programme_yaml_is_an_error(tmp_path, text, reason):
    assert reason in check(written(tmp_path / "p", text))


@pytest.mark.parametrize("kind", ["nested loops", "a text that doubles", "a long text"])
def test_a_hostile_text_is_an_error(tmp_path, kind):
    folder = tmp_path / "p"
    copytree(SHIPPED, folder)
    (folder / "messages" / "vi").mkdir(parents=True)
    (folder / "messages" / "vi" / "overdue.j2").write_text(HEAD + HOSTILE[kind], encoding="utf-8")
    assert "programme.yaml: " in (said := check(folder)) or "messages/vi/overdue.j2" in said


def test_what_is_no_file_is_an_error(tmp_path):
    folder = tmp_path / "p"
    copytree(SHIPPED, folder)
    calendars = tmp_path / "calendars"
    calendars.mkdir()
    os.mkfifo(calendars / "VN.csv")
    (folder / "messages" / "vi").mkdir(parents=True)
    (folder / "messages" / "vi" / "overdue.j2").symlink_to("/dev/zero")
    said = check(folder, "--calendars", str(calendars))
    assert "calendars/VN.csv: unreadable: not a file" in said
    assert "messages/vi/overdue.j2: unreadable: not a file" in said


def test_a_folder_with_very_many_files_is_an_error(tmp_path):
    folder = tmp_path / "p"
    copytree(SHIPPED, folder)
    for number in range(1100):
        (folder / f"{number}.txt").touch()
    assert "more than 1,000 files" in check(folder)
