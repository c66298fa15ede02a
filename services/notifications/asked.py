"""Reads what a question to the read API names: programmes, units, days, pages. What can't be is refused."""

from collections.abc import Mapping
from datetime import date, datetime

from services.notifications.cursors import CursorError, read_cursor
from shared.access.rights import Reach
from shared.domain.units import Unit
from shared.http.asked_periods import periods_named
from shared.http.read_api import QueryError, beyond, none_of, read
from shared.http.read_words import ReadWords
from shared.programme.base import LANGUAGES
from shared.programme.model import Programme
from shared.registry.snapshot import Registry
from shared.values.scalars import shown, whole_number

MOST_ROWS = 1000
_ROWS = 100


def limit_asked(query: Mapping[str, str], usual: int = _ROWS) -> int:
    """Read how many rows a page has."""
    return read("limit", whole_number, query.get("limit", usual), 1, MOST_ROWS)


def only_programme(query: Mapping[str, str], registry: Registry) -> Programme:
    """Look up the programme named, or the only one."""
    slug = query.get("programme")
    if slug is None and len(registry.programmes) == 1:
        return next(iter(registry.programmes.values()))
    programme = registry.programmes.get(slug or "")
    if programme is None:
        raise none_of("programme", sorted(registry.programmes), slug)
    return programme


def after_asked(listed: str, query: Mapping[str, str], epoch: int, numbers: int = 1) -> tuple[int, ...] | None:
    """Read after which row of the list the page begins: a place of so many `numbers`; None for the first page."""
    if "after" not in query:
        return None
    try:
        return read_cursor(listed, epoch, query["after"], numbers)
    except CursorError:
        raise QueryError("after", ReadWords.NO_NEXT.value.filled(got=shown(query["after"]))) from None


def language_asked(query: Mapping[str, str]) -> str | None:
    """Read in which language labels are wanted; None for none."""
    language = query.get("labels")
    if language is not None and language not in LANGUAGES:
        raise none_of("labels", LANGUAGES, language)
    return language


def days_asked(query: Mapping[str, str], registry: Registry, now: datetime) -> set[date]:
    """Choose the days that a code is resolved on: the (last) period's last, else today; programmes may differ in it."""
    named = registry.programmes.get(query.get("programme", ""))
    programmes = list(registry.programmes.values()) if named is None else [named]
    if "period" not in query:
        return {programme.today(now) for programme in programmes}
    period = periods_named(query["period"])[-1]
    try:
        return {programme.calendar.end(period) for programme in programmes}
    except (ValueError, OverflowError):
        raise QueryError("period", ReadWords.OUT_OF_CALENDAR.value.filled(got=shown(query["period"]))) from None


def programmes_asked(query: Mapping[str, str], registry: Registry, reach: Reach) -> list[str] | None:
    """List the programmes whose rows may be shown; None for all."""
    slug = query.get("programme")
    if slug is None:
        return None if reach.programmes is None else sorted(reach.programmes)
    if slug not in registry.programmes:
        raise none_of("programme", sorted(registry.programmes), slug)
    return [slug]


def units_asked(query: Mapping[str, str], registry: Registry, reach: Reach, days: set[date]) -> list[str] | None:
    """List the units whose rows may be shown; None for all.

    `unit` names one. `within` means those that rights held on it reach: below it, what they came from, what became of
    them. `level` keeps those of one level.
    """
    if "unit" in query:
        if "within" in query or "level" in query:
            raise QueryError("unit", ReadWords.UNIT_OR_WITHIN.value)
        return [unit_asked("unit", query, registry, reach, days).uid]
    reached = reach.units(registry.units)
    if "within" in query:
        reached &= registry.units.reached_by(unit_asked("within", query, registry, reach, days).uid)
    if "level" in query:
        levels = {unit.level for unit in registry.units}
        if query["level"] not in levels:
            raise none_of("level", sorted(levels), query["level"])
        reached = frozenset(uid for uid in reached if registry.units[uid].level == query["level"])
    return None if len(reached) == len(registry.units) else sorted(reached)


def unit_asked(field: str, query: Mapping[str, str], registry: Registry, reach: Reach, days: set[date]) -> Unit:
    """Look up the unit that a parameter names. Raises QueryError, and ForbiddenError for one that isn't reached."""
    found = {registry.units.find(query[field], on) for on in days}
    if len(found) > 1:  # programmes whose periods end on different days, and a merger between
        raise none_of("programme", sorted(registry.programmes), query.get("programme"))
    unit = found.pop()
    if unit is None:
        raise QueryError(field, ReadWords.NO_UNIT.value.filled(got=shown(query[field]), day=min(days)))
    if not reach.sees_unit(registry.units, unit.uid):
        raise beyond(reach)
    return unit


def units_reached(registry: Registry, reach: Reach) -> list[str] | None:
    """List all units that are reached; None for all there are."""
    reached = reach.units(registry.units)
    return None if len(reached) == len(registry.units) else sorted(reached)
