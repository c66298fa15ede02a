"""Which programme a DHIS2 id belongs to: DHIS2 names data elements and data sets without one. Pure.

An id that a programme maps is that programme's. Our own codes may be written with the programme before them
(`ecd-1437:progress-quarterly`); without it the programme is meant that has such a thing and takes the period. Where two
do, nothing says which: the row is refused.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from services.intake.formats.dhis2 import ConflictError, period_of
from services.intake.refusals.event_words import Dhis2Words
from shared.domain.periods import Period, PeriodKind, parse_period
from shared.domain.refusals import Code
from shared.domain.rule_words import RuleWords
from shared.programme.families import record_name
from shared.programme.indicators import Indicator
from shared.programme.model import Programme
from shared.programme.reports import Report
from shared.registry.snapshot import Registry
from shared.wording.words import joined, listed

BETWEEN = ":"  # parts a programme from its code


class Element(NamedTuple):
    """What a data element is: a part (numerator, denominator or a component's slug) of an indicator."""

    programme: Programme
    indicator: Indicator
    part: str


class DataSet(NamedTuple):
    """What a data set is: a report."""

    programme: Programme
    report: Report


_Thing = TypeVar("_Thing", Element, DataSet)


def element_of(text: str, period: str, registry: Registry) -> Element:
    """Find what the data element means in a period (as DHIS2 writes it). Raises ConflictError.

    Of programmes that the key isn't for, only what they share with its own means anything.
    """

    def read(programme: Programme, name: str) -> Element | None:
        slug, _, part = name.rpartition(".")
        indicator = programme.indicator.get(slug)
        if indicator is None or part not in indicator.parts:
            return None
        return Element(programme, indicator, part) if registry.programme_of(programme.slug, slug) else None

    found = _meanings(text, registry.loaded_programmes, lambda programme: programme.dhis2.data_elements, read)
    if not found:
        raise ConflictError(Code.INDICATOR_UNKNOWN, "dataElement", Dhis2Words.DATA_ELEMENT.value, text)
    if len({record_name(item.programme, item.indicator.slug) for item in found}) == 1:
        # One answer serves them all: whichever takes the period may be named.
        return next(
            (item for item in found if _takes(item, period, item.indicator.period, Programme.accepts)), found[0]
        )
    return _meant(found, period, "dataElement", text, lambda item: item.indicator.period, Programme.accepts)


def data_set_of(text: str, period: str, registry: Registry) -> DataSet:
    """Find the report that the data set is in a period (as DHIS2 writes it). Raises ConflictError."""

    def read(programme: Programme, name: str) -> DataSet | None:
        report = programme.report.get(name)
        return None if report is None else DataSet(programme, report)

    found = _meanings(text, registry.programmes, lambda programme: programme.dhis2.data_sets, read)
    if not found:
        known = sorted({slug for programme in registry.programmes.values() for slug in programme.report})
        raise ConflictError(Code.REPORT_UNKNOWN, "dataSet", listed(known), text)
    return _meant(found, period, "dataSet", text, lambda item: item.report.period, Programme.is_owed)


def _meanings(
    text: str,
    programmes: Mapping[str, Programme],
    mapping: Callable[[Programme], dict[str, str]],
    read: Callable[[Programme, str], _Thing | None],
) -> list[_Thing]:
    """List what the id may mean: what programmes map it to, else what has this name in one of them."""
    every = programmes.values()
    mapped = _there(read(programme, mapping(programme)[text]) for programme in every if text in mapping(programme))
    if mapped:
        return mapped
    slug, between, name = text.partition(BETWEEN)
    if between and slug in programmes:
        return _there([read(programmes[slug], name)])
    return _there(read(programme, text) for programme in every)


def _there(items: Iterable[_Thing | None]) -> list[_Thing]:
    return [item for item in items if item is not None]


def _meant(
    found: Sequence[_Thing],
    text: str,
    field: str,
    got: str,
    kind: Callable[[_Thing], PeriodKind],
    takes: Callable[[Programme, Period], bool],
) -> _Thing:
    """Pick the one whose programme takes the period. Raises ConflictError where several do, or none of several."""
    if len(found) == 1:
        return found[0]
    kinds = {kind(item) for item in found}
    if len(kinds) == 1:
        period_of(text, next(iter(kinds)))  # a period that none of them could read is refused as such
    fitting = [item for item in found if _takes(item, text, kind(item), takes)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        names = listed([f"{item.programme.slug}{BETWEEN}{got}" for item in fitting])
        raise ConflictError(Code.PROGRAMME_AMBIGUOUS, field, Dhis2Words.ONE_OF.value.filled(names=names), got)
    spans = [
        RuleWords.SPAN.value.filled(first=item.programme.stages[0].first, last=item.programme.last_period)
        for item in found
    ]
    raise ConflictError(Code.PERIOD_CLOSED, "period", joined(spans, "; "), text)


def _takes(item: _Thing, text: str, kind: PeriodKind, takes: Callable[[Programme, Period], bool]) -> bool:
    try:
        return takes(item.programme, parse_period(period_of(text, kind)))
    except ConflictError:
        return False
