"""What is wrong with answers, and what is only unusual. Pure.

Wrong is what the door would refuse (`shared/domain/data_rules.py`) and parts that exceed their whole. Unusual is what
figures are flagged for (`shared/programme/soft_checks.py`), a ratio that moved by much, and a zero after a figure: it
is confirmed with a reason.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from services.board.report.fields import (
    COMPONENT,
    DENOMINATOR,
    NUMERATOR,
    PART,
    Breakdown,
    Figure,
    Form,
)
from services.board.report.words import DoubtWords, FieldWords, decimal, rate
from shared.domain.data_rules import activity_faults, day_fault, figure_faults, unknown
from shared.domain.events import ActivityRecorded, IndicatorReported, Problem
from shared.domain.refusals import Code, Refusal
from shared.programme.figure_words import whole
from shared.programme.soft_checks import Flag, percentage, ratio_moved, soft_flags
from shared.values.personal_data import in_text
from shared.wording.words import Words

ZERO, RATIO = "zero_after_figure", "ratio_changed"
_ACTIVITY_FIELDS = {"data.domain": "by.domain"}  # an event has a field of its own for this dimension
_FIELD_OF_FLAG = {
    Flag.DENOMINATOR_CHANGED: DENOMINATOR,
    Flag.BELOW_MINIMUM: NUMERATOR,
    Flag.ABOVE_MAXIMUM: NUMERATOR,
}
# What a doubt is about, where that isn't the figure as a whole.
_ABOUT = {Flag.DENOMINATOR_CHANGED: (DENOMINATOR,), ZERO: (NUMERATOR,)}


@dataclass(frozen=True, slots=True)
class Limit:
    """The counts of these fields add up to the count of `whole` at most; `dimension` is the label of several's."""

    fields: tuple[str, ...]
    whole: str
    dimension: str | None = None

    def expected(self, total: object) -> Words:
        """Say what was expected of them."""
        if self.dimension is None:
            return FieldWords.PART_AT_MOST.value.filled(total=total)
        return FieldWords.PARTS_AT_MOST.value.filled(dimension=self.dimension, total=total)


@dataclass(frozen=True, slots=True)
class Earlier:
    """A figure of an earlier period, with that period's name."""

    period: Words
    numerator: int
    denominator: int

    def value(self, per: int) -> float | None:
        """Its value, in so many of `per`."""
        return percentage(self.numerator, self.denominator, per)


@dataclass(frozen=True, slots=True)
class Doubt:
    """Something unusual about a figure: a stable name, the field that it is seen at, and what is said."""

    name: str
    field: str
    words: Words


def counts_in_doubt(name: str) -> tuple[str, ...]:
    """Name the counts that a doubt of this name is about: its reason holds as long as these stay as they are."""
    return _ABOUT.get(name, (NUMERATOR, DENOMINATOR))


def limits_of(figure: Figure) -> Iterator[Limit]:
    """List what the parts of a figure must not exceed: the whole, together, or each where options overlap."""
    for breakdown in figure.breakdowns:
        for name in (NUMERATOR, DENOMINATOR):
            fields = tuple(getattr(part, name) for part in breakdown.parts)
            yield from _limits(breakdown, fields, name)


def _limits(breakdown: Breakdown, fields: tuple[str, ...], name: str) -> Iterator[Limit]:
    if breakdown.exclusive:
        yield Limit(fields, name, breakdown.label)
    else:
        yield from (Limit((field,), name) for field in fields)


def wrong_figure(form: Form, figure: Figure, data: IndicatorReported) -> list[Refusal]:
    """Say what is wrong with a figure, each at its field."""
    counts = _counts(data)
    found = [replace(item, field=_field(item.field, data)) for item in
             figure_faults(data, figure.indicator, form.programme)]  # fmt: skip
    for limit in limits_of(figure):
        given = [field for field in limit.fields if field in counts]
        if given and sum(counts[field] for field in given) > counts[limit.whole]:
            expected = limit.expected(counts[limit.whole])
            found.append(Refusal(Code.VALUE_INVALID, given[0], expected, sum(counts[field] for field in given)))
    return [*found, *_wrong_kept(figure, data)]


def _wrong_kept(figure: Figure, data: IndicatorReported) -> Iterator[Refusal]:
    """Refuse a whole that is less than a part which the form doesn't ask for."""
    asked = {(part.dimension, part.option) for part in figure.parts}
    kept = [split for split in data.breakdown if len(split.by) > 1 or not asked.issuperset(split.by.items())]
    for name in (NUMERATOR, DENOMINATOR):
        total, least = getattr(data, name), max((getattr(split, name) for split in kept), default=0)
        if total is not None and total < least:
            yield Refusal(Code.VALUE_INVALID, name, FieldWords.AT_LEAST_KEPT.value.filled(least=least), total)


