"""Everything that is said exists in both languages, and who asks decides in which it is said."""

import ast
import importlib
import pkgutil
import re
import string
import unicodedata
from collections.abc import Iterable, Iterator
from enum import Enum
from pathlib import Path
from types import ModuleType
from typing import Any, get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from pydantic_core import InitErrorDetails
from pydantic_core.core_schema import ErrorType

import services
import shared
from services.aggregation.poison_check import fault_of
from services.intake.formats.cloudevents import refusals_of
from services.intake.formats.json_text import UnreadableError, load
from services.notifications.decision_words import NOBODY, Decline
from services.notifications.forms import refused_body
from shared.http.held_body import BODY_ERRORS
from shared.http.words import LimitWords
from shared.values.model_words import expected_by_model
from shared.wording.language import language_of, preferred
from shared.wording.words import Common, Words, listed
from tests.system import ROOT, counselling

# No letter of their Vietnamese has a mark.
UNMARKED = {"{most} byte", "65536 byte", "Xem `Allow`.", "Xem `/openapi.json`.", "{type}; {cure}"}
# English words that are no Vietnamese ones, nor names of fields.
ENGLISH = {
    "the", "expected", "got", "is", "of", "with", "which", "most", "and", "or", "input", "should", "valid",
    "must", "at", "from", "line", "row", "column", "none", "field", "required", "like", "there",
}  # fmt: skip


def modules(package: ModuleType) -> Iterator[ModuleType]:
    for found in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        if not found.name.endswith("__main__") and "migrations" not in found.name:
            yield importlib.import_module(found.name)


def words_in(value: Any) -> Iterator[Words]:
    """All Words in a value of a module: itself, a table, an enum's member."""
    if isinstance(value, Words):
        yield value
    elif isinstance(value, type) and issubclass(value, Enum):
        for member in value:
            yield from words_in(member.value)
    elif isinstance(value, dict):
        for item in value.values():
            yield from words_in(item)
    elif isinstance(value, tuple):
        for item in value:
            yield from words_in(item)


def everything_said() -> dict[Words, str]:
    said: dict[Words, str] = {}
    for package in (shared, services):
        for module in modules(package):
            for name, value in vars(module).items():
                owner = value.__module__ if isinstance(value, type) else module.__name__
                for words in words_in(value):
                    said.setdefault(words, f"{owner}.{name}")
    return {words: where for words, where in said.items() if not is_technical(words)}


def is_technical(words: Words) -> bool:
    """A list of names, which is the same in both."""
    return words.vi == words.en and re.search(r"\w \w", words.vi) is None and "," in words.vi


SAID = everything_said()


def placeholders(text: str) -> list[str]:
    """Those of a text, but for the forms of a word that goes by a number, which are beside it."""
    found = string.Formatter().parse(text)
    return sorted(name for _, name, forms, _ in found if name is not None and "|" not in (forms or ""))


def english_in(text: str) -> set[str]:
    return ENGLISH & {word.strip(".,:;()«»'\"").lower() for word in text.split()}


def pattern(template: str) -> re.Pattern[str]:
    """What a table's words look like when they are filled."""
    return re.compile(".*".join(map(re.escape, re.split(r"\{\w+(?::[^}]*)?\}", template))), re.DOTALL | re.IGNORECASE)


def check_both(vietnamese: str, english: str, among: Iterable[Words] = SAID) -> None:
    """The two are the words of one table, filled, and there is nothing English in the Vietnamese ones."""
    found = [words for words in among if pattern(words.vi).fullmatch(vietnamese)]
    assert found, f"in no table: {vietnamese}"
    assert any(pattern(words.en).fullmatch(english) for words in found), f"{vietnamese} is not {english}"
    assert english not in vietnamese
    assert not english_in(vietnamese), vietnamese


def test_the_tables_are_found() -> None:
    assert len(SAID) > 300
    tables = {name.rpartition(".")[0] for name in SAID.values()}
    assert tables >= {
        "shared.domain.refusals",
        "services.intake.refusals.request_errors",
        "services.intake.refusals.request_words",
        "services.intake.refusals.event_words",
        "services.notifications.decision_words",
        "shared.sheets.words",
        "shared.http.read_words",
        "shared.http.words",
        "shared.values.model_words",
        "shared.values.scalars",
        "shared.domain.periods",
        "shared.domain.rule_words",
    }


