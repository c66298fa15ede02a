"""What is said to people in either language."""

from collections.abc import Iterable, Sequence
from enum import Enum
from typing import NamedTuple, TypeAlias


class Words(NamedTuple):
    """One thing in Vietnamese and in English. In a table they may hold `{placeholders}`, the same in both.

    English words that go by a number write both forms beside it: `{count} {count:report|reports}`.
    """

    vi: str
    en: str

    def in_language(self, language: str) -> str:
        """Return the words in `vi`, else in English."""
        return self.vi if language == "vi" else self.en

    def filled(self, **values: object) -> "Words":
        """Fill the placeholders: Words in their own language, anything else as its text."""
        return Words(
            self.vi.format_map({name: _Filling(said(value, "vi")) for name, value in values.items()}),
            self.en.format_map({name: _Filling(said(value, "en")) for name, value in values.items()}),
        )


class _Filling(str):
    """What a placeholder is filled with. Written `{count:one|many}` it chooses between these, as the number is one."""

    __slots__ = ()

    def __format__(self, forms: str) -> str:
        one, either, many = forms.partition("|")
        if not either:
            return super().__format__(forms)
        return one if self == "1" else many


# Words, or what needs no translation: a name, a number, a list of slugs.
Told: TypeAlias = Words | str


class Common(Enum):
    """What every kind of message is put together with."""

    EXPECTED_GOT = Words("cần {expected}, nhận được {got}", "expected {expected}, got {got}")
    GOT = Words("{expected}, nhận được {got}", "{expected}, got {got}")
    EXPECTED = Words("cần {expected}", "expected {expected}")
    OR = Words("{first} hoặc {last}", "{first} or {last}")
    AND_MORE = Words("{names} và {count} mục khác", "{names} and {count} more")
    NOTHING = Words("(trống)", "none")
    BYTES_AT_MOST = Words("{most} byte", "{most} bytes at most")
    TRUTH = Words("true hoặc false", "true or false")
    NUMBER = Words("một số", "a number")
    WHOLE_NUMBER = Words("một số nguyên", "a whole number")
    OBJECT = Words("một đối tượng", "an object")
    OTHER_KIND = Words("một giá trị thuộc loại khác", "a value of another kind")
    A_YEAR = Words("một năm như 2023", "a year like 2023")


def said(value: object, language: str) -> str:
    """Write a value in a language."""
    return value.in_language(language) if isinstance(value, Words) else str(value)


def in_both(told: Told) -> Words:
    """Return the same as Words."""
    return told if isinstance(told, Words) else Words(told, told)


def listed(names: Iterable[str], most: int | None = None) -> Words:
    """Join names by commas, of more than `most` the first; a word of its own for none."""
    found = list(names)
    if not found:
        return Common.NOTHING.value
    shown = ", ".join(found[:most])
    if most is None or len(found) <= most:
        return Words(shown, shown)
    return Common.AND_MORE.value.filled(names=shown, count=len(found) - most)


def joined(parts: Sequence[Words], between: str) -> Words:
    """Join several things in a row."""
    return Words(between.join(part.vi for part in parts), between.join(part.en for part in parts))