def _counts(data: IndicatorReported) -> Mapping[str, int]:
    """List the counts of a figure by their fields."""
    found = {name: count for name in (NUMERATOR, DENOMINATOR) if (count := getattr(data, name)) is not None}
    for split in data.breakdown:
        if len(split.by) == 1:
            place = _place(split.by)
            found |= {f"{place}.{NUMERATOR}": split.numerator, f"{place}.{DENOMINATOR}": split.denominator}
    return found


def _place(by: Mapping[str, str]) -> str:
    ((dimension, option),) = by.items()
    return f"{PART}.{dimension}.{option}"


def _field(path: str, data: IndicatorReported) -> str:
    """Name the form's field for a path in an event: `part.sex.female.numerator` for `data.breakdown.0.numerator`."""
    _, name, *rest = path.split(".")
    if name == "breakdown":
        split = data.breakdown[int(rest[0])]
        return f"{_place(split.by)}.{rest[1]}" if len(split.by) == 1 else NUMERATOR
    return f"{COMPONENT}.{rest[0]}" if name == "components" and rest else name


def doubts(figure: Figure, data: IndicatorReported, earlier: Sequence[Earlier]) -> list[Doubt]:
    """Say what is unusual about a figure, beside earlier ones; the first is that of the period before."""
    if data.numerator is None or data.denominator is None:
        return []
    indicator = figure.indicator
    value = percentage(data.numerator, data.denominator, indicator.per)
    found: dict[str, Doubt] = {}
    for known in earlier or (None,):
        before = known.denominator if known is not None else None
        flags = soft_flags(indicator.checks, value, data.denominator, before) if value is not None else []
        for flag in flags:
            said = _words(flag, figure, data, value or 0, known)
            found.setdefault(flag, Doubt(flag, _FIELD_OF_FLAG[flag], said))
    if earlier and data.numerator == 0 and earlier[0].numerator > 0:
        said = DoubtWords.ZERO.value.filled(period=earlier[0].period, before=whole(earlier[0].numerator))
        found[ZERO] = Doubt(ZERO, NUMERATOR, said)
    elif earlier and value is not None and _moved(figure, value, data.denominator, earlier[0]):
        found[RATIO] = Doubt(RATIO, NUMERATOR, ratio_words(figure, rate(value, indicator.per), earlier[0]))
    return list(found.values())


def _moved(figure: Figure, value: float, denominator: int, known: Earlier) -> bool:
    checks, per = figure.indicator.checks, figure.indicator.per
    before = known.value(per)
    return before is not None and ratio_moved(checks, value, before, denominator, per)


def ratio_words(figure: Figure, value: Words, known: Earlier) -> Words:
    """Say that a value, as it is written, is far from the one before."""
    per = figure.indicator.per
    return DoubtWords.RATIO_CHANGED.value.filled(
        value=value, period=known.period, before=rate(known.value(per) or 0, per)
    )


def _words(flag: Flag, figure: Figure, data: IndicatorReported, value: float, known: Earlier | None) -> Words:
    checks, per = figure.indicator.checks, figure.indicator.per
    if flag is Flag.DENOMINATOR_CHANGED and known is not None and data.denominator is not None:
        change = 100 * abs(data.denominator - known.denominator) / known.denominator
        return DoubtWords.DENOMINATOR_CHANGED.value.filled(
            change=decimal(change), period=known.period, before=whole(known.denominator)
        )
    if flag is Flag.BELOW_MINIMUM:
        return DoubtWords.BELOW.value.filled(value=rate(value, per), limit=rate(checks.minimum or 0, per))
    return DoubtWords.ABOVE.value.filled(value=rate(value, per), limit=rate(checks.maximum or 0, per))


def wrong_activity(form: Form, data: ActivityRecorded, today: date) -> list[Refusal]:
    """Say what is wrong with an activity: also a day that belongs to another period's report."""
    day = day_fault(data, form.programme, today)
    found = [day] if day is not None else []
    calendar = form.programme.calendar
    if day is None and not calendar.start(form.period) <= data.held_on <= calendar.end(form.period):
        expected = FieldWords.IN_PERIOD.value.filled(days=form.period_days)
        found.append(Refusal(Code.VALUE_INVALID, "data.held_on", expected, data.held_on.isoformat()))
    found += activity_faults(data, form.programme)
    return [replace(item, field=_ACTIVITY_FIELDS.get(item.field, item.field.removeprefix("data."))) for item in found]


def wrong_problem(form: Form, data: Problem, today: date) -> list[Refusal]:
    """Refuse what may belong to a person, as nobody's number stands in a problem's text, and an unknown field."""
    found = [Refusal(Code.PERSONAL_DATA, "text")] if in_text(data.text, today.year) is not None else []
    known = [item.slug for item in form.domains]
    if data.domain is not None and data.domain not in known:
        found.append(unknown(Code.OPTION_UNKNOWN, "domain", known, data.domain))
    return found
