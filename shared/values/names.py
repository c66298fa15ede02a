"""Names that people give to officers and senders: words on one line, all of them to be seen. Pure.

They stand in letters, whose lines say what is asked, on pages, in logs, and on an operator's terminal.
"""

import re
import unicodedata

LONGEST_NAME = 200
# Letters and marks by their category that have no shape, or a space's: fillers, joiners, selectors, an empty pattern.
_SHAPELESS = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0100-\U000e01ef]"
)


def spaced(name: str) -> str:
    """Write a name in NFC with one space where there are several."""
    return " ".join(unicodedata.normalize("NFC", name).split())


def expected_instead(words: str) -> str | None:
    """Say what was expected where `words`, which are `spaced`, are no name; None where they are one."""
    unseen = any(letter != " " and unicodedata.category(letter)[0] in "CZ" for letter in words)
    if unseen or _SHAPELESS.search(words) or "://" in words or not any(map(str.isalnum, words)):
        return "words without links and without what can't be seen"
    return f"at most {LONGEST_NAME} letters" if len(words) > LONGEST_NAME else None
