"""Extending and waiving: who may, what is refused and why, and the note of who decided.

By an operator's key whose kinds name `obligation.decide`, or by the personal link of an officer of a level above.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from services.notifications.decision_words import NOBODY, DecisionError, Decline, declined, invalid, written_day
from services.notifications.holding import officer_holding
from services.notifications.links import LinkError, Links, Purpose
from shared.access.acting import acting_officer, read_acting
from shared.access.authentication import authorization_of, find_key
from shared.access.headers import read_narrowing
from shared.access.rights import Reach, reach_of
from shared.database.connections import Pool
from shared.domain.events import DECIDE
from shared.domain.units import Units
from shared.domain.working_days import working_days
from shared.programme.model import Programme
from shared.registry.officer_store import ActingOfficer
from shared.registry.officers import Officer, hears_of
from shared.registry.snapshot import Key, Registry
from shared.values.personal_data import in_text
from shared.values.scalars import ScalarError, day, text

Headers = Sequence[tuple[bytes, bytes]]  # ASGI's
LONGEST_REASON = 500
LONGEST_EXTENSION = timedelta(days=366)


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decides, as it is written down, and what their right comes from: an officer's unit, or an operator's key.

    An officer by the board decides within the reach of its `key` too, on a `device` of theirs.
    """

    name: str
    right: Officer | ActingOfficer | Reach
    key: str | None = None
    device: str | None = None
    within: Reach | None = None

    def may_decide_for(self, units: Units, uid: str, programme: str, on: date) -> bool:
        """Tell whether they may: an officer for units below in programmes of theirs, a key as far as it reaches."""
        if isinstance(self.right, Reach):
            return self.right.sees(units, uid, programme)
        if self.within is not None and not self.within.sees(units, uid, programme):
            return False
        if not hears_of(self.right.programmes, programme):
            return False
        return units.stands_for(self.right.unit, on) in {step.uid for step in units.ladder(uid, on)[1:]}


async def who_decides(
    pool: Pool, registry: Registry, links: Links, headers: Headers, token: str | None, now: datetime
) -> Decider:
    """Find the holder of a link's token (in `token` or as Bearer), of an operator's key, or the officer for whom a key
    acts. Raises DecisionError, HeaderError, ActingError.
    """
    authorization = authorization_of(headers)
    scheme, _, value = (authorization or "").strip().partition(" ")
    candidate = token or (value.strip() if scheme.lower() == "bearer" else None)
    key = find_key(registry, authorization, now)
    if key is not None and token is None:
        return await _by_key(pool, registry, key, headers)
    if candidate is None:
        raise declined(Decline.NO_IDENTITY)
    try:
        holder = links.read(Purpose.PAGE, candidate, now)
    except LinkError as error:
        raise DecisionError(NOBODY[error.reason]) from error
    officer = await officer_holding(pool, holder)
    return Decider(written(officer), officer)


async def _by_key(pool: Pool, registry: Registry, key: Key, headers: Headers) -> Decider:
    """Find who decides by a key: the officer whom the request names, else who holds a key of an operator's."""
    reach, reference = reach_of(key, read_narrowing(headers, registry.units)), read_acting(headers)
    if reference is not None:
        acting = await acting_officer(pool, key, reference)
        return Decider(written(acting.officer), acting.officer, key.sender, acting.device, reach)
    if key.can_act:
        raise declined(Decline.NO_OFFICER)
    if key.kinds is None or DECIDE not in key.kinds:
        raise declined(Decline.NO_RIGHT, kind=DECIDE)
    return Decider(f"key {key.sender}", reach, key.sender)


def written(officer: Officer | ActingOfficer) -> str:
    """Name an officer as the audit does."""
    return f"officer {officer.id} of {officer.unit}"


def reason_of(given: object, year: int) -> str:
    """Read the reason given, which may hold nothing of a person's; `year` is today's. Raises DecisionError."""
    try:
        reason = text(" ".join(given.split()) if isinstance(given, str) else given, LONGEST_REASON)
    except ScalarError:
        reason = ""
    if not reason:
        raise declined(Decline.NO_REASON, "reason", most=LONGEST_REASON)
    if in_text(reason, year) is not None:  # not repeated: it is somebody's
        raise declined(Decline.PERSONAL_REASON, "reason")
    return reason


def new_deadline(programme: Programme, written: object, due_at: datetime, now: datetime) -> datetime:
    """Read the new deadline: a day (2023-03-20), at the programme's hour.

    It is later than the one that stands and now, by LONGEST_EXTENSION at most. Raises DecisionError.
    """
    try:
        until = day(written)
    except ScalarError as error:
        raise invalid("until", error) from None
    zone, got = ZoneInfo(programme.timezone), written_day(until)
    deadline, least = datetime.combine(until, programme.due_time, zone), max(due_at, now)
    days = working_days(programme.holidays.country, programme.calendar_overrides)
    if deadline <= least:
        first = days.add(_day_after(least.astimezone(zone), programme.due_time) - timedelta(days=1), 1)
        raise declined(Decline.TOO_EARLY, "until", first=written_day(first), got=got)
    if deadline > least + LONGEST_EXTENSION:
        end = _day_after((least + LONGEST_EXTENSION).astimezone(zone), programme.due_time)
        raise declined(Decline.TOO_LATE, "until", end=written_day(end), got=got)
    if not days.is_working(until):
        raise declined(Decline.NO_WORKING_DAY, "until", day=got)
    return deadline


def _day_after(local: datetime, hour: time) -> date:
    """Find the first day on which that hour is behind an instant."""
    return local.date() + timedelta(days=local.time() >= hour)
