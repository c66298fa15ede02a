"""The Vietnamese alphabetical order: Bắc before Bình, Đ after D; where only tones differ, the unmarked comes first.

Source: Unicode CLDR 48, `common/collation/vi.xml`: ă and â follow a, đ follows d, ê e, ô and ơ o, ư u as letters of
their own, and tones decide where the letters don't (none, huyền, hỏi, ngã, sắc, nặng). Written here because nothing
that can be installed does it: PostgreSQL's ICU collations are missing from builds without ICU (that of `make run` is
one), the only binding of ICU with a collator and with wheels weighs 170 MB, and what implements the plain Unicode
algorithm takes no tailoring.
"""

from functools import lru_cache
from typing import TypeAlias
from unicodedata import normalize

Place: TypeAlias = tuple[tuple[int, ...], tuple[int, ...], tuple[bool, ...]]

_BREVE, _CIRCUMFLEX, _HORN = "\N{COMBINING BREVE}", "\N{COMBINING CIRCUMFLEX ACCENT}", "\N{COMBINING HORN}"
_TONES = {
    "\N{COMBINING GRAVE ACCENT}": 1,
    "\N{COMBINING HOOK ABOVE}": 2,
    "\N{COMBINING TILDE}": 3,
    "\N{COMBINING ACUTE ACCENT}": 4,
    "\N{COMBINING DOT BELOW}": 5,
}
_MARKS = {_BREVE: 1, _CIRCUMFLEX: 2, _HORN: 3}
_LETTERS_OF_THEIR_OWN = frozenset({"a" + _BREVE, "a" + _CIRCUMFLEX, "e" + _CIRCUMFLEX, "o" + _CIRCUMFLEX, "o" + _HORN,
                                   "u" + _HORN})  # fmt: skip
_OTHER_SIGNS, _DIGITS, _LETTERS = 0, 1 << 22, 1 << 23  # ICU's order: signs, digits, letters
_PLACES_A_LETTER = 4


@lru_cache(maxsize=1 << 14)
def alphabetical(text: str) -> Place:
    """Return the text's place among others, for `sorted`: by its letters, then its tones, then small before capital."""
    letters: list[int] = []
    tones: list[int] = []
    capitals: list[bool] = []
    base = ""
    for sign in normalize("NFD", text):
        if sign in _TONES and tones:
            tones[-1] = _TONES[sign]
        elif sign in _MARKS and base + sign in _LETTERS_OF_THEIR_OWN:
            letters[-1] += _MARKS[sign]
        else:
            base = sign.lower()
            letters.append(_place(base))
            tones.append(0)
            capitals.append(sign != base)
    return tuple(letters), tuple(tones), tuple(capitals)


def _place(small: str) -> int:
    if small == "đ":
        return _place("d") + 1
    kind = _LETTERS if small.isalpha() else _DIGITS if small.isdigit() else _OTHER_SIGNS
    return kind + ord(small[0]) * _PLACES_A_LETTER
