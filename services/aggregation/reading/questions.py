"""Understands a request's parameters. Pure. What can't be is refused with the parameter's name."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import NamedTuple

from services.aggregation.reading.subjects import ALL, TASK, Subject, subject_of
from shared.access.rights import Reach
from shared.domain.periods import Period, PeriodKind, Span, Stretch, words_of
from shared.domain.units import Unit
from shared.http.asked_periods import periods_named
from shared.http.asked_places import within_asked
from shared.http.read_api import QueryError, none_of, read
from shared.http.read_words import ReadWords
from shared.programme.model import Programme
from shared.registry.snapshot import Registry
from shared.values.scalars import shown, whole_number
from shared.wording.words import joined

MISSING_PARAMETERS = frozenset({"programme", "indicator", "activity", "within", "period", "limit", "after", "format"})
ROLLUP_PARAMETERS = MISSING_PARAMETERS | {"level", "by", "view", "sort"}
EXPLAIN_PARAMETERS = MISSING_PARAMETERS | {"view"}
TIMELINESS_PARAMETERS = frozenset(
    {"programme", "report", "within", "level", "period", "limit", "after", "view", "format"}
)
MOST_ROWS = 1000
MOST_SORTED = 20_000  # rows that are all made before the first page of them can be shown
SORTS = ("uid", "name", "value", "coverage", "units_missing")


class LeftOut(NamedTuple):
    """An indicator of `all` that has no figure for the period that is asked, and why."""

    indicator: str
    error: QueryError

    def row(self) -> dict[str, object]:
        """As the answer has it."""
        return {"indicator": self.indicator, "reason": {"vi": self.error.words.vi, "en": self.error.words.en}}


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked. `on` is the day whose tree the figures stand on."""

    programme: Programme
    subjects: tuple[Subject, ...]  # by indicator one a period
    within: Unit
    on: date
    limit: int
    after: str
    left_out: tuple[LeftOut, ...] = ()

    @property
    def subject(self) -> Subject:
        """That of the last period."""
        return self.subjects[-1]


@dataclass(frozen=True, slots=True)
class Place:
    """Where, on which day's tree, and how much of it."""

    within: Unit
    on: date
    limit: int
    after: str


def understand(query: Mapping[str, str], registry: Registry, reach: Reach, now: datetime) -> Question:
    """Read a question about one indicator, measure or activity. Raises QueryError or ForbiddenError."""
    return _understand(query, registry, reach, now, lambda _, given: [given])


def understand_several(query: Mapping[str, str], registry: Registry, reach: Reach, now: datetime) -> Question:
    """Read a question about one of those, or about several: names joined by commas, or `all` indicators.

    Raises QueryError or ForbiddenError. Of `all`, what can't be asked for the period is `left_out` with the reason.
    """
    return _understand(query, registry, reach, now, _several)


def _several(programme: Programme, given: str) -> list[str]:
    if given == ALL:
        return [indicator.slug for indicator in programme.indicators]
    names = given.split(",")
    if len(set(names)) < len(names):
        raise QueryError("indicator", ReadWords.NAMED_ONCE.value.filled(got=shown(given)))
    return names


def _understand(
    query: Mapping[str, str],
    registry: Registry,
    reach: Reach,
    now: datetime,
    named: Callable[[Programme, str], Sequence[str]],
) -> Question:
    programme = programme_asked(query, registry)
    today = programme.today(now)
    if ("indicator" in query) == ("activity" in query):
        raise QueryError("indicator", ReadWords.ONE_SUBJECT.value)
    field = "indicator" if "indicator" in query else "activity"
    slugs = named(programme, query[field]) if field == "indicator" else [query[field]]
    if not slugs:
        raise none_of("indicator", [measure.slug for measure in programme.measures], query[field])
    periods = _stage_asked(query, programme) or periods_asked(query, programme, _native(query, programme, slugs), today)
    if len(slugs) * len(periods) > MOST_ROWS:
        raise QueryError("period", ReadWords.MOST_FIGURES.value.filled(most=MOST_ROWS, got=len(slugs) * len(periods)))
    subjects: list[Subject] = []
    left_out: list[LeftOut] = []
    for slug in slugs:
        try:
            subjects += [subject_of(programme, field, slug, it, today, registry.families) for it in periods]
        except QueryError as error:
            left_out.append(LeftOut(slug, error))
    if left_out and not (subjects and query[field] == ALL):
        raise left_out[0].error
    place = place_asked(query, registry, reach, programme.calendar.end(periods[-1]), today)
    return Question(programme, tuple(subjects), place.within, place.on, place.limit, place.after, tuple(left_out))


