"""Makes ledger entries of canonical events, in one pass and without validating again what intake has. Pure."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple, Self

from pydantic_core import from_json, to_json

from shared.domain.canonical import CanonicalEvent, EventBody, Identity
from shared.domain.claims import RecordClaim, claims
from shared.domain.events import ActivityRecorded, IndicatorReported, Kind, RecordRetracted, ReportSubmitted
from shared.programme.families import Families

COLUMNS = ("province", "sender", "source", "id", "kind", "unit", "time", "accepted_at", "fingerprint", "data")
MARKS = ("officer", "device")  # beside the event, and no part of its fingerprint


class Entry(NamedTuple):
    """One event as the ledger keeps it: with its data as JSON text, and the fingerprint of what it says."""

    event: CanonicalEvent
    fingerprint: bytes
    data_json: str

    @property
    def identity(self) -> Identity:
        """What the ledger deduplicates by."""
        return self.event.identity

    def row(self) -> tuple[object, ...]:
        """Lay it out as the ledger's columns, in the order of `COLUMNS`."""
        event = self.event
        return (
            event.province, event.sender, event.source, event.id, event.kind, event.unit, event.time,
            event.accepted_at, self.fingerprint, self.data_json,
        )  # fmt: skip

    @property
    def marks(self) -> tuple[str | None, str | None]:
        """What stands beside the event, in the order of `MARKS`."""
        return self.event.officer, self.event.device

    def claims(self, families: Families) -> list[RecordClaim]:
        """Make its claims: on its own record, and on the one that it supersedes."""
        event = self.event
        return claims(event.body(), event.source, event.id, event.accepted_at, families)


class LedgerEvent(NamedTuple):
    """An event as the ledger gives it back: its body, decoded and as JSON text, and what tells it apart."""

    body: EventBody
    source: str
    id: str
    accepted_at: datetime
    data_json: str
    officer: str | None = None
    device: str | None = None

    @property
    def identity(self) -> Identity:
        """What tells it from every other event."""
        return (self.id, self.source, self.body.sender, self.body.province)

    @classmethod
    def of(
        cls,
        province: str,
        sender: str,
        kind: str,
        unit: str,
        time: datetime,
        source: str,
        event_id: str,
        accepted_at: datetime,
        data: str,
        *marks: str | None,
    ) -> Self:
        """Make one of a row, of one with `MARKS` too."""
        body = EventBody(province, sender, kind, unit, time, from_json(data))
        return cls(body, source, event_id, accepted_at, data, *marks)

    def claims(self, families: Families) -> list[RecordClaim]:
        """Make its claims: on its own record, and on the one that it supersedes."""
        return claims(self.body, self.source, self.id, self.accepted_at, families)


# The fields of each kind's data that has a revision, as they are written.
_FIELDS = {
    Kind.ACTIVITY_RECORDED.value: tuple(ActivityRecorded.model_fields),
    Kind.INDICATOR_REPORTED.value: tuple(IndicatorReported.model_fields),
    Kind.REPORT_SUBMITTED.value: tuple(ReportSubmitted.model_fields),
    Kind.RECORD_RETRACTED.value: tuple(RecordRetracted.model_fields),
}


def to_entry(event: CanonicalEvent) -> Entry:
    """Make the event's ledger entry. Raises ValueError where its data is no JSON.

    The fingerprint is of everything that must not change under the same id: kind, unit, time as written, and data with
    what it edits.
    """
    data = event.data
    data_json = to_json(data)
    body = data_json if "revision" in data else to_json(_with_revision(event.kind, data))
    signed = b"\0".join((event.kind.encode(), event.unit.encode(), event.written_time.encode(), body))
    return Entry(event, hashlib.blake2b(signed, digest_size=16).digest(), data_json.decode())


def _with_revision(kind: str, data: Mapping[str, object]) -> dict[str, object]:
    """Write the data of a current event as versions without such events published it: of revision 0.

    What a form's webhook repeats after an upgrade is then a duplicate and no conflict, and so is what says revision 0
    itself. `deprecates` counts where it names what is edited: no such version knew it.
    """
    fields = _FIELDS.get(kind, ())
    in_order = {name: 0 if name == "revision" else data[name] for name in fields if name == "revision" or name in data}
    return in_order | {name: value for name, value in data.items() if name != "deprecates" or value is not None}
