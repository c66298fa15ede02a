"""The SQL of the write path: ledger, records, cells. Keys are sent sorted: batches in another order deadlock."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic_core import from_json

from services.aggregation.ledger import Entry, Identity
from services.aggregation.rollup import About, Claim, Current, Delta, Rank, RecordKey, Said
from shared.db import Connection

# A statement of its own, first in the transaction: inside a later one its snapshot would already be stale.
GUARD_PARTITION = "SELECT pg_advisory_xact_lock(hashtextextended('kip.aggregation.' || $1::text, 0))"

APPEND = """
    INSERT INTO aggregation.ledger
        (province, sender, source, id, kind, unit, time, accepted_at, fingerprint, data)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                         $7::timestamptz[], $8::timestamptz[], $9::bytea[], $10::json[])
    ON CONFLICT DO NOTHING
    RETURNING id, source, sender, province
"""
FINGERPRINTS = """
    SELECT ledger.id, ledger.source, ledger.sender, ledger.province, ledger.fingerprint
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS asked (id, source, sender, province)
    JOIN aggregation.ledger USING (id, source, sender, province)
"""
PUT_CONFLICTS_ASIDE = """
    INSERT INTO aggregation.conflict
        (province, sender, source, id, kind, unit, time, accepted_at, fingerprint, data)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                         $7::timestamptz[], $8::timestamptz[], $9::bytea[], $10::json[])
    ON CONFLICT DO NOTHING
"""
# The body of a live winner, to take away what it gave; a dead one gave nothing.
CURRENT_RECORDS = """
    SELECT record.key, record.province, record.revision, record.time, record.source, record.id, record.sender,
           record.alive, ledger.kind, ledger.unit, ledger.data
    FROM unnest($1::text[], $2::text[]) AS asked (key, province)
    JOIN aggregation.record USING (key, province)
    LEFT JOIN aggregation.ledger ON record.alive AND ledger.id = record.id AND ledger.source = record.source
        AND ledger.sender = record.sender AND ledger.province = record.province
"""
UPSERT_RECORDS = """
    INSERT INTO aggregation.record
        (province, key, revision, time, sender, source, id, alive, programme, subject, unit, agency, period)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[], $5::text[], $6::text[], $7::text[],
                         $8::boolean[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[])
    ON CONFLICT (key, province) DO UPDATE SET
        revision = excluded.revision, time = excluded.time, sender = excluded.sender, source = excluded.source,
        id = excluded.id, alive = excluded.alive, programme = excluded.programme, subject = excluded.subject,
        unit = excluded.unit, agency = excluded.agency, period = excluded.period
"""
ADD_TO_CELLS = """
    INSERT INTO aggregation.cell AS cell
        (unit, subject, period, by, programme, province,
         records, reported, numerator, denominator, people, female, amount)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[],
                         $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[])
    ON CONFLICT (unit, subject, period, by, programme, province) DO UPDATE SET
        records     = cell.records     + excluded.records,
        reported    = cell.reported    + excluded.reported,
        numerator   = cell.numerator   + excluded.numerator,
        denominator = cell.denominator + excluded.denominator,
        people      = cell.people      + excluded.people,
        female      = cell.female      + excluded.female,
        amount      = cell.amount      + excluded.amount
"""
BURY = "INSERT INTO aggregation.dead (reason, event, died_at) SELECT *, $3 FROM unnest($1::text[], $2::json[])"


async def guard_partition(connection: Connection, partition: int) -> None:
    """Hold the partition until the transaction ends: whatever the broker does, one writer at a time."""
    await connection.execute(GUARD_PARTITION, str(partition))


async def append(connection: Connection, entries: Sequence[Entry]) -> set[Identity]:
    """Append what is new; return the identities of what was appended."""
    rows = await connection.fetch(APPEND, *_ledger_columns(entries))
    return {(row["id"], row["source"], row["sender"], row["province"]) for row in rows}


async def fingerprints(connection: Connection, entries: Sequence[Entry]) -> dict[Identity, bytes]:
    """The fingerprints under which the ledger holds these identities."""
    identities = zip(*(entry.identity for entry in entries), strict=True)
    rows = await connection.fetch(FINGERPRINTS, *identities)
    return {(row["id"], row["source"], row["sender"], row["province"]): row["fingerprint"] for row in rows}


async def put_conflicts_aside(connection: Connection, entries: Sequence[Entry]) -> None:
    """Keep events that came under a taken identity with another body."""
    await connection.execute(PUT_CONFLICTS_ASIDE, *_ledger_columns(entries))


async def current_records(connection: Connection, keys: Sequence[RecordKey]) -> dict[RecordKey, Current]:
    """The records with these (key, province) that exist."""
    rows = await connection.fetch(CURRENT_RECORDS, [key for key, _ in keys], [province for _, province in keys])
    return {(row["key"], row["province"]): _current(dict(row)) for row in rows}


def _current(row: Mapping[str, Any]) -> Current:
    rank = Rank(row["revision"], row["time"], row["source"], row["id"], row["sender"])
    if not row["alive"]:
        return Current(rank, None)
    said = Said(
        province=row["province"],
        sender=rank.sender,
        kind=row["kind"],
        unit=row["unit"],
        time=rank.time,
        data=from_json(row["data"]),
    )
    return Current(rank, said)


async def upsert_records(connection: Connection, winners: Sequence[tuple[Claim, About]]) -> None:
    """Write the new winners, sorted by key."""
    rows = [
        (
            claim.event.province, claim.key, claim.rank.revision, claim.rank.time, claim.rank.sender, claim.rank.source,
            claim.rank.id, claim.alive, what.programme, what.subject, claim.event.unit, what.agency, what.period,
        )
        for claim, what in sorted(winners, key=lambda item: (item[0].key, item[0].event.province))
    ]  # fmt: skip
    await connection.execute(UPSERT_RECORDS, *zip(*rows, strict=True))


async def add_to_cells(connection: Connection, delta: Delta) -> int:
    """Add what isn't zero, sorted by key; return the number of cells touched."""
    rows = sorted((*key, *sums) for key, sums in delta.items() if any(sums))
    if rows:
        await connection.execute(ADD_TO_CELLS, *zip(*rows, strict=True))
    return len(rows)


async def bury(connection: Connection, dead: Sequence[tuple[str, str]], now: datetime) -> None:
    """Keep events that can't be applied, each as (reason, event as JSON)."""
    await connection.execute(BURY, [reason for reason, _ in dead], [event for _, event in dead], now)


def _ledger_columns(entries: Sequence[Entry]) -> list[list[object]]:
    ordered = sorted(entries, key=lambda entry: entry.identity)
    return [
        [entry.province for entry in ordered],
        [entry.sender for entry in ordered],
        [entry.source for entry in ordered],
        [entry.id for entry in ordered],
        [entry.kind for entry in ordered],
        [entry.unit for entry in ordered],
        [entry.time for entry in ordered],
        [entry.accepted_at for entry in ordered],
        [entry.fingerprint for entry in ordered],
        [entry.data_json for entry in ordered],
    ]
