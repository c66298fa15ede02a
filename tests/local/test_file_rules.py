from pathlib import Path

import pytest

from deploy.checks.file_rules import breaches

PROJECT = Path(__file__).resolve().parents[2]


def found(folder: Path, name: str, content: str | bytes) -> list[str]:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(breaches(folder))


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
        ("cli/main.py", "from time import time\n", "asks the machine for the time"),
        ("README.md", "see " + "/".join(["", "work", "main", "x"]) + "\n", "a path of one machine"),
        ("setup.txt", "https://" + ".".join(["pypi", "org"]) + "/simple\n", "names the package host"),
        ("label.txt", "Hữu Lũng".encode("utf-16"), None),
        ("label.txt", b"caf\xe9\n", "not UTF-8"),
        ("label.txt", "e\u0302\n", "not NFC"),
        ("label.txt", "Hữu Lũng", "does not end in a newline"),
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
    ],
)
def test_what_is_allowed_is_not_named(tmp_path, name, content):
    assert found(tmp_path, name, content) == []
