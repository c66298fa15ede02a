"""What is wrong with the data of an event, whoever sends it from wherever: the door's rules, and the form's. Pure."""

from collections.abc import Iterable
from datetime import date

from shared.domain.duties import own_options
from shared.domain.events import ActivityRecorded, IndicatorReported
from shared.domain.periods import Period, PeriodKind
from shared.domain.refusals import Code, Refusal
from shared.domain.rule_words import RuleWords
from shared.domain.units import Unit
from shared.programme.indicators import Indicator
from shared.programme.model import Programme
from shared.wording.words import Common, Words, listed

LISTED = 12  # names that an answer gives of those that would have been right


def day_fault(data: ActivityRecorded, programme: Programme, today: date) -> Refusal | None:
    """Say why an activity can't have been held on that day."""
    if data.held_on > today:
        return Refusal(Code.PERIOD_FUTURE, "data.held_on", today.isoformat(), data.held_on.isoformat())
    if not programme.accepts_day(data.held_on):
        return closed(programme, "data.held_on", programme.calendar.containing(data.held_on, PeriodKind.MONTH))
    return None


def activity_faults(data: ActivityRecorded, programme: Programme) -> list[Refusal]:
    """Say what is wrong with what an activity of a known type tells, but for its day."""
    activity = programme.activity[data.activity]
    allowed = programme.allowed(activity)
    found: list[Refusal] = []
    if data.by:
        found += _option_faults(data.by, allowed, "data.by")
    if data.domain is not None and data.domain not in allowed.get("domain", ()):
        found += _option_faults({"domain": data.domain}, allowed, "data")
    if data.domain is not None and data.by.get("domain", data.domain) != data.domain:
        expected = RuleWords.SAME_DOMAIN.value.filled(domain=data.domain)
        found.append(Refusal(Code.VALUE_INVALID, "data.by.domain", expected, data.by["domain"]))
    for group in data.participants:
        if group not in programme.groups:
            found.append(unknown(Code.OPTION_UNKNOWN, f"data.participants.{group}", programme.groups, group))
    for index, money in enumerate(data.money):
        if money.line not in programme.lines:
            found.append(unknown(Code.OPTION_UNKNOWN, f"data.money.{index}.line", programme.lines, money.line))
    people = sum(data.participants.values())
    if data.female is not None and data.female > people:
        expected = RuleWords.PARTICIPANTS.value.filled(people=people)
        found.append(Refusal(Code.VALUE_INVALID, "data.female", expected, data.female))
    return found


def figure_faults(data: IndicatorReported, indicator: Indicator, programme: Programme) -> list[Refusal]:
    """Say what is wrong with an indicator's figures, whoever reports them."""
    if indicator.components:
        return _component_faults(data, indicator)
    found: list[Refusal] = []
    if data.components is not None:
        found.append(Refusal(Code.FIELD_UNKNOWN, "data.components", RuleWords.BOTH_FIGURES.value))
    found += [
        Refusal(Code.FIELD_MISSING, f"data.{field}", Common.WHOLE_NUMBER.value)
        for field in ("numerator", "denominator")
        if getattr(data, field) is None
    ]
    if data.numerator is not None and data.denominator is not None:
        found += _ratio_faults(data.numerator, data.denominator, "data")
    allowed = programme.allowed(indicator)
    seen: set[frozenset[tuple[str, str]]] = set()
    for index, split in enumerate(data.breakdown):
        place = f"data.breakdown.{index}"
        found += _option_faults(split.by, allowed, f"{place}.by")
        found += _ratio_faults(split.numerator, split.denominator, place)
        combination = frozenset(split.by.items())
        if combination in seen:
            found.append(Refusal(Code.VALUE_INVALID, f"{place}.by", RuleWords.COMBINATION_ONCE.value, split.by))
        seen.add(combination)
    return found


def _ratio_faults(numerator: int, denominator: int, place: str) -> Iterable[Refusal]:
    if numerator > denominator:
        yield Refusal(Code.NUMERATOR_EXCEEDS_DENOMINATOR, f"{place}.numerator", str(denominator), numerator)


def _component_faults(data: IndicatorReported, indicator: Indicator) -> list[Refusal]:
    found = [
        Refusal(Code.FIELD_UNKNOWN, f"data.{field}", RuleWords.COMPONENTS.value)
        for field in ("numerator", "denominator", "breakdown")
        if getattr(data, field)
    ]
    expected = {component.slug for component in indicator.components}
    given = set(data.components or ())
    found += [
        Refusal(Code.FIELD_MISSING, f"data.components.{slug}", Common.TRUTH.value) for slug in sorted(expected - given)
    ]
    found += [unknown(Code.OPTION_UNKNOWN, "data.components", expected, slug) for slug in sorted(given - expected)]
    return found


def foreign_options(data: IndicatorReported, indicator: Indicator, unit: Unit, on: date) -> Iterable[Refusal]:
    """Refuse options of another agency's field: two agencies would count the same persons."""
    own = own_options(indicator, unit, data.agency, on) or {}
    for index, split in enumerate(data.breakdown if own else ()):
        for dimension, option in split.by.items():
            if option not in own.get(dimension, (option,)):
                yield unknown(Code.OPTION_UNKNOWN, f"data.breakdown.{index}.by.{dimension}", own[dimension], option)


def closed(programme: Programme, field: str, got: Period) -> Refusal:
    """Refuse a period outside the programme's time."""
    span = RuleWords.SPAN.value.filled(first=programme.stages[0].first, last=programme.last_period)
    return Refusal(Code.PERIOD_CLOSED, field, span, str(got))


def _option_faults(by: dict[str, str], allowed: dict[str, frozenset[str]], place: str) -> Iterable[Refusal]:
    for dimension, option in by.items():
        if dimension not in allowed:
            yield unknown(Code.OPTION_UNKNOWN, f"{place}.{dimension}", allowed, dimension)
        elif option not in allowed[dimension]:
            yield unknown(Code.OPTION_UNKNOWN, f"{place}.{dimension}", allowed[dimension], option)


def unknown(code: Code, field: str, known: Iterable[str], got: object) -> Refusal:
    """Refuse a name that none of the known ones is."""
    return Refusal(code, field, names(known), got)


def names(known: Iterable[str]) -> Words:
    """List the first of the names that would have been right."""
    return listed(sorted(known), LISTED)
