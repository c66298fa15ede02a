"""What belongs to a person is found however it is written, and what doesn't is let through."""

import random
import unicodedata
import uuid
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ruamel.yaml import YAML

from shared.values.composed_text import composed
from shared.values.personal_data import in_identifier, in_text, named, repeatable

TEXTS: dict[str, list[Any]] = YAML(typ="safe").load(Path(__file__).with_name("personal_texts.yaml"))
YEAR = 2026
UUIDS = 200_000
LONG = 400_000  # characters: what took its square would take longer than any test may
# What once made a pattern begin anew at every letter, and the like of it for each other pattern.
WITHOUT_END = (
    "a", "@a", "a@", "a.", "0", "0 ", "1_", "1(-)", "a-", "+@", ": ", "sinh: ", "s.n. ", "sinh 01/02/1990 ",
    "123456789 đồng ", "123456789,", "1/2/199", "01234567-0123-0123-0123-0123456789ab/1", "Aa ",
    "\u0301\u0323", "\u0f73", "\uff9e\u0301",
)  # fmt: skip
BEGINNINGS = ("@", "111111", "sinh ngày ", "01234567-0123-0123-0123-0123456789ab/")


def found(item: Any) -> str | None:
    if isinstance(item, dict):
        return in_identifier(item["id"], YEAR)
    return in_text(item, YEAR)


@pytest.mark.parametrize("item", TEXTS["accepted"], ids=str)
def test_what_is_nobodys_is_let_through(item: Any) -> None:
    assert found(item) is None


@pytest.mark.parametrize(("kind", "item"), [pair for entry in TEXTS["refused"] for pair in entry.items()], ids=str)
def test_what_is_a_persons_is_found(kind: str, item: Any) -> None:
    assert found(item) == kind


def test_the_table_holds_sixty_of_each() -> None:
    assert len(TEXTS["accepted"]) >= 60
    assert len(TEXTS["refused"]) >= 60


def test_no_random_uuid_is_taken_for_a_number() -> None:
    chance = random.Random(2309)
    for _ in range(UUIDS):
        made = str(uuid.UUID(int=chance.getrandbits(128), version=4))
        assert in_identifier(made, YEAR) is None, made


@pytest.mark.parametrize("form", ["{}", "uuid:{}", "{}/0.3", "{}:1:2", "uuid:{}/12.1"])
def test_a_uuid_of_digits_only_is_nobodys(form: str) -> None:
    assert in_identifier(form.format("09123456-0912-4345-8678-091234567890"), YEAR) is None


def test_nobody_was_born_after_this_year() -> None:
    assert in_text("033227004321", 2026) is None
    assert in_text("033227004321", 2027) == "identity"


@pytest.mark.parametrize("piece", WITHOUT_END, ids=ascii)
def test_a_text_without_end_takes_no_more_than_its_length(piece: str) -> None:
    """Only the tests' own timeout bounds it."""
    beginning = BEGINNINGS[WITHOUT_END.index(piece) % len(BEGINNINGS)]
    for text in (piece * (LONG // len(piece)), beginning + piece * (LONG // len(piece))):
        in_text(text, YEAR)
    in_identifier(text, YEAR)


@given(st.text(st.sampled_from("@a.-0 +1:/\u0301\u0323ế"), min_size=1, max_size=8), st.sampled_from(BEGINNINGS))
@settings(max_examples=10, deadline=None)
def test_no_piece_that_comes_again_and_again_takes_more_than_its_length(piece: str, beginning: str) -> None:
    in_text(beginning + piece * 20_000, YEAR)


@given(st.text(st.sampled_from("a1\u0301\u0323\u0345\u0f71\u0f73\u0344\uff9e\u3099\ufdfa\u1100\u1161ế"), min_size=129))
def test_a_text_is_composed_as_unicode_says(text: str) -> None:
    assert composed(text, "NFC") == unicodedata.normalize("NFC", text)
    assert composed(text, "NFKC") == unicodedata.normalize("NFKC", text)


@pytest.mark.parametrize(("kind", "item"), [pair for entry in TEXTS["refused"] for pair in entry.items()], ids=str)
def test_what_is_a_persons_is_not_repeated(kind: str, item: Any) -> None:
    text = item["id"] if isinstance(item, dict) else item
    assert in_text(text, YEAR) is None or (repeatable(text, 60), named(text)) == (None, "…"), kind


@pytest.mark.parametrize("person", ["0912345678", "nguyen.thi.lan@example.vn", "033220004321"])
def test_what_is_cut_within_a_persons_number_is_not_repeated(person: str) -> None:
    for before in range(len(person)):
        assert repeatable("x" * (60 - before - 1) + " " + person, 60) is None


def test_a_text_is_cut_before_it_is_looked_at() -> None:
    assert repeatable("@" + "a" * LONG, 60) == "@" + "a" * 59 + "…"
    assert repeatable("x" * LONG + " 0912345678", 60) == "x" * 60 + "…"
    assert (named(""), named("06412"), named("0912345678")) == ("", "06412", "…")


@pytest.mark.parametrize("text", ["é" * 990, unicodedata.normalize("NFD", "Trẻ em ở thôn bản ") * 50])
def test_each_letter_of_a_long_text_is_looked_at_once_however_often_it_comes(
    text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    category = unicodedata.category
    monkeypatch.setattr(unicodedata, "category", lambda letter: asked.append(letter) or category(letter))
    assert in_text(text, 2026) is None
    assert sorted(asked) == sorted({letter for letter in unicodedata.normalize("NFC", text) if not letter.isascii()})


def test_marks_in_numbers_among_others_are_put_in_order_and_the_rest_is_left_to_unicode(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lengths: list[int] = []

    def counted(form: Any, text: str) -> str:
        lengths.append(len(text))
        return unicodedata.normalize(form, text)

    monkeypatch.setattr("shared.values.composed_text.normalize", counted)
    text = "thôn bản " * 50_000 + "a" + "\u0301\u0323" * 200 + "ộ" * 50_000
    assert composed(text) == unicodedata.normalize("NFC", text)
    assert len(lengths) < 100
