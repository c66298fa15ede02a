"""Finds figures that an officer has handed in and that don't count as they were, and makes the events of it. Pure.

What an officer has handed in may be replaced later, by another application's nightly push, a sheet or a withdrawal; or
it may never count, where a version of a higher rank had come before it. So a batch is looked at for two things: records
of which another version begins to count now, and figures that an officer hands in now.
"""

from collections.abc import Iterable, Iterator, Sequence, Set
from datetime import datetime
from typing import NamedTuple, cast

from services.aggregation.ledger import Entry
from services.aggregation.records import Settled
from shared.domain.canonical import CanonicalEvent, EventData, Identity
from shared.domain.claims import RecordKey, record_key
from shared.domain.events import (
    AGGREGATION_SENDER,
    AGGREGATION_SOURCE,
    FIGURE_CHANGED,
    FigureChanged,
    FigureSaid,
    HandedIn,
    Kind,
)
from shared.programme.families import Families

_FIGURE = "indicator:"  # begins the key of a figure's record


class Place(NamedTuple):
    """Where to look in the ledger for the event by which a figure was handed in. A figure that several programmes share
    (a family) may have been handed in under the name that any of them gives it: each is a place of its own.
    """

    province: str
    unit: str
    programme: str
    indicator: str
    agency: str
    period: str


class LedgerFigure(NamedTuple):
    """An event about a figure, as the ledger has it."""

    id: str
    source: str
    sender: str
    kind: str
    time: datetime
    accepted_at: datetime
    data: EventData


class FigureChange(NamedTuple):
    """A change that waits to be told: of which record, the event by which it was handed in, the one that counts."""

    number: int
    batch: int
    province: str
    key: str
    unit: str
    handed_in: LedgerFigure
    counts: LedgerFigure

    @property
    def event(self) -> CanonicalEvent:
        """Make the event that tells of the change. Made a second time, after a crash, it is the same in each byte, and
        so it is known as a repetition.

        Raises KeyError or ValueError where one of the two events in the ledger holds no figure.
        """
        before, counts = self.handed_in, self.counts
        data = FigureChanged(
            programme=before.data["programme"], record=self.key, batch=self.batch, indicator=before.data["indicator"],
            agency=before.data["agency"], period=before.data["period"],
            handed_in=HandedIn(sender=before.sender, source=before.source, id=before.id, time=before.time),
            before=FigureSaid.model_validate(before.data),
            now=FigureSaid.model_validate(counts.data) if counts.kind == Kind.INDICATOR_REPORTED else None,
            by=counts.sender, at=counts.accepted_at,
        )  # fmt: skip
        return CanonicalEvent(
            id=f"{self.batch}.{self.number}",
            source=AGGREGATION_SOURCE,
            kind=FIGURE_CHANGED,
            unit=self.unit,
            time=counts.accepted_at,
            written_time=counts.accepted_at.isoformat(),
            sender=AGGREGATION_SENDER,
            accepted_at=counts.accepted_at,
            province=self.province,
            data=cast("EventData", data.model_dump(mode="json")),
        )


def in_question(
    settled: Iterable[Settled], fresh: Sequence[Entry], superseded: Set[RecordKey], families: Families
) -> list[Settled]:
    """Choose the figures of which it may have to be told: another version counts, or an officer's has just come."""
    handed_in = {
        (record_key(entry.event.body(), families), entry.event.province)
        for entry in fresh
        if entry.event.officer is not None and entry.event.kind == Kind.INDICATOR_REPORTED
    }
    asked = {key for key in superseded if key[0].startswith(_FIGURE)} | handed_in
    return [item for item in settled if item.key in asked] if asked else []


def places(item: Settled, families: Families) -> Iterator[Place]:
    """List where the ledger may have what was handed in of the figure."""
    subject, (_, province) = item.subject, item.key
    for member in families.members(subject.programme, subject.subject.removeprefix(_FIGURE)):
        name = member.programme.slug, member.indicator.slug
        yield Place(province, item.body.unit, *name, subject.agency, subject.period)


def to_tell(item: Settled, handed_in: Identity, superseded: Set[RecordKey]) -> bool:
    """Tell whether there is something to say: not where what was handed in is the first that came, and counts."""
    counts = (*item.standing.winner.identity, item.key[1])
    return counts != handed_in or item.key in superseded
