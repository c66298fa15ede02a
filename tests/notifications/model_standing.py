"""When a report stands, told a second time and without the services' code."""

from collections.abc import Collection
from datetime import datetime
from typing import Protocol


class Event(Protocol):
    """A submission of a report, or its withdrawal; without a revision where it came by a sheet, DHIS2 or Kobo."""

    @property
    def revision(self) -> int | None: ...
    @property
    def accepted_at(self) -> datetime: ...
    @property
    def submitted(self) -> bool: ...


def stands_since(events: Collection[Event]) -> datetime | None:
    """Since it was handed in first after the last withdrawal that was accepted before what counts: of the highest
    numbered event and the last one without a number the one accepted later.
    """
    numbered = sorted((e for e in events if e.revision is not None), key=lambda e: (e.revision or 0, e.accepted_at))
    plain = sorted((e for e in events if e.revision is None), key=lambda e: e.accepted_at)
    last = sorted([*numbered[-1:], *plain[-1:]], key=lambda e: (e.accepted_at, e.revision is None))[-1:]
    if not last or not last[0].submitted:
        return None
    gone = [e.accepted_at for e in events if not e.submitted and e.accepted_at <= last[0].accepted_at]
    return min(e.accepted_at for e in events if e.submitted and not (gone and e.accepted_at <= max(gone)))
