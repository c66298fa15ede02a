"""Reads what was typed into a form: numbers as sheets are read, days, texts. Pure.

What can't be read is refused at its field, in the words of the door; what was typed stays as it is.
"""

import re
from collections.abc import Mapping
from typing import NamedTuple

from services.board.pages.typed_days import TypedDayError, typed_day
from services.board.pages.written import day
from services.board.report.draft import ActivityAnswer, FigureAnswer, ProblemAnswer
from services.board.report.fields import COMPONENT, DENOMINATOR, NUMERATOR, ActivityType, Figure, Form
from services.board.report.words import FieldWords
from shared.domain.events import MAX_COUNT, ActivityRecorded, IndicatorReported, Money, Problem, Split
from shared.domain.refusals import Code, Refusal
from shared.domain.rule_words import WrittenWords, wanted
from shared.programme.figure_words import whole
from shared.values.model_words import expected_by_model
from shared.values.scalars import ScalarError
from shared.values.written_numbers import TwoMeaningsError, written_whole_number
from shared.wording.words import Common, Told, Words, in_both

YES, NO = "yes", "no"
PARTICIPANTS, MONEY, BY = "participants", "money", "by"
LONGEST_PROBLEM = 2000  # characters, as the event's model has it
NUMBER = WrittenWords.NUMBER.value.filled(most=MAX_COUNT)


class FigureRead(NamedTuple):
    """A figure as an event tells it, None where something in it can't be read, and what that is."""

    data: IndicatorReported | None
    refusals: list[Refusal]


class ActivityRead(NamedTuple):
    """The same of an activity."""

    data: ActivityRecorded | None
    refusals: list[Refusal]


class ProblemRead(NamedTuple):
    """The same of a problem."""

    data: Problem | None
    refusals: list[Refusal]


class _Reader:
    """Reads the fields of one page; `refusals` grows meanwhile."""

    def __init__(self, typed: Mapping[str, str]) -> None:
        self.typed = typed
        self.refusals: list[Refusal] = []

    def text(self, field: str) -> str:
        return self.typed.get(field, "").strip()

    def refuse(self, field: str, code: Code, expected: Told) -> None:
        self.refusals.append(Refusal(code, field, expected, self.text(field)))

    def count(self, field: str, *, required: bool = False) -> int | None:
        text = self.text(field)
        if not text:
            if required:
                self.refuse(field, Code.FIELD_MISSING, Common.WHOLE_NUMBER.value)
            return None
        try:
            return written_whole_number(text, MAX_COUNT)
        except TwoMeaningsError:
            digits = "".join(filter(str.isdecimal, text))
            self.refuse(field, Code.VALUE_INVALID, FieldWords.TWO_MEANINGS.value.filled(digits=digits))
        except ScalarError:
            self.refuse(field, Code.VALUE_INVALID, NUMBER)
        return None

    def truth(self, field: str) -> bool | None:
        text = self.text(field)
        if text not in {YES, NO}:
            self.refuse(field, Code.FIELD_MISSING, FieldWords.YES_OR_NO.value)
            return None
        return text == YES


def read_figure(form: Form, figure: Figure, answer: FigureAnswer) -> FigureRead:
    """Read a figure. Of a part both counts are needed, or none."""
    reader = _Reader(answer.typed)
    named: dict[str, object] = {
        "programme": form.programme.slug,
        "indicator": figure.indicator.slug,
        "agency": form.agency,
        "period": str(figure.period),
    }
    if figure.components:
        states = {item.slug: reader.truth(f"{COMPONENT}.{item.slug}") for item in figure.components}
        data: dict[str, object] = {**named, "components": states}
    else:
        whole = {name: reader.count(name, required=True) for name in (NUMERATOR, DENOMINATOR)}
        data = {**named, **whole, "breakdown": [*_splits(reader, figure), *answer.kept]}
    if reader.refusals:
        return FigureRead(None, reader.refusals)
    return FigureRead(IndicatorReported.model_validate(data), [])


def _splits(reader: _Reader, figure: Figure) -> list[Split]:
    found = []
    for part in figure.parts:
        if not (reader.text(part.numerator) or reader.text(part.denominator)):
            continue
        numerator = reader.count(part.numerator, required=True)
        denominator = reader.count(part.denominator, required=True)
        if numerator is not None and denominator is not None:
            found.append(Split(by={part.dimension: part.option}, numerator=numerator, denominator=denominator))
    return found


