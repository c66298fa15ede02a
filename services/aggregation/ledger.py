"""From canonical events to ledger entries: pure, one pass, no second validation of what intake has checked."""

import hashlib
from datetime import datetime
from typing import Any, NamedTuple, TypeAlias

from pydantic_core import to_json

from shared.claims import Claim, Said, claims
from shared.events import TYPE_PREFIX, TYPE_SUFFIX, CanonicalEvent
from shared.scalars import day, instant

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


def to_entry(event: CanonicalEvent) -> Entry:
    """Read one canonical event. Raises KeyError, TypeError or ValueError where it is none.

    Its times are bounded absolutely, by no clock: what was accepted isn't thrown away because one stepped.
    """
    kind = event["type"][len(TYPE_PREFIX) : -len(TYPE_SUFFIX)]
    data = event["data"]
    if "held_on" in data:
        day(data["held_on"])
    data_json = to_json(data)
    # The body that must not change under the same id: everything that the sender said.
    said = b"\0".join((kind.encode(), event["subject"].encode(), event["time"].encode(), data_json))
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
