"""When a report stands, told a second time and without the services' code."""

from collections.abc import Collection, Iterator
from datetime import datetime
from typing import Protocol


class Event(Protocol):
    """A submission of a report, or its withdrawal; without a revision where it came by a sheet, DHIS2 or Kobo.

    Two of one sender and name are copies of one event. `edits` names the event of the same sender that it replaces.
    """

    @property
    def sender(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def edits(self) -> str | None: ...
    @property
    def revision(self) -> int | None: ...
    @property
    def accepted_at(self) -> datetime: ...
    @property
    def submitted(self) -> bool: ...


def stands_since(copies: Collection[Event]) -> datetime | None:
    """Since it was handed in first after the last withdrawal that was accepted before what counts: of the highest
    numbered event and the last one without a number the one accepted later. Of copies the first accepted counts.
    """
    known: dict[tuple[str, str], Event] = {}
    for copy in sorted(copies, key=lambda e: e.accepted_at, reverse=True):
        known[copy.sender, copy.name] = copy
    events = list(known.values())
    numbered = sorted((e for e in events if e.revision is not None), key=lambda e: (e.revision or 0, e.accepted_at))
    plain = sorted(_last_of_each_sender(events), key=lambda e: (e.accepted_at, e.sender, e.name))
    last = sorted([*numbered[-1:], *plain[-1:]], key=lambda e: (e.accepted_at, e.revision is None))[-1:]
    if not last or not last[0].submitted:
        return None
    gone = [e.accepted_at for e in events if not e.submitted and e.accepted_at <= last[0].accepted_at]
    return min(e.accepted_at for e in events if e.submitted and not (gone and e.accepted_at <= max(gone)))


def _last_of_each_sender(events: Collection[Event]) -> Iterator[Event]:
    """Of the events without a number: what another one edits is out, and an edit comes after all that edits nothing."""
    plain = [e for e in events if e.revision is None]
    for sender in {e.sender for e in plain}:
        own = [e for e in plain if e.sender == sender]
        edited = {e.edits for e in own}
        left = [e for e in own if e.name not in edited]
        yield sorted(left, key=lambda e: (e.edits is not None, e.accepted_at, e.name))[-1]