@pytest.mark.parametrize("words", SAID, ids=list(SAID.values()))
def test_everything_said_is_in_both_languages_with_the_same_placeholders(words: Words) -> None:
    assert words.vi.strip()
    assert words.en.strip()
    assert words.vi != words.en
    assert placeholders(words.vi) == placeholders(words.en)
    assert unicodedata.is_normalized("NFC", words.vi)
    assert words.vi in UNMARKED or not words.vi.isascii()
    assert not english_in(words.vi), words.vi


@pytest.mark.parametrize(("count", "said"), [(0, "0 reports"), (1, "1 report"), ("1", "1 report"), (11, "11 reports")])
def test_an_english_word_goes_by_its_number(count: object, said: str) -> None:
    words = Words("{count} báo cáo", "{count} {count:report|reports}").filled(count=count)
    assert words == Words(f"{count} báo cáo", said)


def test_nothing_is_said_to_a_client_in_words_of_one_language() -> None:
    """What takes Words or a technical text gets no sentence, in which one word stands behind another."""
    takers = {"Refusal", "RefusedError", "unavailable", "unsupported_type", "_RefusedError", "_ConflictError"}
    found = [
        f"{path.relative_to(ROOT)}:{call.lineno}"
        for folder in ("services", "shared")
        for path in sorted((ROOT / folder).rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in takers
        for given_ in (*call.args, *(keyword.value for keyword in call.keywords))
        if re.search(r"\w \w", "".join(part.value for part in parts_of(given_)))
    ]
    assert not found


def parts_of(node: ast.expr) -> Iterator[Any]:
    """The texts of a literal, formatted or not."""
    for part in node.values if isinstance(node, ast.JoinedStr) else [node]:
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            yield part


@pytest.mark.parametrize(
    ("asked", "language"),
    [
        ("", "en"), ("vi", "vi"), ("VI-vn", "vi"), ("vi-VN,vi;q=0.9,en-US;q=0.8,en;q=0.7", "vi"), ("en, vi", "en"),
        ("en;q=0.5, vi;q=0.9", "vi"), ("vi;q=0.5, en;q=0.9", "en"), ("fr, vi;q=0.1", "vi"), ("fr", "en"), ("*", "en"),
        ("vi;q=0", "en"), ("vi;q=0, *", "en"), ("*, vi;q=0.5", "en"), ("vi, *;q=0.1", "vi"), ("en;q=0, *", "vi"),
        ("vi;q=2", "en"), ("vi;q=x", "en"), (";;,vi", "vi"), ("vietnamese", "en"), ("vi ; q = 0.4 , en;q=0.3", "vi"),
        ("vi;q=0.8, en;q=0.8", "vi"), ("en;q=0.8, vi;q=0.8", "en"), ("en;q=0, vi;q=0.001", "vi"),
    ],
)  # fmt: skip
def test_the_language_is_the_preferred_one_of_ours(asked: str, language: str) -> None:
    assert preferred(asked) == language
    assert language_of([(b"host", b"x"), (b"accept-language", asked.encode())]) == language


def test_several_lines_are_one_list_and_none_is_english() -> None:
    assert language_of([]) == "en"
    assert language_of([(b"accept-language", b"en;q=0.2"), (b"accept-language", b"vi")]) == "vi"


@given(st.binary(max_size=200))
def test_any_header_gives_a_language(value: bytes) -> None:
    assert language_of([(b"accept-language", value)]) in {"vi", "en"}


def test_words_are_filled_in_their_own_language_and_never_twice() -> None:
    filled = Common.EXPECTED_GOT.value.filled(expected=listed(["a", "b", "c"], 2), got="{got} {x")
    assert filled == ("cần a, b và 1 mục khác, nhận được {got} {x", "expected a, b and 1 more, got {got} {x")


CONTEXT = {
    "attribute": "a", "error": "an error of theirs", "method_name": "m", "class_name": "C", "class": "C", "gt": 1,
    "ge": 1, "lt": 1, "le": 1, "multiple_of": 2, "field_type": "List", "min_length": 2, "max_length": 3,
    "actual_length": 4, "pattern": "^x$", "expected": "'a' or 'b'", "encoding": "utf-8", "encoding_error": "theirs",
    "tz_expected": 1, "tz_actual": 2, "discriminator": "'type'", "tag": "t", "expected_tags": "'a', 'b'",
    "expected_schemes": "'http'", "expected_version": 4, "max_digits": 1, "decimal_places": 1, "whole_digits": 1,
}  # fmt: skip


def raised(kind: ErrorType) -> ValidationError:
    context = {**CONTEXT, "error": ValueError("of theirs")} if kind in {"value_error", "assertion_error"} else CONTEXT
    line = InitErrorDetails(type=kind, loc=("data", "x"), input=1, ctx=dict(context))
    return ValidationError.from_exception_data("event", [line], input_type="json")


@pytest.mark.parametrize("kind", get_args(ErrorType))
def test_no_text_of_pydantic_s_own_leaves_in_any_language(kind: ErrorType) -> None:
    error = raised(kind)
    theirs = error.errors(include_url=False)[0]["msg"]
    (refusal,) = refusals_of(error)
    for language in ("vi", "en"):
        said = str(refusal.to_json(language)["message"])
        assert theirs not in said
        assert "Input should" not in said
        assert "theirs" not in said
    assert not english_in(refusal.to_json("vi")["message"].replace("'a', 'b'", ""))
    ours = expected_by_model(kind, dict(error.errors(include_url=False)[0].get("ctx", {})))
    assert ours.vi != ours.en


def test_a_dead_event_s_reason_has_none_either() -> None:
    stamps = {"sender": "a", "province": "20@1", "acceptedat": "2023-03-15T08:00:00+07:00"}
    made = {**counselling(), **stamps}
    made["data"] = {**made["data"], "female": "x"}
    assert fault_of(made) == "vn.kip.activity.recorded.v1.data.female: expected a whole number"


@pytest.mark.parametrize(
    "body",
    [
        b'{"a":', b"[1,]", b"{} x", b"nul", b"\xff", b'"\xff"', b'["a\n"]', b"{a:1}", b"[NaN]", b'"\\ud800"', b"",
        b"[" * 300, b'{"a" 1}', b"01", b"[1 2]", b'"a', b"1e", b'{"a":1,}', b'"\\x"', b'{"a":1,"a":2}',
    ],
)  # fmt: skip
def test_broken_json_is_told_in_our_own_words(body: bytes) -> None:
    with pytest.raises(UnreadableError) as refused:
        load(body)
    assert refused.value.words.vi.startswith("cần ")
    assert not english_in(refused.value.words.vi)
    assert refused.value.words.en.startswith("expected ")


def test_the_pages_of_errors_are_in_both_languages() -> None:
    page = (Path(ROOT) / "docs" / "errors.md").read_text(encoding="utf-8")
    english, vietnamese = page.split("# Từ chối: ý nghĩa và cách khắc phục")
    codes = [
        {line.split("|")[1].strip() for line in part.splitlines() if line.startswith("| `")}
        for part in (english, vietnamese)
    ]
    assert codes[0] == codes[1]
    assert len(codes[0]) > 50


def test_the_pages_of_errors_have_whatever_officers_are_told() -> None:
    page = (Path(ROOT) / "docs" / "errors.md").read_text(encoding="utf-8")
    told = [reason.value for reason in Decline] + list(NOBODY.values())
    told += [refused_body(reason, reason.value) for reason in BODY_ERRORS]
    for status, code, words in told:
        for language in ("en", "vi"):
            assert f"| `{code}` | {status} | `{words.in_language(language)}` |" in page
    for reason in (LimitWords.BROKE_OFF, LimitWords.TOO_MANY):  # nothing was expected that would be named
        assert refused_body(reason, reason.value).words == reason.value
