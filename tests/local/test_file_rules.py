from pathlib import Path

import pytest

from deploy.checks.file_rules import STILL, Allowed, breaches

PROJECT = Path(__file__).resolve().parents[2]
NONE = Allowed()
QUERY = 'COUNT = """\n    SELECT count(*) FROM intake.spool\n"""\n'


def found(folder: Path, name: str, content: str | bytes, still: Allowed = NONE) -> list[str]:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(breaches(folder, still))


def of_length(lines: int) -> str:
    return "async def work():\n" + "    x = 1\n" * (lines - 1)


@pytest.mark.parametrize(
    ("name", "content", "breach"),
    [
        ("services/intake/app.py", "import services.aggregation.store\n", "imports the service aggregation"),
        ("services/intake/app.py", "from services import notifications\n", "imports the service notifications"),
        ("services/intake/formats/csv.py", "from ...aggregation import store\n", "imports the service aggregation"),
        ("shared/domain/units.py", "from services.intake import http\n", "shared imports the service"),
        ("shared/domain/units.py", "x = 1\n" * 401, "401 lines"),
        ("cli/main.py", "import datetime\nnow = datetime.datetime.now()\n", "main.py:2: asks the machine for the time"),
        ("cli/main.py", "from datetime import date\nday = date.today()\n", "asks the machine for the time"),
        ("cli/dead/queue.py", "out, err = 1, Console(stderr=True)\n", "queue.py:1: makes a console when"),
        ("cli/main.py", "from time import time\n", "asks the machine for the time"),
        ("README.md", "see " + "/".join(["", "work", "main", "x"]) + "\n", "a path of one machine"),
        ("setup.txt", "https://" + ".".join(["pypi", "org"]) + "/simple\n", "names the package host"),
        ("label.txt", "Hữu Lũng".encode("utf-16"), None),
        ("label.txt", b"caf\xe9\n", "not UTF-8"),
        ("label.txt", "e\u0302\n", "not NFC"),
        ("label.txt", "Hữu Lũng", "does not end in a newline"),
        ("services/intake/answers.py", "x = 1\n", "a name that says nothing"),
        ("tests/cli/helpers.py", "x = 1\n", "a name that says nothing"),
        ("services/intake/spool.py", QUERY, "spool.py:1: SQL outside a *store.py"),
        ("cli/source.py", 'def f(c):\n    c.run(f"UPDATE {t} SET x = 1")\n', "source.py:2: SQL outside a *store.py"),
        ("shared/registry/store/rows.py", QUERY, "SQL outside a *store.py"),
        ("shared/domain/units.py", of_length(41), "units.py:1: work has 41 lines"),
        ("docs/figures.md", "as issue " + "12 says\n", "tells of what a reader doesn't have"),
        ("bench/alerts.py", '"""Issue ' + '5\'s figures."""\n', "tells of what a reader doesn't have"),
        ("cli/main.py", "x = 1  # see #" + "131\n", "tells of what a reader doesn't have"),
        ("cli/main.py", "x = 1  # by notes" + "/domain.md\n", "tells of what a reader doesn't have"),
        ("README.md", "see `shared/notes" + "/style.md`\n", "tells of what a reader doesn't have"),
        ("docs/x.md", "the contract is design" + ".md\n", "tells of what a reader doesn't have"),
    ],
)
def test_a_breach_is_named_with_its_file(tmp_path, name, content, breach):
    lines = found(tmp_path, name, content)
    assert [line for line in lines if line.startswith(name) and breach in line] if breach else lines == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("services/intake/app.py", "from services.intake import http\nfrom shared import units\n"),
        ("shared/runtime/clock.py", "import time\nnow = time.time()\n"),
        ("bench/run.py", "import time\nstart = time.monotonic(), time.perf_counter()\n"),
        ("uv.lock", "https://" + ".".join(["pypi", "org"]) + "\n"),
        ("shared/__init__.py", ""),
        ("README.md", "https://example.vn/home/x and ~/work/x\n"),
        ("services/intake/outbox/outbox_store.py", QUERY),
        ("shared/database/connections.py", QUERY),
        ("bench/growth.py", QUERY),
        ("cli/up.py", '"""SELECT is a word of SQL\'s."""\nx = "select a unit", "SELECTED units", "UPDATED 5 rows"\n'),
        ("shared/domain/units.py", of_length(40)),
        ("tests/e2e/test_kill.py", of_length(90)),
        (
            "docs/operate/alerts/KipDrift.md",
            "keep its output for an issue; [keys](keys.md#passwords), colour #a12b34\n",
        ),
        ("docs/notifications.md", "an address like `#12ab`, &#8239;, `docs/notifications.md`, GET /notes\n"),
    ],
)
def test_what_is_allowed_is_not_named(tmp_path, name, content):
    assert found(tmp_path, name, content) == []


def test_what_is_allowed_still_is_not_named_and_what_keeps_the_rule_has_to_leave_the_list(tmp_path):
    still = Allowed(sql=frozenset({"cli/source.py"}), long=frozenset({"cli/up.py::work", "cli/main.py::main"}))
    assert found(tmp_path, "cli/source.py", QUERY, still) == [
        "cli/main.py::main: keeps the rule now; take it out of deploy/checks/file_rules.py",
        "cli/up.py::work: keeps the rule now; take it out of deploy/checks/file_rules.py",
    ]
    assert found(tmp_path, "cli/up.py", of_length(41), still) == [
        "cli/main.py::main: keeps the rule now; take it out of deploy/checks/file_rules.py"
    ]


def test_no_file_is_allowed_more_than_it_needs():
    assert not [line for line in breaches(PROJECT, STILL) if "keeps the rule now" in line]
