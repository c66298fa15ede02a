"""Where a message that came back goes on, and when. Pure."""

from collections.abc import Sequence
from datetime import datetime

from services.notifications.alerts.escalation import policy_of
from services.notifications.messages.return_path import mark_of
from shared.programme.model import Programme
from shared.registry.officers import Officer


def place_of(channels: Sequence[str], mark: bytes) -> int | None:
    """Find the mail address with this mark among an officer's channels; None where they have another one by now."""
    kinds = [str(channel).partition(":") for channel in channels]
    return next((n for n, (kind, _, address) in enumerate(kinds) if kind == "email" and mark_of(address) == mark), None)


def not_before(officer: Officer, programme: Programme, now: datetime) -> datetime | None:
    """Say from when on the officer may be told: within the programme's hours and not in their own quiet ones.

    None where that is now.
    """
    hours = policy_of(programme).hours
    free = officer.free_at(hours.next_open(now), hours.zone)
    return free if free > now else None
