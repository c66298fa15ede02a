"""Who is notified that a late report has come in, and when. Pure: time is an argument."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from services.notifications.alerts.escalation import WorkingHours
from services.notifications.alerts.reasons import Reason


class NotifiedLate(NamedTuple):
    """An officer with alerts that an obligation was late: addressed at `unit`, `up` levels above the one that owes.

    One row an officer, also if a merger moved them while the obligation was late: `unit` is then the last one.
    """

    officer: int
    unit: str
    up: int
    sent: bool  # one of them was delivered
    queued: bool  # one of them is still to be delivered


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is decided about each officer who was notified of lateness, and when to look again (None: never)."""

    decisions: tuple[tuple[NotifiedLate, Reason], ...]
    next_at: datetime | None

    @property
    def officers_by_place(self) -> dict[tuple[str, bool], frozenset[int]]:
        """Whom to notify now, by the unit at which they were addressed and whether as one above, in that order."""
        found: dict[tuple[str, bool], set[int]] = {}
        for one, reason in self.decisions:
            if reason is Reason.RECEIVED:
                found.setdefault((one.unit, one.up > 0), set()).add(one.officer)
        return {place: frozenset(officers) for place, officers in sorted(found.items())}


def receipt(notified: Sequence[NotifiedLate], met_at: datetime, hours: WorkingHours, now: datetime) -> Receipt:
    """Decide who hears at `now` that the report which was late has come at `met_at`.

    The unit's own officers within working hours, those above on the next working morning, so that one message names
    all that came on a day. Whose alert is only queued has not been reached: its delivery will say, so look again.
    """
    opens = hours.next_open(now)
    if opens > now:
        decisions = tuple((one, Reason.OUTSIDE_HOURS) for one in notified)
        waits_until = opens if notified else None
    else:
        morning = told_from(True, met_at, hours)
        decisions = tuple((one, _reason(one, morning, now)) for one in notified)
        waits_until = morning if any(reason is Reason.NEXT_MORNING for _, reason in decisions) else None
    return Receipt(decisions, now if any(one.queued for one in notified) else waits_until)


def told_from(above: bool, met_at: datetime, hours: WorkingHours) -> datetime:
    """Say from when on an officer hears of it, of the unit itself or of one above."""
    if not above:
        return hours.next_open(met_at)
    return hours.opening(hours.days.add(met_at.astimezone(hours.zone).date(), 1))


def _reason(one: NotifiedLate, morning: datetime, now: datetime) -> Reason:
    if not one.sent:
        return Reason.UNDELIVERED
    return Reason.NEXT_MORNING if one.up and morning > now else Reason.RECEIVED
