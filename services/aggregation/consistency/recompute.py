"""Recomputes the records of one province from its ledger alone, for `verify` and `rebuild`.

Reads the ledger in chunks, several times if it is long, so that memory stays bounded whatever a province holds.
"""

from collections.abc import Iterable
from typing import NamedTuple
from zlib import crc32

from pydantic_core import from_json

from services.aggregation.consistency import drift_store
from services.aggregation.records import Standing, standing_of
from shared.database.connections import Connection
from shared.domain.canonical import EventBody
from shared.domain.claims import RecordClaim
from shared.domain.standing import Version, contenders, winner
from shared.programme.families import Families

RECORDS_AT_ONCE = 200_000  # events whose winners are held in memory together: some 200 MB


class Held(NamedTuple):
    """One version of a record, its body still as text: bodies are most of the memory."""

    version: Version
    kind: str
    unit: str
    data: str

    def body(self, province: str) -> EventBody:
        """Decode the event."""
        return EventBody(province, self.version.sender, self.kind, self.unit, self.version.time, from_json(self.data))


class Contest:
    """The versions of one record that can decide which counts."""

    __slots__ = ("_held",)

    def __init__(self, held: Iterable[Held]) -> None:
        self._held = tuple(held)

    @property
    def standing(self) -> Standing:
        """How the record stands by these versions."""
        return standing_of([held.version for held in self._held])

    @property
    def winner(self) -> Held:
        """The version that counts, with its event."""
        counts = winner([held.version for held in self._held])
        return next(held for held in self._held if held.version == counts)

    def joined(self, other: "Contest") -> "Contest":
        """Join both into one contest."""
        held = {item.version: item for item in (*self._held, *other._held)}
        return Contest(held[version] for version in contenders(held))


def buckets(events: int) -> int:
    """Say in how many passes a ledger of that many events is read."""
    return -(-events // RECORDS_AT_ONCE) or 1


async def recompute(
    connection: Connection,
    province: str,
    families: Families,
    bucket: int = 0,
    of: int = 1,
) -> dict[str, Contest]:
    """Find the contest of each record whose key falls into `bucket`, in the caller's transaction."""
    records: dict[str, Contest] = {}
    async for chunk in drift_store.ledger(connection, province):
        for event in chunk:
            for claim in event.claims(families):
                if in_bucket(claim.key, bucket, of):
                    take(records, claim, event.data_json)
    return records


async def claims_since(connection: Connection, province: str, families: Families, batch: int) -> dict[str, Contest]:
    """Find the contests that what came after that batch makes, by record key."""
    records: dict[str, Contest] = {}
    for event in await drift_store.ledger_since(connection, province, batch):
        for claim in event.claims(families):
            take(records, claim, event.data_json)
    return records


def in_bucket(key: str, bucket: int, of: int) -> bool:
    """Whether the record belongs to this pass of `of`: each to exactly one, whatever the process."""
    return of == 1 or crc32(key.encode()) % of == bucket


def take(records: dict[str, Contest], claim: RecordClaim, data_json: str) -> None:
    """Let the claim compete for its record.

    Invariant: a contest holds only the contenders, so that joining in any order gives what joining all at once gives.
    """
    made = Contest([Held(claim.version, claim.body.kind, claim.body.unit, data_json)])
    rivals = records.get(claim.key)
    records[claim.key] = made if rivals is None else rivals.joined(made)
