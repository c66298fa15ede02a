"""The SQL of the write path: ledger, records, cells. Keys are sent sorted: batches in another order deadlock."""

from collections.abc import Sequence
from datetime import datetime

from pydantic_core import from_json

from services.aggregation.contribution import Delta
from services.aggregation.ledger import Entry, Identity
from services.aggregation.rollup import About, Claim, RecordKey, Said
from shared.db import Connection

# A statement of its own, first in the transaction: inside a later one its snapshot would already be stale.
GUARD_PARTITION = "SELECT pg_advisory_xact_lock(hashtextextended('kip.aggregation.' || $1::text, 0))"

NEXT_BATCH = "SELECT nextval('aggregation.batch')"
APPEND = """
    INSERT INTO aggregation.ledger
        (province, sender, source, id, kind, unit, time, accepted_at, fingerprint, data, batch)
    SELECT *, $11::bigint FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
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
# Comes back with the records that these claims win, and with whose event each one won against (null: nobody's).
WIN_RECORDS = """
    INSERT INTO aggregation.record
        (province, key, revision, time, sender, source, id, alive, programme, subject, unit, agency, period, state)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[], $5::text[], $6::text[], $7::text[],
                         $8::boolean[], $9::text[], $10::text[], $11::text[], $12::text[], $13::text[], $14::text[])
    ON CONFLICT (key, province) DO UPDATE SET
        revision = excluded.revision, time = excluded.time, sender = excluded.sender, source = excluded.source,
        id = excluded.id, alive = excluded.alive, programme = excluded.programme, subject = excluded.subject,
        unit = excluded.unit, agency = excluded.agency, period = excluded.period, state = excluded.state
    WHERE (record.revision, record.time, record.source, record.id, record.sender)
        < (excluded.revision, excluded.time, excluded.source, excluded.id, excluded.sender)
    RETURNING new.key, new.province, old.alive AS was_alive, old.id AS old_id, old.source AS old_source,
              old.sender AS old_sender
"""
BODIES = """
    SELECT ledger.id, ledger.source, ledger.sender, ledger.province, ledger.kind, ledger.unit, ledger.time, ledger.data
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) AS asked (id, source, sender, province)
    JOIN aggregation.ledger USING (id, source, sender, province)
"""
# The steps of a ladder are joined here and not in Python: a leaf is sent once for all its levels.
ADD_TO_CELLS = """
    INSERT INTO aggregation.cell AS cell
        (unit, subject, period, by, programme, province,
         records, reported, numerator, denominator, people, female, amount)
    SELECT step.unit, subject, period, by, programme, province,
           sum(records)::bigint, sum(reported)::bigint, sum(numerator)::bigint, sum(denominator)::bigint,
           sum(people)::bigint, sum(female)::bigint, sum(amount)::bigint
    FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::bigint[],
                $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[])
         AS leaf (ladder, subject, period, by, programme, province,
                  records, reported, numerator, denominator, people, female, amount)
    JOIN unnest($14::integer[], $15::text[]) AS step (ladder, unit) USING (ladder)
    GROUP BY step.unit, subject, period, by, programme, province
    ORDER BY step.unit, subject, period, by, programme, province
    ON CONFLICT (unit, subject, period, by, programme, province) DO UPDATE SET
        records     = cell.records     + excluded.records,
        reported    = cell.reported    + excluded.reported,
        numerator   = cell.numerator   + excluded.numerator,
        denominator = cell.denominator + excluded.denominator,
        people      = cell.people      + excluded.people,
        female      = cell.female      + excluded.female,
        amount      = cell.amount      + excluded.amount
"""
BURY = """
    INSERT INTO aggregation.dead (reason, kind, event, died_at)
    SELECT reason, kind, event, $4 FROM unnest($1::text[], $2::text[], $3::json[]) AS dead (reason, kind, event)
"""
ADVANCE = """
    INSERT INTO aggregation.progress VALUES ($1, $2, $3)
    ON CONFLICT (partition) DO UPDATE SET batch = excluded.batch, applied_at = excluded.applied_at
"""


async def guard_partition(connection: Connection, partition: int) -> None:
    """Hold the partition until the transaction ends: whatever the broker does, one writer at a time."""
    await connection.execute(GUARD_PARTITION, str(partition))


async def next_batch(connection: Connection) -> int:
    """The number of this transaction; under the guard it grows within a partition."""
    batch: int = await connection.fetchval(NEXT_BATCH)
    return batch


async def append(connection: Connection, entries: Sequence[Entry], batch: int) -> set[Identity]:
    """Append what is new; return the identities of what was appended."""
    rows = await connection.fetch(APPEND, *_ledger_columns(entries), batch)
    return {(row["id"], row["source"], row["sender"], row["province"]) for row in rows}


async def fingerprints(connection: Connection, entries: Sequence[Entry]) -> dict[Identity, bytes]:
    """The fingerprints under which the ledger holds these identities."""
    identities = zip(*(entry.identity for entry in entries), strict=True)
    rows = await connection.fetch(FINGERPRINTS, *identities)
    return {(row["id"], row["source"], row["sender"], row["province"]): row["fingerprint"] for row in rows}


async def put_conflicts_aside(connection: Connection, entries: Sequence[Entry]) -> None:
    """Keep events that came under a taken identity with another body."""
    await connection.execute(PUT_CONFLICTS_ASIDE, *_ledger_columns(entries))


async def win_records(
    connection: Connection, claimed: Sequence[tuple[Claim, About]]
) -> dict[RecordKey, Identity | None]:
    """Write the claims that win against the records as they stand.

    Returns the records won, each with the identity of the live event that it was won from, if there was one.
    """
    rows = [
        (
            claim.event.province, claim.key, claim.rank.revision, claim.rank.time, claim.rank.sender, claim.rank.source,
            claim.rank.id, claim.alive, what.programme, what.subject, claim.event.unit, what.agency, what.period,
            what.state,
        )
        for claim, what in sorted(claimed, key=lambda item: (item[0].key, item[0].event.province))
    ]  # fmt: skip
    won = await connection.fetch(WIN_RECORDS, *zip(*rows, strict=True))
    return {
        (row["key"], row["province"]): (row["old_id"], row["old_source"], row["old_sender"], row["province"])
        if row["was_alive"]
        else None
        for row in won
    }


async def bodies(connection: Connection, identities: Sequence[Identity]) -> dict[Identity, Said]:
    """The events under these identities, as the ledger holds them."""
    rows = await connection.fetch(BODIES, *zip(*identities, strict=True))
    return {
        (row["id"], row["source"], row["sender"], row["province"]): Said(
            row["province"], row["sender"], row["kind"], row["unit"], row["time"], from_json(row["data"])
        )
        for row in rows
    }


async def add_to_cells(connection: Connection, delta: Delta) -> int:
    """Add what isn't zero at every step of its ladder; return the number of cells touched."""
    rows = [(*key, *sums) for key, sums in delta.rows()]
    if not rows:
        return 0
    steps = [(number, uid) for uids, number in delta.ladders.items() for uid in uids]
    status = await connection.execute(ADD_TO_CELLS, *zip(*rows, strict=True), *zip(*steps, strict=True))
    return int(status.rpartition(" ")[2])


async def bury(connection: Connection, dead: Sequence[tuple[str, str, str]], now: datetime) -> None:
    """Keep events that can't be applied, each as (reason, kind, event as JSON)."""
    await connection.execute(BURY, *zip(*dead, strict=True), now)


async def advance(connection: Connection, partition: int, batch: int, now: datetime) -> None:
    """Note the partition's last batch."""
    await connection.execute(ADVANCE, partition, batch, now)


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
