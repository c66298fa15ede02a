"""`kip rollup` against a small server: pages are followed, and the table carries coverage beside every figure."""

import io
import json

import pytest
from rich.console import Console
from typer.testing import CliRunner

from cli.main import app
from cli.rollup import bar, table
from tests.cli.door import Answer, door

KEY = "kip_reader"


def row(code, name, value, numerator, denominator, reported, expected, **more):
    return {
        "uid": f"{code}@1", "code": code, "name": name, "level": "commune", "period": "2023-Q1", "value": value,
        "numerator": numerator, "denominator": denominator, "per": 100, "units_expected": expected,
        "units_reported": reported,
        "units_missing": expected - reported, "target": 90.0, "on_track": None, "as_of": "2023-03-20T01:00:00+00:00",
        "approximate": False, **more,
    }  # fmt: skip


ROWS = [
    row("06385", "Thị trấn Hữu Lũng", 77.5061, 951, 1227, 1, 1, on_track=True),
    row("06412", "Xã Yên Vượng", None, None, None, 0, 1),
]


def rollup(url, *options):
    return CliRunner().invoke(app, ["rollup", "--url", url, *options], env={"KIP_KEY": KEY})


def test_the_table_shows_figure_target_and_coverage_and_says_where_there_is_no_figure():
    with door(lambda _: Answer(200, {"rows": ROWS, "next": None})) as server:
        result = rollup(server.url, "--indicator", "child-service-access", "--within", "186", "--period", "2023-Q1")
    assert result.exit_code == 0, result.output
    lines = [" ".join(line.split()) for line in result.stdout.splitlines()]
    assert "06385 Thị trấn Hữu Lũng 77.5 % █████████▎·· 951 1,227 90 % 1/1 ████████████ 0" in lines
    assert "06412 Xã Yên Vượng no figure – – 90 % 0/1 ············ 1" in lines
    assert server.asked[0].path == "/v1/rollups"
    assert server.asked[0].query == {"indicator": "child-service-access", "within": "186", "period": "2023-Q1"}
    assert server.asked[0].headers["Authorization"] == f"Bearer {KEY}"


def test_every_page_is_fetched():
    def answer(asked):
        after = asked.query.get("after")
        return Answer(200, {"rows": [ROWS[1]] if after else [ROWS[0]], "next": None if after else "06385@1"})

    with door(answer) as server:
        result = rollup(server.url, "--indicator", "child-service-access", "--json")
    assert [found["code"] for found in json.loads(result.stdout)["rows"]] == ["06385", "06412"]
    assert [request.query.get("after") for request in server.asked] == [None, "06385@1"]


def test_a_limit_ends_the_paging():
    with door(lambda _: Answer(200, {"rows": ROWS[:1], "next": "06385@1"})) as server:
        result = rollup(server.url, "--indicator", "child-service-access", "--limit", "1", "--json")
    assert len(json.loads(result.stdout)["rows"]) == 1
    assert [request.query.get("limit") for request in server.asked] == ["1"]


def test_an_activity_shows_records_people_and_money():
    counts = row("186", "Huyện Hữu Lũng", 41, 41, None, 22, 24, participants=812, amount=61_500_000, records=41)
    with door(lambda _: Answer(200, {"rows": [counts], "next": None})) as server:
        result = rollup(server.url, "--activity", "parent-counselling")
    assert "186 Huyện Hữu Lũng 41 812 61,500,000 22/24" in " ".join(result.stdout.split())


def test_parts_name_their_option():
    part = row("20", "Tỉnh Lạng Sơn", 72.68, 4179, 5750, 24, 197, by={"group": "caregiver"})
    with door(lambda _: Answer(200, {"rows": [part], "next": None})) as server:
        result = rollup(server.url, "--indicator", "knowledge-skills-provided", "--by", "group")
    assert "20 Tỉnh Lạng Sơn caregiver 72.7 %" in " ".join(result.stdout.split())


def test_a_refused_question_names_the_option_and_what_was_expected():
    body = {"error": "bad_parameter", "field": "indicator", "message": "expected one of a, b, got 'c'"}
    with door(lambda _: Answer(400, body)) as server:
        result = rollup(server.url, "--indicator", "c")
    assert result.exit_code == 1
    assert "--indicator: expected one of a, b, got 'c'" in str(result.exception)


def test_exactly_one_figure_is_asked_for():
    for options in ((), ("--indicator", "a", "--activity", "b")):
        result = rollup("http://127.0.0.1:9", *options)
        assert "exactly one of --indicator and --activity" in str(result.exception)


@pytest.mark.parametrize(
    ("value", "drawn"),
    [(None, ""), (0, "············"), (50, "██████······"), (100, "████████████"), (120, "████████████")],
)
def test_a_bar_is_filled_to_its_share(value, drawn):
    assert bar(value, 100) == drawn


LARGE = {
    "ratio": [
        row("VN", "Cả nước", 100.0, 1_234_567, 1_234_567, 10_035, 11_162, by={"domain": "nutrition"}),
        row("06385", "   Thị trấn Nông trường Thái Bình (Đình Lập)", None, None, None, 0, 1, approximate=True),
    ],
    "counts": [row("06385", "Xã Yên Vượng", 41_000, 41, None, 22, 24, participants=812_000, amount=61_500_000_000,
                   records=41)],
}  # fmt: skip
FIGURES = {
    "ratio": "VN 100.0 % 1,234,567 90 % 10,035/11,162 1,127 06385 no figure – 0/1 1 * code value n d target missing",
    "counts": "06385 41,000 812,000 61,500,000,000 22/24 records people dong reported missing",
}


def printed(rows, width):
    out = Console(width=width, file=io.StringIO())
    out.print(table(rows, "c", out.width), crop=False)
    return out.file.getvalue()


@pytest.mark.parametrize("width", [40, 60, 80, 100, 140])
@pytest.mark.parametrize("kind", list(LARGE))
def test_no_code_and_no_number_is_cut_whatever_the_console_is_wide(kind, width):
    text = printed(LARGE[kind], width)
    assert "…" not in text
    assert set(FIGURES[kind].split()) <= set(text.split())
    assert {word for found in LARGE[kind] for word in found["name"].split()} <= set(text.split())


@pytest.mark.parametrize(("width", "bar_width"), [(70, 0), (80, 5), (100, 8), (140, 12)])
def test_bars_shrink_and_go_before_a_name_folds(width, bar_width):
    lines = [line.rstrip() for line in printed(ROWS, width).splitlines()]
    assert len(lines) == 4  # title, heading and two units
    assert max(map(len, lines)) <= width
    assert "·" * bar_width in lines[3]
    assert "·" * (bar_width + 1) not in lines[3]


def test_no_rows_are_a_heading():
    assert printed([], 80).startswith("c · no rows")
