"""Decide how each problem stands from its events, in any order and repeated. Pure."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from services.notifications.obligations.event_fields import problem_text, text
from shared.domain.canonical import CanonicalEvent
from shared.domain.events import Kind

_STATES: dict[str, str] = {
    Kind.PROBLEM_RAISED: "raised",
    Kind.PROBLEM_RESOLVED: "resolved",
    Kind.RECORD_RETRACTED: "withdrawn",
}


class ProblemChange(NamedTuple):
    """What one event says about a problem: a row for `problem_store.py`. Its record belongs to the sender."""

    programme: str
    province: str
    sender: str
    record: str
    unit: str
    agency: str
    state: str
    text: str | None
    at: datetime
    source: str
    event: str
    domain: str | None = None

    @property
    def key(self) -> tuple[str, str, str, str]:
        """Which problem it is about."""
        return self.programme, self.province, self.sender, self.record

    @property
    def rank(self) -> tuple[datetime, str, str]:
        """Which of two counts: the higher, whatever the order of arrival."""
        return self.at, self.source, self.event


def problem_of(event: CanonicalEvent) -> ProblemChange | None:
    """What a canonical event says about a problem; None if it is about something else.

    The withdrawal of a record may be that of an activity: it is kept all the same, because it may come before the
    problem that it withdraws. Raises KeyError, TypeError or ValueError where its data is of another form
    than its kind's.
    """
    data = event.data
    if event.kind not in _STATES or data.get("record") is None:
        return None
    return ProblemChange(
        programme=text(data["programme"]),
        province=text(event.province),
        sender=text(event.sender),
        record=text(data["record"]),
        unit=text(event.unit),
        agency=text(data.get("agency") or ""),
        state=_STATES[event.kind],
        text=problem_text(data.get("text")),
        at=event.time,
        source=text(event.source),
        event=text(event.id),
        domain=text(data["domain"]) if data.get("domain") is not None else None,
    )


def latest(changes: Iterable[ProblemChange]) -> list[ProblemChange]:
    """Choose the change that counts of each problem, in the order of their keys."""
    found: dict[tuple[str, str, str, str], ProblemChange] = {}
    for change in changes:
        known = found.get(change.key)
        if known is None or known.rank < change.rank:
            found[change.key] = change
    return [found[key] for key in sorted(found)]
