"""The Vietnamese alphabetical order, against ICU's: `vietnamese_order.txt` and the hash are what ICU 78.3 sorted."""

import csv
from hashlib import sha256
from pathlib import Path
from random import Random

from shared.wording.alphabet import alphabetical
from tests.system import ROOT

# icu.Collator.createInstance(icu.Locale("vi")) of PyICU on the distinct names of data/units.csv, a line each.
NAMES, NAMES_ORDERED = 9397, "2e9b5d78e36c787f0fa33bcd125ee51e8e9b213230c8a52051010e10fcf761e1"


def shuffled(ordered: list[str]) -> list[str]:
    mixed = sorted(ordered)
    Random(7).shuffle(mixed)
    return mixed


def test_words_are_in_the_order_in_which_icu_puts_them() -> None:
    ordered = (Path(__file__).parent / "vietnamese_order.txt").read_text(encoding="utf-8").splitlines()
    assert len(ordered) > 300
    assert sorted(shuffled(ordered), key=alphabetical) == ordered


def test_so_are_all_names_of_the_register() -> None:
    with (ROOT / "data" / "units.csv").open(encoding="utf-8", newline="") as file:
        names = {row["name"] for row in csv.DictReader(file)}
    ordered = "".join(f"{name}\n" for name in sorted(names, key=alphabetical))
    assert (len(names), sha256(ordered.encode()).hexdigest()) == (NAMES, NAMES_ORDERED)


def test_letters_come_before_tones_and_tones_before_capitals() -> None:
    assert sorted(["Bình", "Bắc", "Đà", "Da", "dá", "ba", "Bà"], key=alphabetical) == [
        "ba", "Bà", "Bắc", "Bình", "Da", "dá", "Đà",
    ]  # fmt: skip
    assert sorted(["HÒA", "hòa", "hoa"], key=alphabetical) == ["hoa", "hòa", "HÒA"]