def _native(query: Mapping[str, str], programme: Programme, slugs: Sequence[str]) -> PeriodKind:
    """Find the kind of period that is meant where none is named: that by which all of these are reported."""
    kinds = {programme.indicator[slug].period if slug in programme.indicator else PeriodKind.MONTH for slug in slugs}
    if len(kinds) > 1 and "period" not in query:
        raise QueryError(
            "period",
            ReadWords.PERIOD_OF_SEVERAL.value.filled(kinds=joined([words_of(kind) for kind in sorted(kinds)], ", ")),
        )
    return next(iter(kinds))


def place_asked(query: Mapping[str, str], registry: Registry, reach: Reach, end: date, today: date) -> Place:
    """Read below which unit is asked, on which tree, and how much of it."""
    within, on = within_asked(query, registry, reach, end, today)
    limit = read("limit", whole_number, query.get("limit", MOST_ROWS), 1, MOST_ROWS)
    return Place(within, on, limit, query.get("after", ""))


def programme_asked(query: Mapping[str, str], registry: Registry) -> Programme:
    """Look up the programme named, or the only one; one that isn't the key's own for an indicator that it shares."""
    slug = query.get("programme")
    if slug is None and len(registry.programmes) == 1:
        return next(iter(registry.programmes.values()))
    programme = registry.programme_of(slug or "", query.get("indicator"))
    if programme is None:
        raise none_of("programme", sorted(registry.programmes), slug)
    return programme


def _stage_asked(query: Mapping[str, str], programme: Programme) -> Sequence[Span]:
    """Look up the stage of the programme that the period names, if it names one."""
    return [
        Stretch(stage.slug, stage.first, stage.last) for stage in programme.stages if stage.slug == query.get("period")
    ]


def periods_asked(query: Mapping[str, str], programme: Programme, native: PeriodKind, today: date) -> list[Period]:
    """Read one period, or a range of one kind (`2023-Q1..2023-Q4`); the current one where none is named."""
    if "period" not in query:
        return [programme.calendar.containing(today, native)]
    periods = periods_named(query["period"])
    try:
        for period in (periods[0], periods[-1]):
            programme.calendar.start(period) - timedelta(days=1)
    except (ValueError, OverflowError):
        raise QueryError("period", ReadWords.OUT_OF_CALENDAR.value.filled(got=shown(query["period"]))) from None
    return periods


def sort_asked(query: Mapping[str, str]) -> tuple[str, bool]:
    """Read the column to sort by, and whether downwards (`-value`)."""
    text = query.get("sort", SORTS[0])
    column = text.removeprefix("-")
    if column not in SORTS:
        raise QueryError("sort", ReadWords.SORT.value.filled(names=", ".join(SORTS), got=shown(text)))
    return column, text.startswith("-")


def level_asked(query: Mapping[str, str], registry: Registry, within: Unit) -> str:
    """Read the level of the rows; the unit's own without one."""
    level = query.get("level", within.level)
    known = sorted({unit.level for unit in registry.units})
    if level not in known:
        raise none_of("level", known, level)
    return level


def check_by(question: Question, by: str | None) -> str | None:
    """Put the dimensions into the order in which parts are named. Refuses a breakdown that a subject doesn't have."""
    if by is None:
        return None
    names = by.split(",")
    if len(set(names)) < len(names):
        raise QueryError("by", ReadWords.DIMENSION_ONCE.value.filled(got=repr(by)))
    for subject in {subject.slug: subject for subject in question.subjects}.values():
        _check_dimensions(question.programme, subject, names)
    return ",".join(sorted(names))


def _check_dimensions(programme: Programme, subject: Subject, names: Sequence[str]) -> None:
    """Refuse names that the subject isn't split by, or not by all of them at once."""
    by = ",".join(names)
    known = {"participants", "money"}
    if subject.indicator is not None:
        known = set(subject.indicator.breakdowns)
        known |= {"series"} if subject.indicator.series else set()
        known |= {"component"} if subject.indicator.components else set()
    elif subject.measure is not None:
        known |= set(subject.measure.breakdowns)
    elif subject.slug != ALL:
        known |= set(programme.activity[subject.slug].breakdowns)
    known |= {TASK} if subject.by_task else set()
    if any(name not in known for name in names):
        raise none_of("by", sorted(known), by)
    # Only an indicator's parts are kept by several dimensions at once.
    if len(names) > 1 and (subject.indicator is None or not set(names) <= set(subject.indicator.breakdowns)):
        raise QueryError("by", ReadWords.ONE_DIMENSION.value.filled(got=repr(by)))
