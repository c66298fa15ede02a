"""From submissions and withdrawals, in any order and repeated, to whether an obligation is met. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from shared.events import KIND_OF_TYPE, Kind


class State(StrEnum):
    """The life of an obligation."""

    OPEN = "open"
    MET = "met"
    OVERDUE = "overdue"
    LATE_MET = "late_met"
    WAIVED = "waived"
    EXPIRED = "expired"  # its deadline had passed before the programme was known here


@dataclass(frozen=True, slots=True)
class Answer:
    """One submission of a report (or its withdrawal), as the door took it."""

    programme: str
    report: str
    period: str
    unit: str
    agency: str
    sender: str
    source: str
    id: str
    revision: int
    time: datetime
    accepted_at: datetime
    submitted: bool

    @property
    def key(self) -> tuple[str, str, str, str, str]:
        """What it answers: programme, period, report, unit, agency."""
        return self.programme, self.period, self.report, self.unit, self.agency

    @property
    def rank(self) -> tuple[int, datetime, str, str, str]:
        """Which of two counts: the higher, whatever the order of arrival."""
        return self.revision, self.time, self.source, self.id, self.sender


def answer_of(event: Mapping[str, Any]) -> Answer | None:
    """The answer that a canonical event gives to an obligation; None if it is about something else.

    Raises KeyError, TypeError or ValueError for what is no canonical event.
    """
    kind = KIND_OF_TYPE.get(event["type"])
    data = event["data"]
    if kind is not Kind.REPORT_SUBMITTED and (kind is not Kind.RECORD_RETRACTED or data.get("report") is None):
        return None
    return Answer(
        programme=data["programme"],
        report=data["report"],
        period=data["period"],
        unit=event["subject"],
        agency=data["agency"],
        sender=event["sender"],
        source=event["source"],
        id=event["id"],
        revision=data.get("revision", 0),
        time=datetime.fromisoformat(event["time"]),
        accepted_at=datetime.fromisoformat(event["acceptedat"]),
        submitted=kind is Kind.REPORT_SUBMITTED,
    )


def answered_at(answers: Iterable[Answer]) -> datetime | None:
    """When the report that stands was first handed in; None if none does.

    It stands from the lowest-ranked submission after the last withdrawal: a later correction doesn't make it late.
    """
    since: datetime | None = None
    for answer in sorted(answers, key=lambda item: item.rank):
        if not answer.submitted:
            since = None
        elif since is None or answer.accepted_at < since:
            since = answer.accepted_at
    return since


@dataclass(frozen=True, slots=True)
class Verdict:
    """What an obligation becomes."""

    state: State
    met_at: datetime | None
    reopened: bool


def judge(state: State, due_at: datetime, met_at: datetime | None, now: datetime) -> Verdict:
    """What becomes of an obligation in `state` whose report stands since `met_at` (None: it doesn't).

    On time means accepted at the door by the deadline. A waived one stays waived, and one that had expired before it
    was opened becomes met only if it was on time.
    """
    if state is State.WAIVED:
        return Verdict(state, met_at, reopened=False)
    on_time = met_at is not None and met_at <= due_at
    if state is State.EXPIRED:
        return Verdict(State.MET if on_time else state, met_at, reopened=False)
    if met_at is not None:
        return Verdict(State.MET if on_time else State.LATE_MET, met_at, reopened=False)
    if state in {State.MET, State.LATE_MET}:
        return Verdict(State.OPEN if now <= due_at else State.OVERDUE, None, reopened=True)
    return Verdict(state, None, reopened=False)
