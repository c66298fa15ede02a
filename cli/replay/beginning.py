"""Where a replay begins: at the first entry of the journal that the backup may not have applied. Pure."""

from datetime import datetime, timedelta
from typing import NamedTuple

from shared.registry.restore_store import Lost

# Clocks of database, broker and the backup's machine differ, and a backlog or the spool went later. Used only where no
# audit says exactly where to begin.
MARGIN = timedelta(minutes=30)


class Place(NamedTuple):
    """An entry of the journal: its offset, and when it was published."""

    offset: int
    sent_at: datetime


class GapError(ValueError):
    """The journal begins too late: what was accepted in between is not in it. Its text names the gap, and the cure."""


def beginning(asked: datetime | None, lost: Lost, oldest: Place | None, audited: Place | None) -> "int | datetime":
    """Choose the offset or the instant from which to read.

    `oldest` is the journal's first entry, `audited` the entry up to which the backup's audits had found everything in
    both accounts: exact, whatever waited in queues when the backup was made. None where it isn't known, or is no longer
    in the journal. `asked` can only move the beginning back, or say that what the journal lacks is given up: nothing
    that it has is left out. Raises GapError.
    """
    needed = lost.since - MARGIN
    begins_at = _must_reach_back(oldest, asked or needed, known=asked is None and audited is not None)
    if audited is not None and (asked is None or audited.sent_at <= asked):
        return audited.offset
    return max(min(asked or needed, needed), begins_at)


def going_on(done: int, lost: Lost, oldest: Place | None) -> int:
    """Choose the offset at which a replay goes on that was broken off after the entry `done`. Raises GapError where
    the journal was trimmed to after it.
    """
    _must_reach_back(oldest, lost.since - MARGIN, known=oldest is not None and oldest.offset <= done + 1)
    return done + 1


def _must_reach_back(oldest: Place | None, wanted: datetime, *, known: bool) -> datetime:
    """Return when the journal begins. Raises GapError where that is after `wanted`, unless all that is needed of it is
    `known` to be there.
    """
    if oldest is None:
        raise GapError(f"the journal is empty: {_cure(wanted, None)}")
    if oldest.sent_at > wanted and not known:
        begins, needed = (it.isoformat(timespec="seconds") for it in (oldest.sent_at, wanted))
        raise GapError(f"the journal begins at {begins}, and is needed from {needed} on: {_cure(wanted, oldest)}")
    return oldest.sent_at


def _cure(wanted: datetime, oldest: Place | None) -> str:
    since = wanted.isoformat(timespec="seconds")
    if oldest is None:
        return (
            f"what was accepted since {since} is to be posted again by its senders; a marker of an auditor or any post "
            "begins the journal, then 'kip replay --since' that instant"
        )
    until = oldest.sent_at.replace(microsecond=0) + timedelta(seconds=oldest.sent_at.microsecond > 0)
    return (
        f"what was accepted between the two is to be posted again by its senders; "
        f"'kip replay --since {until.isoformat(timespec='seconds')}' replays the rest"
    )
