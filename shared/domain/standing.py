"""Decides which version of a record counts: one rule for live figures, rebuild, verify and obligations. Pure.

An event is *explicit*: its sender numbers the revisions of a record; or *current*: a sheet, DHIS2, Kobo or the board,
which know no revisions, say what holds from now on and so correct what was accepted before. The two can't be folded
into one rank: explicit 5, an upload after it and explicit 3 after that would each beat the one before and lose to the
next. So the strongest explicit version and the latest current one are found apart, and of these two the one that was
accepted later counts. What a `supersedes` has replaced stays replaced.

The rule looks at a set of versions: any order of arrival and any repetition gives the same winner.
"""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import NamedTuple

FINAL = 2**31 - 1  # a revision above every one that a sender can give: of a record that another one supersedes


class Version(NamedTuple):
    """One event's version of a record.

    `revision` is None for a current event. `accepted_at` is the earliest acceptance of all the event's copies. `alive`
    is False for a withdrawal. `deprecates` is the id of the event that this one, an edited submission, replaces: of the
    same sender and source.
    """

    revision: int | None
    time: datetime
    source: str
    id: str
    sender: str
    accepted_at: datetime
    alive: bool
    deprecates: str | None = None

    @property
    def identity(self) -> tuple[str, str, str]:
        """What tells the events of a record apart: (id, source, sender)."""
        return self.id, self.source, self.sender

    @property
    def rank(self) -> tuple[int, datetime, str, str, str]:
        """Which of two explicit versions is the stronger: the higher. A current one has none: -1."""
        return -1 if self.revision is None else self.revision, self.time, self.source, self.id, self.sender


def winner(versions: Collection[Version]) -> Version:
    """Pick the version that counts. Raises ValueError where there is none.

    Accepted at the same instant, the current one counts.
    """
    explicit = max((item for item in versions if item.revision is not None), key=_rank, default=None)
    current = _latest([item for item in versions if item.revision is None])
    if explicit is None or current is None:
        found = explicit or current
        if found is None:
            raise ValueError("a record has one version at least")
        return found
    if explicit.revision == FINAL or explicit.accepted_at > current.accepted_at:
        return explicit
    return current


def contenders(versions: Iterable[Version]) -> list[Version]:
    """Keep the versions of a record that can still decide who wins: the strongest explicit one, all current ones.

    Of an event's copies the earliest stays. The explicit one comes first, the others in the order of their identities.
    """
    earliest: dict[tuple[str, str, str], Version] = {}
    for item in versions:
        known = earliest.setdefault(item.identity, item)
        if item.accepted_at < known.accepted_at:
            earliest[item.identity] = item
    explicit = max((item for item in earliest.values() if item.revision is not None), key=_rank, default=None)
    current = sorted((item for item in earliest.values() if item.revision is None), key=lambda item: item.identity)
    return current if explicit is None else [explicit, *current]


def stands_since(versions: Collection[Version]) -> datetime | None:
    """Say since when a submission stands; None where there is none or a withdrawal counts.

    It is the earliest acceptance after the last withdrawal that the winner does not precede: a correction doesn't make
    a report late, and one that was handed in again counts from then.
    """
    if not versions:
        return None
    counts = winner(versions)
    if not counts.alive:
        return None
    withdrawn = max(
        (item.accepted_at for item in versions if not item.alive and item.accepted_at <= counts.accepted_at),
        default=None,
    )
    after = (
        item.accepted_at for item in versions if item.alive and (withdrawn is None or item.accepted_at > withdrawn)
    )
    return min(after, default=counts.accepted_at)


def _rank(version: Version) -> tuple[int, datetime, str, str, str]:
    return version.rank


def _latest(versions: Collection[Version]) -> Version | None:
    """Pick the current version that counts: of each sender's form or sheet the last edit, of these the last accepted.

    A submission that another one edits is out, even where it is accepted later. An edit whose predecessor never came is
    above the submission that nobody edited. Between senders only acceptance counts: the last import wins.
    """
    edited = {(item.deprecates, item.source, item.sender) for item in versions if item.deprecates is not None}
    left = [item for item in versions if item.identity not in edited] or versions  # two that edit each other: all
    last: dict[tuple[str, str], Version] = {}
    for item in left:
        origin = item.source, item.sender
        if origin not in last or _edit_rank(item) > _edit_rank(last[origin]):
            last[origin] = item
    return max(last.values(), key=lambda item: (item.accepted_at, item.source, item.id, item.sender), default=None)


def _edit_rank(version: Version) -> tuple[bool, datetime, str]:
    return version.deprecates is not None, version.accepted_at, version.id