def read_activity(form: Form, answer: ActivityAnswer) -> ActivityRead:
    """Read an activity: its type, its day as day, month and year, counts, money by funding line."""
    reader = _Reader(answer.typed)
    activity = form.activity(reader.text("activity"))
    if activity is None:
        reader.refuse("activity", Code.FIELD_MISSING, FieldWords.ACTIVITY.value)
    held_on = _day(reader)
    groups = {item.slug: reader.count(f"{PARTICIPANTS}.{item.slug}") for item in form.groups}
    money = {item.slug: reader.count(f"{MONEY}.{item.slug}") for item in form.lines}
    female = reader.count("female")
    by = {
        dimension.slug: reader.text(f"{BY}.{dimension.slug}")
        for dimension, _ in (activity.dimensions if activity is not None else ())
    }
    if reader.refusals or activity is None or held_on is None:
        return ActivityRead(None, reader.refusals)
    domain = by.pop("domain", "")
    data = {
        "programme": form.programme.slug,
        "activity": activity.slug,
        "record": form.own_record(answer.record),
        "held_on": held_on,
        "agency": form.agency,
        "domain": domain or None,
        "by": {dimension: option for dimension, option in by.items() if option},
        "participants": {group: count for group, count in groups.items() if count is not None},
        "female": female,
        "money": [Money(line=line, amount=amount) for line, amount in money.items() if amount is not None],
    }
    return ActivityRead(ActivityRecorded.model_validate(data), [])


def activity_fields(form: Form, activity: ActivityType) -> list[str]:
    """Name the fields of an activity of this type: what else is posted is none of its page's."""
    return [
        *("activity", "held_on.day", "held_on.month", "held_on.year", "female"),
        *(f"{PARTICIPANTS}.{item.slug}" for item in form.groups),
        *(f"{MONEY}.{item.slug}" for item in form.lines),
        *(f"{BY}.{dimension.slug}" for dimension, _ in activity.dimensions),
    ]


def _day(reader: _Reader) -> str | None:
    text = held_on_text(reader.typed)
    try:
        return typed_day(text).isoformat()
    except TypedDayError as error:
        reader.refusals.append(Refusal(Code.VALUE_INVALID, "held_on", error.expected, text))
        return None


def one_group(language: str) -> str:
    """Write the pattern of a number of one group as the pages in this language write it: `1.134` in Vietnamese."""
    return rf"[1-9]\d{{0,2}}{re.escape(whole(1000).in_language(language)[1])}\d{{3}}"


def as_meant(typed: Mapping[str, str], language: str) -> dict[str, str]:
    """Take what was typed on a page of a language, `1.134` as `1134`: elsewhere it would have two meanings, but nobody
    counts fractions, and the page writes its own numbers so.
    """
    grouped = re.compile(one_group(language), re.ASCII)
    return {
        name: "".join(filter(str.isdecimal, text)) if grouped.fullmatch(text.strip()) else text
        for name, text in typed.items()
    }


def count_or_text(text: str) -> int | str | None:
    """Read what was typed as a number where it is one, else leave it as it was typed; None for nothing."""
    if not text.strip():
        return None
    try:
        return written_whole_number(text, MAX_COUNT)
    except ScalarError:
        return text


def held_on_text(typed: Mapping[str, str]) -> str:
    """Join the day as it was typed in three fields, or in one of them."""
    texts = (typed.get(f"held_on.{name}", "").strip() for name in ("day", "month", "year"))
    return "/".join(filter(None, texts))


def held_on_words(typed: Mapping[str, str]) -> Words:
    """Write the day that was typed as an office does; what is none as it was typed."""
    text = held_on_text(typed)
    try:
        return day(typed_day(text))
    except TypedDayError:
        return in_both(text)


def read_problem(form: Form, answer: ProblemAnswer) -> ProblemRead:
    """Read a problem: a text, and the field that it lies in."""
    reader = _Reader(answer.typed)
    text, domain = reader.text("text"), reader.text("domain")
    if not text:
        reader.refuse("text", Code.FIELD_MISSING, FieldWords.PROBLEM.value)
    elif len(text) > LONGEST_PROBLEM:
        expected = wanted(expected_by_model("string_too_long", {"max_length": LONGEST_PROBLEM}))
        reader.refusals.append(Refusal(Code.VALUE_INVALID, "text", expected, len(text)))
    elif "\x00" in text:
        reader.refuse("text", Code.VALUE_INVALID, wanted(expected_by_model("string_pattern_mismatch", {})))
    if reader.refusals:
        return ProblemRead(None, reader.refusals)
    data = {
        "programme": form.programme.slug,
        "record": form.own_record(answer.record),
        "agency": form.agency,
        "text": text,
    }
    return ProblemRead(Problem.model_validate({**data, "domain": domain or None}), [])
