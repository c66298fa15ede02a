"""Extending and waiving: who may, what is refused and why, and the note of who decided.

By an operator's key whose kinds name `obligation.decide`, or by the personal link of an officer of a level above.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from services.notifications.decision_words import NOBODY, Decline, Refused
from services.notifications.links import LinkError, Links, Purpose
from shared.access.authentication import find_key
from shared.access.rights import Reach, reach_of
from shared.database.connections import Pool
from shared.domain.events import DECIDE
from shared.domain.units import Units
from shared.domain.working_days import working_days
from shared.programme.model import Programme
from shared.registry.officer_store import find_officer
from shared.registry.officers import Officer
from shared.registry.snapshot import Registry
from shared.values.personal_data import in_text
from shared.values.scalars import ScalarError, day, text

LONGEST_REASON = 500
LONGEST_EXTENSION = timedelta(days=366)


class DecisionError(Exception):
    """The decision is refused: `status` is the HTTP status, `error` a stable code, `field` what was wrong."""

    def __init__(self, refused: Refused, field: str | None = None) -> None:
        super().__init__(refused.words.en)
        self.status, self.error, self.words = refused
        self.field = field


def declined(reason: Decline, field: str | None = None, **values: object) -> DecisionError:
    """Make a refusal, its words filled with `values`."""
    refused = reason.value
    return DecisionError(refused._replace(words=refused.words.filled(**values)), field)


@dataclass(frozen=True, slots=True)
class Decider:
    """Who decides, as it is written down, and what their right comes from: an officer's unit, or an operator's key."""

    name: str
    right: Officer | Reach

    def may_decide_for(self, units: Units, uid: str, programme: str, on: date) -> bool:
        """Tell whether they may: an officer for units below their own, an operator as far as the key reaches."""
        if isinstance(self.right, Reach):
            return self.right.sees(units, uid, programme)
        return self.right.unit in {step.uid for step in units.ladder(uid, on)[1:]}


async def who_decides(
    pool: Pool, registry: Registry, links: Links, authorization: str | None, token: str | None, now: datetime
) -> Decider:
    """Find the holder of a link's token (in `token` or as Bearer), or of an operator's key. Raises DecisionError."""
    scheme, _, value = (authorization or "").strip().partition(" ")
    candidate = token or (value.strip() if scheme.lower() == "bearer" else None)
    key = find_key(registry, authorization, now)
    if key is not None and token is None:
        if key.kinds is None or DECIDE not in key.kinds:
            raise declined(Decline.NO_RIGHT, kind=DECIDE)
        return Decider(f"key {key.sender}", reach_of(key))
    if candidate is None:
        raise declined(Decline.NO_IDENTITY)
    try:
        holder = links.read(Purpose.PAGE, candidate, now)
    except LinkError as error:
        raise DecisionError(NOBODY[error.reason]) from error
    officer = await find_officer(pool, holder.officer)
    if officer is None:
        raise DecisionError(NOBODY[Decline.OFFICER_GONE])
    return Decider(written(officer), officer)


def written(officer: Officer) -> str:
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
        raise DecisionError(Refused(422, "value_invalid", error.words), "until") from None
    deadline = datetime.combine(until, programme.due_time, ZoneInfo(programme.timezone))
    if deadline <= max(due_at, now):
        raise declined(Decline.TOO_EARLY, "until", got=until)
    if deadline > max(due_at, now) + LONGEST_EXTENSION:
        raise declined(Decline.TOO_LATE, "until", days=LONGEST_EXTENSION.days, got=until)
    days = working_days(programme.holidays.country, programme.calendar_overrides)
    if not days.is_working(until):
        raise declined(Decline.NO_WORKING_DAY, "until", day=until)
    return deadline
