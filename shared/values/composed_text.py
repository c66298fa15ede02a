"""Unicode's normal forms, in a time that grows with a text's length alone: some systems write «ó» as two characters.

The standard library sorts the marks behind a letter by insertion: a letter with 40,000 of them takes it seconds, in
which nothing else of the process runs.

Source: Unicode Standard Annex 15; section 3.11 of the standard (canonical ordering).
"""

from itertools import groupby
from typing import Literal
from unicodedata import combining, normalize

_SHORT = 128  # characters: whatever they are, they are sorted at once


def composed(text: str, form: Literal["NFC", "NFKC"] = "NFC") -> str:
    """Write the text in this normal form, the same as the standard library's."""
    if text.isascii():
        return text
    if len(text) <= _SHORT:
        return normalize(form, text)
    apart: Literal["NFD", "NFKD"] = "NFD" if form == "NFC" else "NFKD"
    letters = groupby((normalize(apart, letter) for letter in text), key=_is_mark)
    # What is in order already costs an insertion nothing.
    ordered = ("".join(sorted("".join(run), key=combining) if marks else run) for marks, run in letters)
    return normalize(form, "".join(ordered))


def _is_mark(apart: str) -> bool:
    return all(map(combining, apart))
