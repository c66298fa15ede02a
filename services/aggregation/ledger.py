"""From canonical events to ledger entries: pure, one pass, no second validation of what intake has checked."""

import hashlib
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from pydantic_core import to_json

from shared.domain.claims import Claim, Said, claims
from shared.domain.events import (
    TYPE_PREFIX,
    TYPE_SUFFIX,
    ActivityRecorded,
    CanonicalEvent,
    IndicatorReported,
    Kind,
    RecordRetracted,
    ReportSubmitted,
)
from shared.values.scalars import day, instant

Identity: TypeAlias = tuple[str, str, str, str]  # (id, source, sender, province), as the ledger's key


class Entry(NamedTuple):
    """One event as the ledger keeps it. `identity` is what deduplicates."""

    province: str
    sender: str
    source: str
    id: str
    kind: str
    unit: str
    time: datetime
    accepted_at: datetime
    fingerprint: bytes
    data: dict[str, Any]
    data_json: str

    @property
    def identity(self) -> Identity:
        """What the ledger deduplicates by."""
        return (self.id, self.source, self.sender, self.province)

    def said(self) -> Said:
        """The event without its envelope."""
        return Said(self.province, self.sender, self.kind, self.unit, self.time, self.data)

    def claims(self) -> list[Claim]:
        """What it claims: its own record, and the one that it supersedes."""
        return claims(self.said(), self.source, self.id, self.accepted_at)

    def canonical(self) -> CanonicalEvent:
        """The event as it travelled."""
        return {
            "specversion": "1.0",
            "id": self.id,
            "source": self.source,
            "type": f"{TYPE_PREFIX}{self.kind}{TYPE_SUFFIX}",
            "subject": self.unit,
            "time": self.time.isoformat(),
            "data": self.data,
            "sender": self.sender,
            "acceptedat": self.accepted_at.isoformat(),
            "province": self.province,
        }


# The fields of each kind's data that has a revision, as they are written.
_FIELDS = {
    Kind.ACTIVITY_RECORDED.value: tuple(ActivityRecorded.model_fields),
    Kind.INDICATOR_REPORTED.value: tuple(IndicatorReported.model_fields),
    Kind.REPORT_SUBMITTED.value: tuple(ReportSubmitted.model_fields),
    Kind.RECORD_RETRACTED.value: tuple(RecordRetracted.model_fields),
}


def to_entry(event: CanonicalEvent) -> Entry:
    """Read one canonical event. Raises KeyError, TypeError or ValueError where it is none.

    Its times are bounded absolutely, by no clock: what was accepted isn't thrown away because one stepped.
    """
    kind = event["type"][len(TYPE_PREFIX) : -len(TYPE_SUFFIX)]
    data = event["data"]
    if "held_on" in data:
        day(data["held_on"])
    data_json = to_json(data)
    # The body that must not change under the same id: everything that the sender said, also what it edits.
    body = data_json if "revision" in data else to_json(_with_revision(kind, data))
    said = b"\0".join((kind.encode(), event["subject"].encode(), event["time"].encode(), body))
    return Entry(
        province=event["province"],
        sender=event["sender"],
        source=event["source"],
        id=event["id"],
        kind=kind,
        unit=event["subject"],
        time=instant(event["time"]),
        accepted_at=instant(event["acceptedat"]),
        fingerprint=hashlib.blake2b(said, digest_size=16).digest(),
        data=data,
        data_json=data_json.decode(),
    )


def _with_revision(kind: str, data: dict[str, Any]) -> dict[str, Any]:
    """The data of a current event as versions without such events published it: of revision 0.

    What a form's webhook repeats after an upgrade is then a duplicate and no conflict, and so is what says revision 0
    itself. `deprecates` counts where it names what is edited: no such version knew it.
    """
    fields = _FIELDS.get(kind, ())
    written = {name: 0 if name == "revision" else data[name] for name in fields if name == "revision" or name in data}
    return written | {name: value for name, value in data.items() if name != "deprecates" or value is not None}
