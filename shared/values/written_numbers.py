"""Whole numbers as people and their programs write them: `1 234`, `1.234.567`, `1,234.00`, `412.0`. Pure.

Grouping and decimal signs differ from country to country, so that `1.234` has two meanings, and so has `1500.000`. A
text that has one meaning as a whole number is that number; one with two is refused, and so is a fraction.
"""

import re

from shared.values.scalars import ScalarError, ScalarWords, shown, whole_number

# Between groups of three: the plain, no-break, figure, thin and narrow no-break space.
SPACES = re.compile("[\u00a0\u2007\u2009\u202f]")
LONGEST = 60
PLAIN = re.compile(r"(\d+)(?:[.,](?P<zeros>0{1,20}))?", re.ASCII)
GROUPED = re.compile(
    r"([1-9]\d{0,2}(?:(?P<by>[., ])\d{3})(?:(?P=by)\d{3})*)(?:(?!(?P=by))[.,](?P<zeros>0{1,20}))?", re.ASCII
)
TWO_MEANINGS = re.compile(r"[1-9]\d{0,2}[.,]\d{3}", re.ASCII)


class TwoMeaningsError(ScalarError):
    """A number that is one for some of its readers and another one for others."""


def written_whole_number(text: str, most: int) -> int:
    """Read the whole number from 0 to `most` that the text is. Raises ScalarError, TwoMeaningsError where it may be
    two.
    """
    plain = SPACES.sub(" ", text.strip())
    if len(plain) > LONGEST:
        raise _no_number(text, most)
    if TWO_MEANINGS.fullmatch(plain):
        raise _two_meanings(text, most)
    found = PLAIN.fullmatch(plain) or GROUPED.fullmatch(plain)
    if found is None:
        raise _no_number(text, most)
    if found["zeros"] == "000" and set(found[1]) & set("123456789"):  # of thousands, where signs are set carelessly
        raise _two_meanings(text, most)
    return whole_number(re.sub(r"[., ]", "", found[1]).lstrip("0") or "0", most=most)


def _no_number(text: str, most: int) -> ScalarError:
    return ScalarError(ScalarWords.WHOLE_NUMBER.value.filled(least=0, most=most), shown(text))


def _two_meanings(text: str, most: int) -> TwoMeaningsError:
    return TwoMeaningsError(ScalarWords.DIGITS_ALONE.value.filled(least=0, most=most), shown(text))
