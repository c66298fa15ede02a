"""The rules of a figure as data, for the module that checks while somebody types. Pure.

They are made of what the server checks by, so that the two can't differ: the patterns by which numbers are read, the
limits, the doubts with their words. `static/check.js` reads them; without it the server says the same.
"""

import re
from collections.abc import Sequence

from services.board.report.checks import RATIO, ZERO, Earlier, Limit, limits_of, ratio_words
from services.board.report.fields import DENOMINATOR, NUMERATOR, Figure
from services.board.report.typed import NUMBER, one_group
from services.board.report.words import DoubtWords, FieldWords, rate, rate_of
from shared.domain.events import MAX_COUNT
from shared.domain.refusals import Code, Refusal
from shared.programme.figure_words import whole
from shared.programme.soft_checks import MOVED, Flag
from shared.values.written_numbers import GROUPED, LONGEST, PLAIN, SPACES, TWO_MEANINGS
from shared.wording.words import Told, Words, in_both

_TOTAL, _CHANGE, _VALUE = "{total}", "{change}", "{value}"


def rules_of(figure: Figure, earlier: Sequence[Earlier], language: str) -> dict[str, object]:
    """Write the rules of a figure of counts; None of them hold for components, which are chosen.

    `most` bounds a count; `numbers` are the patterns of `shared/values/written_numbers.py`, and `own` how the page
    writes thousands. A limit says that its `fields` add up to `whole` at most. A doubt says when it is seen at its
    `field`: the count or value that it is `of` is below `least` or above `most`, or is further than `change` times
    `scale` from the one `before`; that alone is seen of a `ratio`, which is a value above 0, and only where it moves by
    so `few` of what is counted times `per`.
    """
    return {
        "most": MAX_COUNT,
        "per": figure.indicator.per,
        "numbers": {
            "longest": LONGEST,
            "spaces": _script(SPACES),
            "own": one_group(language),
            "plain": _script(PLAIN),
            "grouped": _script(GROUPED),
            "twoMeanings": _script(TWO_MEANINGS),
        },
        "words": {
            "number": _refusal(Code.VALUE_INVALID, NUMBER, language),
            "twoMeanings": _refusal(Code.VALUE_INVALID, FieldWords.TWO_MEANINGS.value, language),
        },
        "limits": [
            {"fields": list(limit.fields), "whole": limit.whole, "words": _limit_words(limit, language)}
            for limit in [*_ratios(figure), *limits_of(figure)]
        ],
        "doubts": [
            *_changed(figure, earlier, language),
            *_out_of_range(figure, language),
            *_zero(earlier, language),
            *_moved(figure, earlier, language),
        ],
    }


def _script(pattern: re.Pattern[str]) -> str:
    """Write a pattern as a browser reads it: groups have their names in another way there."""
    return re.sub(r"\(\?P=(\w+)\)", r"\\k<\1>", pattern.pattern.replace("(?P<", "(?<"))


def _ratios(figure: Figure) -> list[Limit]:
    pairs = [(NUMERATOR, DENOMINATOR), *((part.numerator, part.denominator) for part in figure.parts)]
    return [Limit((numerator,), denominator) for numerator, denominator in pairs]


def _limit_words(limit: Limit, language: str) -> str:
    if limit.whole.endswith(DENOMINATOR) and limit.fields[0].endswith(NUMERATOR):
        return _refusal(Code.NUMERATOR_EXCEEDS_DENOMINATOR, _TOTAL, language)
    return _refusal(Code.VALUE_INVALID, limit.expected(_TOTAL), language)


def _refusal(code: Code, expected: Told, language: str) -> str:
    return Refusal(code, "", expected).message(language)


def _changed(figure: Figure, earlier: Sequence[Earlier], language: str) -> list[dict[str, object]]:
    change = figure.indicator.checks.denominator_change
    if change is None:
        return []
    return [
        {
            "name": Flag.DENOMINATOR_CHANGED.value,
            "field": DENOMINATOR,
            "of": DENOMINATOR,
            "before": known.denominator,
            "scale": known.denominator,
            "change": change,
            "words": _said(DoubtWords.DENOMINATOR_CHANGED.value, known.period, known.denominator, language),
        }
        for known in earlier
        if known.denominator
    ]


def _out_of_range(figure: Figure, language: str) -> list[dict[str, object]]:
    checks, per = figure.indicator.checks, figure.indicator.per
    limits = (
        (Flag.BELOW_MINIMUM, "least", checks.minimum, DoubtWords.BELOW.value),
        (Flag.ABOVE_MAXIMUM, "most", checks.maximum, DoubtWords.ABOVE.value),
    )
    return [
        {
            "name": flag.value,
            "field": NUMERATOR,
            "of": "value",
            name: limit,
            "words": words.filled(value=rate_of(in_both(_VALUE), per), limit=rate(limit, per)).in_language(language),
        }
        for flag, name, limit, words in limits
        if limit is not None
    ]


def _zero(earlier: Sequence[Earlier], language: str) -> list[dict[str, object]]:
    if not earlier or not earlier[0].numerator:
        return []
    words = _said(DoubtWords.ZERO.value, earlier[0].period, earlier[0].numerator, language)
    return [{"name": ZERO, "field": NUMERATOR, "of": NUMERATOR, "least": 1, "words": words}]


def _moved(figure: Figure, earlier: Sequence[Earlier], language: str) -> list[dict[str, object]]:
    checks, per = figure.indicator.checks, figure.indicator.per
    before = earlier[0].value(per) if earlier else None
    if before is None or checks.ratio_change is None:
        return []
    words = ratio_words(figure, rate_of(in_both(_VALUE), per), earlier[0]).in_language(language)
    return [
        {
            "name": RATIO,
            "field": NUMERATOR,
            "of": "ratio",
            "before": before,
            "scale": 1,
            "change": checks.ratio_change * per,
            "few": MOVED * per,
            "words": words,
        }
    ]


def _said(words: Words, period: Words, before: int, language: str) -> str:
    return words.filled(period=period, before=whole(before), change=_CHANGE).in_language(language)
