"""What the ledger alone gives: the records of one province, for `verify` and `rebuild`.

Reads the ledger in chunks, several times if it is long, so that memory stays bounded whatever a province holds.
"""

from collections.abc import Iterable
from typing import NamedTuple
from zlib import crc32

import asyncpg
from pydantic_core import from_json

from services.aggregation.consistency.wild_store import SOUND_TIME
from services.aggregation.store import Standing
from shared.database.connections import Connection
from shared.domain.canonical import EventBody
from shared.domain.claims import RecordClaim, claims
from shared.domain.standing import Version, contenders, winner

CHUNK = 5000
RECORDS_AT_ONCE = 200_000  # events whose winners are held in memory together: some 200 MB

COUNT = "SELECT count(*) FROM aggregation.ledger WHERE province = $1"
LEDGER = f"""
    SELECT province, sender, kind, unit, time, source, id, accepted_at, data FROM aggregation.ledger
    WHERE province = $1 AND {SOUND_TIME}
"""  # noqa: S608 - a constant
SINCE = f"{LEDGER} AND batch > $2"


class Held(NamedTuple):
    """One version of a record, its body still as text: bodies are most of the memory."""

    version: Version
    kind: str
    unit: str
    data: str

    def body(self, province: str) -> EventBody:
        """The event."""
        return EventBody(province, self.version.sender, self.kind, self.unit, self.version.time, from_json(self.data))


class Contest:
    """The versions of one record that can decide which counts."""

    __slots__ = ("_held",)

    def __init__(self, held: Iterable[Held]) -> None:
        self._held = tuple(held)

    @property
    def standing(self) -> Standing:
        """How the record stands."""
        versions = tuple(held.version for held in self._held)
        return Standing(winner(versions), any(version.revision is None for version in versions), versions)

    @property
    def winner(self) -> Held:
        """The version that counts, with its event."""
        counts = winner([held.version for held in self._held])
        return next(held for held in self._held if held.version == counts)

    def joined(self, other: "Contest") -> "Contest":
        """The contest of both."""
        held = {item.version: item for item in (*self._held, *other._held)}
        return Contest(held[version] for version in contenders(held))


async def ledger_size(connection: Connection, province: str) -> int:
    """How many events the province has."""
    count: int = await connection.fetchval(COUNT, province)
    return count


def buckets(events: int) -> int:
    """In how many passes a ledger of that many events is read."""
    return -(-events // RECORDS_AT_ONCE) or 1


async def recompute(
    connection: Connection,
    province: str,
    bucket: int = 0,
    of: int = 1,
) -> dict[str, Contest]:
    """The records whose key falls into `bucket`, in the caller's transaction."""
    records: dict[str, Contest] = {}
    cursor = await connection.cursor(LEDGER, province)
    while rows := await cursor.fetch(CHUNK):
        for row in rows:
            for claim, text in _claims(row):
                if of == 1 or crc32(claim.key.encode()) % of == bucket:
                    take(records, claim, text)
    return records


async def claims_since(connection: Connection, province: str, batch: int) -> dict[str, Contest]:
    """What came after that batch, by record key."""
    records: dict[str, Contest] = {}
    for row in await connection.fetch(SINCE, province, batch):
        for claim, text in _claims(row):
            take(records, claim, text)
    return records


def take(records: dict[str, Contest], claim: RecordClaim, text: str) -> None:
    """Let the claim compete for its record."""
    body = claim.body
    made = Contest([Held(claim.version, body.kind, body.unit, text)])
    rivals = records.get(claim.key)
    records[claim.key] = made if rivals is None else rivals.joined(made)


def _claims(row: asyncpg.Record) -> list[tuple[RecordClaim, str]]:
    text = row["data"]
    body = EventBody(row["province"], row["sender"], row["kind"], row["unit"], row["time"], from_json(text))
    return [(claim, text) for claim in claims(body, row["source"], row["id"], row["accepted_at"])]
