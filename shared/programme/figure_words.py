"""How a figure is written for people: «412 trên 530», or its components with yes and no. Pure."""

from collections.abc import Mapping
from enum import Enum

from babel.numbers import format_decimal

from shared.domain.events import FigureSaid
from shared.programme.model import Programme
from shared.wording.words import Words, joined


class FigureWords(Enum):
    """The words of figures."""

    RATIO = Words("{numerator} trên {denominator}", "{numerator} of {denominator}")
    NO_FIGURE = Words("không có số liệu", "no figure")
    YES = Words("có", "yes")
    NO = Words("không", "no")


def whole(number: int) -> Words:
    """Write a count as each language groups its digits."""
    return Words(format_decimal(number, locale="vi"), format_decimal(number, locale="en"))


def ratio(numerator: int, denominator: int) -> Words:
    """Write a numerator and its denominator."""
    return FigureWords.RATIO.value.filled(numerator=whole(numerator), denominator=whole(denominator))


def states(labels: Mapping[str, Words], answered: Mapping[str, bool]) -> Words:
    """Write components with what was answered, in the order of their labels."""
    told = [
        joined([label, (FigureWords.YES if answered[slug] else FigureWords.NO).value], ": ")
        for slug, label in labels.items()
        if slug in answered
    ]
    return joined(told, "; ")


def figure_words(programme: Programme, indicator: str, said: FigureSaid | None) -> Words:
    """Write what an event said of an indicator; None: it was withdrawn."""
    if said is None or (said.numerator is None and not said.components):
        return FigureWords.NO_FIGURE.value
    if said.components:
        known = programme.indicator.get(indicator)
        both = {item.slug: Words(*(programme.text(item.label, it) for it in ("vi", "en"))) for item in
                (known.components if known is not None else ())}  # fmt: skip
        return states(both, said.components)
    return ratio(said.numerator or 0, said.denominator or 0)
