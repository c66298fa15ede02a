"""Which programme, subject, agency and period a record is about. Pure."""

from datetime import date
from functools import lru_cache
from typing import NamedTuple

from shared.domain.canonical import EventBody
from shared.domain.claims import PROBLEMS
from shared.domain.events import OBLIGATION_PREFIX, Kind
from shared.domain.periods import PeriodCalendar, PeriodKind
from shared.programme.model import Programme
from shared.registry.snapshot import Registry


class RecordSubject(NamedTuple):
    """What a record is about, as its table has it for look-ups. Empty texts where a withdrawal doesn't say.

    Of a figure that several programmes share, programme and subject are the root's.
    """

    programme: str
    subject: str
    agency: str
    period: str
    state: str


class UnknownToUsError(Exception):
    """The event names a unit or programme that this registry lacks: refresh and try again, don't drop."""


def record_subject(body: EventBody, registry: Registry) -> RecordSubject:
    """Say what the event's record is about. Raises UnknownToUsError for a programme that isn't loaded."""
    data = body.data
    programme: str = data["programme"]
    agency = data.get("agency") or ""
    if body.kind == Kind.ACTIVITY_RECORDED:
        month = month_of(loaded_programme(registry, programme), data["held_on"])
        return RecordSubject(programme, f"activity:{data['activity']}", agency, month, "")
    if body.kind in PROBLEMS:
        return RecordSubject(programme, "problem", agency, "", "")
    if body.kind.startswith(OBLIGATION_PREFIX):
        return RecordSubject(programme, f"obligation:{data['report']}", agency, data["period"], data["state"])
    if data.get("indicator") is not None:
        programme, indicator = registry.families.root(programme, data["indicator"])
        return RecordSubject(programme, f"indicator:{indicator}", agency, data["period"], "")
    if data.get("report") is not None:
        return RecordSubject(programme, f"report:{data['report']}", agency, data["period"], "")
    return RecordSubject(programme, "", agency, "", "")


def loaded_programme(registry: Registry, slug: str) -> Programme:
    """Look the programme up. Raises UnknownToUsError where it isn't loaded."""
    programme = registry.loaded_programmes.get(slug)
    if programme is None:
        raise UnknownToUsError(f"programme {slug}")
    return programme


def month_of(programme: Programme, day: str) -> str:
    """Say in which month of the programme's calendar the day (ISO) lies: `2023-03`."""
    return _month(programme.calendar, day)


@lru_cache(maxsize=8192)  # an event's day is one of a few hundred
def _month(calendar: PeriodCalendar, day: str) -> str:
    return str(calendar.containing(date.fromisoformat(day), PeriodKind.MONTH))
