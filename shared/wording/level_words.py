"""What the levels of units are called where people read of them."""

from collections.abc import Iterable
from enum import Enum

from shared.wording.words import Words, joined, listed


class LevelWords(Enum):
    """The levels of Việt Nam's register by their names there, which a query or a file has to hold as they are."""

    NATION = Words("trung ương (nation)", "nation")
    PROVINCE = Words("tỉnh (province)", "province")
    DISTRICT = Words("huyện (district)", "district")
    COMMUNE = Words("xã (commune)", "commune")


_OF = {words.value.en: words.value for words in LevelWords}


def level_words(level: str) -> Words:
    """Return what a level is called; its own name where the register has another one."""
    return _OF.get(level, Words(level, level))


def levels_listed(levels: Iterable[str]) -> Words:
    """List several levels, in the order of their names."""
    found = sorted(levels)
    return joined([level_words(level) for level in found], ", ") if found else listed(found)
