"""What the ledger alone gives: the records of one province, for `verify` and `rebuild`.

Reads the ledger in chunks, several times if it is long, so that memory stays bounded whatever a province holds.
"""

from typing import NamedTuple
from zlib import crc32

import asyncpg
from pydantic_core import from_json

from services.aggregation.rollup import Claim, Rank, Said, claims
from services.aggregation.wild_store import SOUND_TIME
from shared.db import Connection

CHUNK = 5000
RECORDS_AT_ONCE = 200_000  # events whose winners are held in memory together: some 200 MB

COUNT = "SELECT count(*) FROM aggregation.ledger WHERE province = $1"
LEDGER = f"""
    SELECT province, sender, kind, unit, time, source, id, data FROM aggregation.ledger
    WHERE province = $1 AND {SOUND_TIME}
"""  # noqa: S608 - a constant
SINCE = f"{LEDGER} AND batch > $2"


class Winner(NamedTuple):
    """The claim that a record rests on, its body still as text: bodies are most of the memory."""

    rank: Rank
    alive: bool
    kind: str
    unit: str
    data: str

    def said(self, province: str) -> Said:
        """The event."""
        return Said(province, self.rank.sender, self.kind, self.unit, self.rank.time, from_json(self.data))


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
) -> dict[str, Winner]:
    """The winners of the records whose key falls into `bucket`, in the caller's transaction."""
    winners: dict[str, Winner] = {}
    cursor = await connection.cursor(LEDGER, province)
    while rows := await cursor.fetch(CHUNK):
        for row in rows:
            for claim, text in _claims(row):
                if of == 1 or crc32(claim.key.encode()) % of == bucket:
                    take(winners, claim, text)
    return winners


async def claims_since(connection: Connection, province: str, batch: int) -> dict[str, Winner]:
    """The strongest claims of what came after that batch, by record key."""
    winners: dict[str, Winner] = {}
    for row in await connection.fetch(SINCE, province, batch):
        for claim, text in _claims(row):
            take(winners, claim, text)
    return winners


def take(winners: dict[str, Winner], claim: Claim, text: str) -> None:
    """Let the claim have its record if it is the strongest yet."""
    rival = winners.get(claim.key)
    if rival is None or claim.rank > rival.rank:
        said = claim.event
        winners[claim.key] = Winner(claim.rank, claim.alive, said.kind, said.unit, text)


def _claims(row: asyncpg.Record) -> list[tuple[Claim, str]]:
    text = row["data"]
    said = Said(row["province"], row["sender"], row["kind"], row["unit"], row["time"], from_json(text))
    return [(claim, text) for claim in claims(said, row["source"], row["id"])]
