"""Makes the grid of units × periods: how the obligations of one report stand, of each unit below one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from services.notifications import grid_store, read_store
from services.notifications.asked import MOST_ROWS, language_asked, limit_asked, only_programme
from services.notifications.grid_store import Counted
from services.notifications.obligations.rows import Shown
from shared.access.rights import Reach
from shared.database.connections import Pool
from shared.domain.events import ObligationState
from shared.domain.obligation_name import ObligationName
from shared.domain.periods import Period, period_words
from shared.domain.units import Unit
from shared.http.asked_periods import MOST_PERIODS, periods_named
from shared.http.asked_places import within_asked
from shared.http.read_api import ForbiddenError, QueryError, none_of, only, read
from shared.http.read_words import ReadWords
from shared.programme.model import Programme
from shared.programme.reports import Report
from shared.registry.snapshot import Registry
from shared.values.scalars import shown, whole_number
from shared.wording.level_words import level_words

GRID_PARAMETERS = frozenset(
    {"programme", "report", "within", "level", "view", "period", "periods", "limit", "after", "labels"}
)
USUAL_PERIODS = 8


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: the lines are units of one level below `within`, on the tree of the day `on`."""

    programme: Programme
    report: Report
    periods: Sequence[Period]
    within: Unit
    level: str | None
    on: date
    limit: int
    after: str


def understand(query: Mapping[str, str], registry: Registry, reach: Reach, now: datetime) -> Question:
    """Read the question. Raises QueryError and ForbiddenError."""
    only(query, GRID_PARAMETERS)
    programme = only_programme(query, registry)
    report = programme.report.get(query.get("report", ""))
    if report is None:
        raise none_of("report", programme.report, query.get("report"))
    today = programme.today(now)
    periods = _periods(query, programme, report, today)
    within, on = within_asked(query, registry, reach, programme.calendar.end(periods[-1]), today)
    level = query.get("level")
    known = {unit.level for unit in registry.units}
    if level is not None and level not in known:
        raise none_of("level", sorted(known), level)
    return Question(
        programme, report, periods, within, level, on, limit_asked(query, MOST_ROWS), query.get("after", "")
    )


def _periods(query: Mapping[str, str], programme: Programme, report: Report, today: date) -> list[Period]:
    """List the last periods that are owed: up to the one that is named, or the last that has begun."""
    number = read("periods", whole_number, query.get("periods", USUAL_PERIODS), 1, MOST_PERIODS)
    if "period" in query:
        named = periods_named(query["period"])
        if len(named) > 1 or named[0].kind is not report.period:
            words = ReadWords.LAST_PERIOD.value
            raise QueryError("period", words.filled(slug=report.slug, got=shown(query["period"])))
        last = named[0]
    else:
        last = programme.calendar.containing(today, report.period)
    owed = list(programme.owed_periods(report.period))
    begun = [period for period in owed if period.ordinal <= last.ordinal]
    if not begun:
        first = owed[0] if owed else programme.first_period
        raise QueryError("period", ReadWords.NOTHING_OWED.value.filled(slug=report.slug, first=first, got=last))
    return begun[-number:]


async def grid(pool: Pool, query: Mapping[str, str], registry: Registry, reach: Reach, now: datetime) -> Shown:
    """Answer: a line for each unit, with a cell for each period."""
    asked = understand(query, registry, reach, now)
    language = language_asked(query)
    lines = _lines(registry, reach, asked)
    left = [unit for unit in lines if unit.uid > asked.after]
    page = left[: asked.limit]
    below = _belonging(registry, page, asked.on)
    periods = [str(period) for period in asked.periods]
    counted = await grid_store.counts(pool, below, asked.programme.slug, asked.report.slug, periods)
    cells = _cells(counted, asked, await read_store.epoch(pool))
    return {
        "programme": asked.programme.slug,
        "report": asked.report.slug,
        "within": asked.within.uid,
        "periods": [_period(period, language) for period in periods],
        "rows": [
            {
                "uid": unit.uid,
                "code": unit.code,
                "name": unit.name,
                "level": unit.level,
                "cells": [cells.get((unit.uid, period), _EMPTY) for period in periods],
            }
            for unit in page
        ],
        "as_of": now.isoformat(),
        "next": page[-1].uid if len(left) > len(page) else None,
    }


def _lines(registry: Registry, reach: Reach, asked: Question) -> list[Unit]:
    """List the units of the lines, by uid: of the level asked, else of that directly below; the unit itself where it
    has none. One that is made of more of another tree than the key reaches is left out, as its figures are
    (`Reach.sees_figure`).
    """
    units, on = registry.units, asked.on
    if asked.level is None:
        below = [unit for unit in units.children(asked.within.uid) if unit.in_force(on)] or [asked.within]
    else:
        every = units.descendants(asked.within.uid)
        below = [unit for unit in every if unit.level == asked.level and unit.in_force(on)]
    made_of: dict[str, list[str]] = {unit.uid: [] for unit in below}
    ends = [asked.programme.calendar.end(period) for period in asked.periods]
    for uid, line in _belonging(registry, below, on).items():
        if not units[uid].in_force(on) and any(units[uid].in_force(end) for end in ends):  # of another tree
            made_of[line].append(uid)
    seen = [unit for unit in below if reach.sees_figure(units, unit.uid, made_of[unit.uid])]
    if below and not seen:
        level = level_words(below[0].level)
        raise ForbiddenError(ReadWords.PART_OF_UNIT.value.filled(level=level, unit=asked.within.uid))
    return sorted(seen, key=lambda unit: unit.uid)


def _belonging(registry: Registry, lines: Iterable[Unit], on: date) -> dict[str, str]:
    """Say of each unit, of any time, to which of the lines it belongs on that day's tree."""
    uids = {unit.uid for unit in lines}
    return {unit.uid: step for unit in registry.units for step in registry.units.steps(unit.uid, on) if step in uids}


def _cells(counted: Iterable[Counted], asked: Question, epoch: int) -> dict[tuple[str, str], Shown]:
    """Put the counts together, by line and period; a single obligation is named."""
    found: dict[tuple[str, str], dict[str, int]] = {}
    single: dict[tuple[str, str], Counted] = {}
    for item in counted:
        key = (item.line, item.period)
        found.setdefault(key, dict(_NONE))[item.state] += item.number
        single[key] = item
    cells: dict[tuple[str, str], Shown] = {}
    for key, states in found.items():
        one, name = single[key], None
        if sum(states.values()) == 1:
            slug, report = asked.programme.slug, asked.report.slug
            name = str(ObligationName(slug, report, one.unit, one.agency, one.period, epoch))
        cells[key] = {"expected": sum(states.values()), **states, "obligation": name}
    return cells


_NONE = {state.value: 0 for state in ObligationState}
_EMPTY: Shown = {"expected": 0, **_NONE, "obligation": None}


def _period(period: str, language: str | None) -> Shown:
    named = {"name": period_words(period).in_language(language)} if language is not None else {}
    return {"period": period, **named}
