"""Until when an officer may ask to be told no more: a coming day, at the start of its work. Pure."""

from datetime import date, datetime, timedelta

from services.notifications.alerts.escalation import policy_of
from services.notifications.decision_words import Decline, declined, invalid, written_day
from shared.programme.model import Programme
from shared.values.scalars import ScalarError, day

LONGEST = timedelta(days=31)


def until_of(programme: Programme, written: object, now: datetime) -> datetime:
    """Read the day until which something is acknowledged, as the instant at which it ends. Raises DecisionError."""
    hours = policy_of(programme).hours
    return hours.opening(_day(written, now.astimezone(hours.zone).date()))


def longest(programme: Programme, now: datetime) -> datetime:
    """Give the latest instant until which something can be acknowledged."""
    hours = policy_of(programme).hours
    return hours.opening(now.astimezone(hours.zone).date() + LONGEST)


def _day(written: object, today: date) -> date:
    try:
        until = day(written)
    except ScalarError as error:
        raise invalid("until", error) from None
    if not today < until <= today + LONGEST:
        days = {"today": today, "end": today + LONGEST + timedelta(days=1), "got": until}
        raise declined(Decline.NO_COMING_DAY, "until", **{name: written_day(on) for name, on in days.items()})
    return until
