"""Packages import what lies above them in the table and nothing else, and the check says so where they don't."""

from pathlib import Path

import pytest

from deploy.checks.layers import PAGE, ROWS, breaches, circles, package_of, page_breaches, read_imports

PROJECT = Path(__file__).resolve().parents[2]


def write(folder: Path, **files: str) -> Path:
    for name, text in files.items():
        path = folder / (name.replace("__", "/") + ".py")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize(
    ("name", "text", "imported", "breach"),
    [
        ("shared__values__days", "from shared.http import serve\n", "shared__http__serve", "not import shared/http"),
        ("shared__runtime__clock", "def f():\n    import cli.main\n", "cli__main", "may not import cli"),
        ("shared__sheets__rows", "from shared.broker.client import x\n", "shared__broker__client", "shared/broker"),
        ("deploy__local__run", "from demo.play import Play\n", "demo__play", "deploy/local may not import demo"),
        ("services__intake__app", "from services.aggregation import store\n", "services__aggregation__store", "not"),
        ("sample__year", "from cli import main\n", "cli__main", "sample may not import cli"),
    ],
)
def test_an_import_against_the_rows_is_named(tmp_path, name, text, imported, breach):
    found = list(breaches(write(tmp_path, **{name: text, imported: "x = 1\n"})))
    assert [line for line in found if line.startswith(name.replace("__", "/") + ".py: ") and breach in line]


def test_imports_along_the_rows_are_not_named(tmp_path):
    write(
        tmp_path,
        shared__values__days="from shared.wording.words import Words\n",
        shared__wording__words="class Words: ...\n",
        shared__domain__duties="from shared.programme.model import Programme\n",
        shared__programme__model="from shared.domain.periods import Period\nclass Programme: ...\n",
        shared__domain__periods="class Period: ...\n",
        demo__run="from cli import main\nfrom shared.values import days\n",
        cli__main="import asyncio\n",
        tests__test_x="from shared.http import serve\n",
    )
    assert list(breaches(tmp_path)) == []


def test_files_that_import_each_other_are_named(tmp_path):
    write(tmp_path, cli__a="from cli import b\n", cli__b="from cli.c import x\n", cli__c="def f():\n    import cli.a\n")
    assert list(breaches(tmp_path)) == ["cli/a.py and cli/b.py and cli/c.py import each other in a circle"]


def test_folders_of_a_service_that_import_each_other_are_named(tmp_path):
    write(
        tmp_path,
        services__intake__http__events="from services.intake.outbox import spool\n",
        services__intake__outbox__spool="from services.intake.http import words\n",
        services__intake__http__words="x = 1\n",
    )
    circle = "services/intake/http and services/intake/outbox import each other in a circle"
    assert list(breaches(tmp_path)) == [f"services/intake: {circle}"]


def test_circles_are_whole_groups_of_nodes_that_reach_each_other():
    graph = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "e": {"d"}, "f": {"a"}}
    assert sorted(circles({node: frozenset(others) for node, others in graph.items()})) == [["a", "b", "c"], ["d", "e"]]


def test_a_page_with_other_rows_is_named():
    rows = [f"| {number} | {', '.join(f'`{name}`' for name in row)} | … |" for number, row in enumerate(ROWS, 1)]
    assert list(page_breaches("\n".join(rows))) == []
    assert list(page_breaches("\n".join([*rows[:-1], "| 12 | `demo` | … |"]))) == [
        f"{PAGE}: row 12 has demo and not bench, demo, deploy/checks, prove"
    ]
    assert list(page_breaches("\n".join(rows[:-1]))) == [
        f"{PAGE}: {len(ROWS) - 1} rows of packages and not {len(ROWS)}"
    ]


def test_every_file_of_ours_is_in_a_row():
    imports = read_imports(PROJECT)
    outside = {"shared/__init__.py", "services/__init__.py", "deploy/__init__.py", "deploy/prometheus/__init__.py"}
    ours = {
        path.relative_to(PROJECT).as_posix()
        for top in ("shared", "services", "deploy", "cli", "sample", "demo", "bench", "prove")
        for path in (PROJECT / top).rglob("*.py")
    }
    assert ours - imports.keys() == outside
    assert all(package_of(name) for name in imports)
