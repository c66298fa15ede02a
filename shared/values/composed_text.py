"""Unicode's normal forms, in a time that grows with a text's length alone: some systems write «ó» as two characters.

The standard library sorts the marks behind a letter by insertion: a letter with 40,000 of them takes it seconds, in
which nothing else of the process runs. Marks in such numbers are put in order before it gets them.

Source: Unicode Standard Annex 15; section 3.11 of the standard (canonical ordering).
"""

from collections.abc import Iterator
from functools import lru_cache
from typing import Literal, TypeAlias
from unicodedata import combining, normalize

_SHORT = 128  # marks behind a letter: whatever they are, they are sorted at once
_STEP = _SHORT // 2  # a run that is longer than this holds one of the places that are looked at
_Apart: TypeAlias = Literal["NFD", "NFKD"]


def composed(text: str, form: Literal["NFC", "NFKC"] = "NFC") -> str:
    """Write the text in this normal form, the same as the standard library's."""
    if text.isascii():
        return text
    if len(text) <= _SHORT:
        return normalize(form, text)
    apart: _Apart = "NFD" if form == "NFC" else "NFKD"
    pieces: list[str] = []
    done = 0
    for begin, end in _long_runs(text, apart):
        # What is in order already costs an insertion nothing.
        marks = "".join(_taken_apart(mark, apart) for mark in text[begin:end])
        pieces += [text[done:begin], *sorted(marks, key=combining)]
        done = end
    return normalize(form, "".join([*pieces, text[done:]]) if pieces else text)


def _long_runs(text: str, apart: _Apart) -> Iterator[tuple[int, int]]:
    """Find where more than _SHORT marks follow each other: begin and end."""
    at = 0
    while at < len(text):
        if not _is_mark(text[at], apart):
            at += _STEP
            continue
        begin, end = at, at + 1
        while begin and _is_mark(text[begin - 1], apart):
            begin -= 1
        while end < len(text) and _is_mark(text[end], apart):
            end += 1
        if end - begin > _SHORT:
            yield begin, end
        at = end + _STEP


@lru_cache(maxsize=4096)
def _taken_apart(letter: str, apart: _Apart) -> str:
    return normalize(apart, letter)


@lru_cache(maxsize=4096)
def _is_mark(letter: str, apart: _Apart) -> bool:
    return all(map(combining, normalize(apart, letter)))
