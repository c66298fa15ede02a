"""A page that names a file which isn't there is found out."""

from pathlib import Path

import pytest

from deploy.checks.doc_paths import breaches


def found(folder: Path, text: str, page: str = "docs/architecture.md") -> list[str]:
    for name in ("services/intake/http/events.py", "shared/clock.py", "Makefile", "docs/figures.md", page):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x\n")
    (folder / page).write_text(text + "\n")
    return list(breaches(folder))


@pytest.mark.parametrize(
    ("text", "breach"),
    [
        (
            "a\n`services/intake/http/event.py` takes it",
            "docs/architecture.md:2: there is no services/intake/http/event.py",
        ),
        ("`services/intake/htp/`", "docs/architecture.md:1: there is no services/intake/htp/"),
        ("`services/<service>/wiring.py`", "docs/architecture.md:1: there is no services/<service>/wiring.py"),
        ("`clocks.py` alone asks", "docs/architecture.md:1: there is no clocks.py"),
        (
            "`services/intake/http/events.py` (`clock.py`)",
            "docs/architecture.md:1: there is no clock.py in services/intake/http",
        ),
        ("see [figures](figure.md#rows)", "docs/architecture.md:1: the link figure.md#rows leads nowhere"),
        ("see [figures](../figures.md)", "docs/architecture.md:1: the link ../figures.md leads nowhere"),
    ],
)
def test_what_is_not_there_is_named_with_its_line(tmp_path, text, breach):
    assert found(tmp_path, text) == [breach]


@pytest.mark.parametrize(
    "text",
    [
        "`services/intake/http/events.py`, `services/<service>/http/`, `services/*/http/events.py` and `Makefile`",
        "`clock.py` and `/v1/events`, `application/json`, `kip.events`, `.run/environment`, `a/b`",
        "[figures](figures.md#rows), [above](../shared/clock.py), [elsewhere](https://example.vn/x), [here](#below)",
        "```\nservices/none/at_all.py `services/none.py`\n```",
        "services/none.py without backticks",
    ],
)
def test_what_is_there_or_is_no_file_is_not_named(tmp_path, text):
    assert found(tmp_path, text) == []


def test_only_pages_that_describe_the_repository_are_read(tmp_path):
    assert found(tmp_path, "`services/none.py`", "CHANGELOG.md") == []
    assert found(tmp_path, "`services/none.py`", "CONTRIBUTING.md") == [
        "CONTRIBUTING.md:1: there is no services/none.py"
    ]
