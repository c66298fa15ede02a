"""The browser's check is the server's: run by node, the module says of whatever is typed what the server says."""

import json
import shutil
import subprocess
from pathlib import Path
from random import Random
from typing import Any

import pytest

import services.board.report
from services.board.report.checks import Earlier, doubts, wrong_figure
from services.board.report.draft import FigureAnswer
from services.board.report.fields import Figure, Form, form_of
from services.board.report.rules import rules_of
from services.board.report.typed import as_meant, read_figure
from shared.domain.periods import parse_period, period_words
from shared.domain.units import Units
from shared.programme.model import Programme

STATIC = Path(services.board.report.__file__).parent / "static"
EARLIER = [Earlier(period_words("2022-Q4"), 400, 450), Earlier(period_words("2022-Q1"), 300, 400)]
TEXTS = (
    "0", "7", "399", "400", "412", "450", "530", "531", " 12 ", "1 234", "1 234", "1.234", "1,234", "1.234.567",
    "1.500", "500.000", "12,0", "12,000", "0.500", "1500.000", "1 500.000", "12.000", "1500,000", "-3", "3,5", "x", "",
    "1e3", "007", "1000000000000", "1000000000001", "9" * 61,
)  # fmt: skip
SCRIPT = """
import {{ judge }} from "{module}";
let text = "";
for await (const chunk of process.stdin) text += chunk;
const {{ rules, cases }} = JSON.parse(text);
console.log(JSON.stringify(cases.map((typed) => judge(typed, rules, "vi"))));
"""


@pytest.fixture(scope="module")
def form(ecd: Programme, units: Units) -> Form:
    made = form_of(ecd, ecd.report["progress-quarterly"], units["06412@1"], "ubnd-xa", parse_period("2023-Q1"), "vi")
    assert made is not None
    return made


def in_the_browser(cases: list[dict[str, str]], rules: dict[str, object]) -> list[dict[str, Any]]:
    node = shutil.which("node")
    if node is None:
        pytest.skip("node isn't there, so the browser's check is not compared: apt-get install nodejs")
    script = SCRIPT.format(module=(STATIC / "check.js").as_uri())
    given = json.dumps({"rules": json.loads(json.dumps(rules)), "cases": cases})
    done = subprocess.run(
        [node, "--input-type=module", "-e", script], input=given, capture_output=True, text=True, timeout=60, check=True
    )
    return list(json.loads(done.stdout))


def on_the_server(form: Form, figure: Figure, typed: dict[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    data, refusals = read_figure(form, figure, FigureAnswer(typed=as_meant(typed, form.language)))
    if data is None:
        return {item.field: item.message("vi") for item in refusals if item.code != "field_missing"}, {}
    wrong: dict[str, str] = {}
    for item in wrong_figure(form, figure, data):
        wrong.setdefault(item.field, item.message("vi"))
    return wrong, {item.name: item.words.vi for item in doubts(figure, data, EARLIER)}


def test_the_browser_and_the_server_say_the_same_of_whatever_is_typed(form: Form) -> None:
    figure, random = form.figures[0], Random(17)
    names = ["numerator", "denominator", *figure.fields[-8:]]
    cases = [{name: random.choice(TEXTS) for name in names} for _ in range(200)]
    cases += [{"numerator": one, "denominator": two} for one in TEXTS for two in TEXTS]
    cases += [{"numerator": str(n), "denominator": str(of)} for of in (0, 6, 9, 440, 450) for n in range(0, 460, 7)]
    whole, moved = 0, 0
    for typed, seen in zip(cases, in_the_browser(cases, rules_of(figure, EARLIER, "vi")), strict=True):
        wrong, unusual = on_the_server(form, figure, typed)
        unread = {field for field, text in typed.items() if not text.strip()} & set(typed)
        if not unread and not any("Giá trị không hợp lệ: cần số nguyên" in text for text in wrong.values()):
            whole += 1
        if read_figure(form, figure, FigureAnswer(typed=as_meant(typed, form.language))).data is None:
            # The browser also judges what is whole beside what isn't: each refusal of the server is there.
            assert wrong.items() <= seen["wrong"].items(), typed
        else:
            assert seen["wrong"] == wrong, typed
            assert {name: doubt["words"] for name, doubt in seen["unusual"].items()} == unusual, typed
            moved += "ratio_changed" in unusual
    assert whole > 100
    assert moved > 30


def test_rules_of_a_figure_are_small_and_say_words_of_the_readers_language(form: Form) -> None:
    text = json.dumps(rules_of(form.figures[0], EARLIER, "en"), ensure_ascii=False)
    assert len(text) < 12_000
    assert "the numerator exceeds the denominator; expected {total} at most" in text
