"""What belongs to a person is found however it is written, and what doesn't is let through."""

import random
import uuid
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from shared.personal_data import in_identifier, in_text

TEXTS: dict[str, list[Any]] = YAML(typ="safe").load(Path(__file__).with_name("personal_texts.yaml"))
YEAR = 2026
UUIDS = 200_000


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
