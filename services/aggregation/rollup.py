"""What an event means: pure. Events claim records; which claim on a record counts is `shared.standing`'s to say."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias

from shared.events import OBLIGATION_PREFIX, Kind
from shared.periods import PeriodCalendar, PeriodKind
from shared.programme import Programme
from shared.registry.snapshot import Registry
from shared.standing import FINAL, Version

_PROBLEMS = frozenset({Kind.PROBLEM_RAISED.value, Kind.PROBLEM_RESOLVED.value})


class Said(NamedTuple):
    """What a claim rests on: the event without its envelope."""

    province: str
    sender: str
    kind: str
    unit: str
    time: datetime
    data: Mapping[str, Any]


class Claim(NamedTuple):
    """An event's claim to be the current state of a record: its version of it."""

    key: str
    version: Version
    event: Said


class About(NamedTuple):
    """What a record is about, for look-ups. Empty texts where a withdrawal doesn't say."""

    programme: str
    subject: str
    agency: str
    period: str
    state: str


RecordKey: TypeAlias = tuple[str, str]  # (key, province)


class UnknownToUsError(Exception):
    """The event names a unit or programme that this registry lacks: refresh and try again, don't drop."""


def claims(said: Said, source: str, event_id: str, accepted_at: datetime) -> list[Claim]:
    """The claims of an event: on its own record, and on the one that it supersedes.

    The data of a current event has no revision. A problem's is whether it is resolved.
    """
    data = said.data
    if said.kind in _PROBLEMS:
        revision: int | None = int(said.kind == Kind.PROBLEM_RESOLVED)
        alive = said.kind == Kind.PROBLEM_RAISED
    else:
        revision = data.get("revision")
        alive = said.kind != Kind.RECORD_RETRACTED
    own = Version(revision, said.time, source, event_id, said.sender, accepted_at, alive, data.get("deprecates"))
    made = [Claim(record_key(said), own, said)]
    former = data.get("supersedes")
    if former is not None and former != data["record"]:
        key = f"activity:{data['programme']}:{said.sender}:{former}"
        gone = Version(FINAL, said.time, source, event_id, said.sender, accepted_at, False)
        made.append(Claim(key, gone, said))
    return made


def by_record(made: Iterable[Claim]) -> dict[RecordKey, list[Claim]]:
    """The claims on each record."""
    found: dict[RecordKey, list[Claim]] = {}
    for claim in made:
        found.setdefault((claim.key, claim.event.province), []).append(claim)
    return found


def record_key(said: Said) -> str:
    """The key of the record that the event is about, unique within its province."""
    data = said.data
    programme = data["programme"]
    if said.kind == Kind.ACTIVITY_RECORDED:
        return f"activity:{programme}:{said.sender}:{data['record']}"
    if said.kind in _PROBLEMS:
        return f"problem:{programme}:{said.sender}:{data['record']}"
    if said.kind.startswith(OBLIGATION_PREFIX):
        return f"obligation:{programme}:{data['report']}:{said.unit}:{data['agency']}:{data['period']}"
    for what in ("indicator", "report"):
        if data.get(what) is not None:
            return f"{what}:{programme}:{data[what]}:{said.unit}:{data['agency']}:{data['period']}"
    return f"activity:{programme}:{said.sender}:{data['record']}"


def about(said: Said, registry: Registry) -> About:
    """What the event's record is about. Raises UnknownToUsError for a programme that isn't loaded."""
    data = said.data
    programme: str = data["programme"]
    agency = data.get("agency") or ""
    if said.kind == Kind.ACTIVITY_RECORDED:
        month = month_of(programme_of(registry, programme), data["held_on"])
        return About(programme, f"activity:{data['activity']}", agency, month, "")
    if said.kind in _PROBLEMS:
        return About(programme, "problem", agency, "", "")
    if said.kind.startswith(OBLIGATION_PREFIX):
        return About(programme, f"obligation:{data['report']}", agency, data["period"], data["state"])
    for what in ("indicator", "report"):
        if data.get(what) is not None:
            return About(programme, f"{what}:{data[what]}", agency, data["period"], "")
    return About(programme, "", agency, "", "")


def programme_of(registry: Registry, slug: str) -> Programme:
    """The programme. Raises UnknownToUsError where it isn't loaded."""
    programme = registry.programmes.get(slug)
    if programme is None:
        raise UnknownToUsError(f"programme {slug}")
    return programme


def month_of(programme: Programme, day: str) -> str:
    """The month of the programme's calendar in which the day (ISO) lies, as it is written."""
    return _month(programme.calendar, day)


@lru_cache(maxsize=8192)  # an event's day is one of a few hundred
def _month(calendar: PeriodCalendar, day: str) -> str:
    return str(calendar.containing(date.fromisoformat(day), PeriodKind.MONTH))
