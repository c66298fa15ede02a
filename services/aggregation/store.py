"""The SQL of the write path: ledger, records, cells.

Each table alike: under the partition's guard, look what stands, decide in Python, copy what is new (COPY costs a third
of INSERT), replace what has changed. Look-ups are lateral, one by one through the key; they answer with the number of
what was asked, from 1, which costs less than the key's texts once more.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from pydantic_core import from_json, to_json

from services.aggregation.contribution import CellKey
from services.aggregation.ledger import COLUMNS, MARKS, Entry
from services.aggregation.parts import ONCE, WHOLE, Counters, Parts, together
from services.aggregation.records import Settled, Standing, contested
from shared.database.connections import Connection
from shared.domain.canonical import EventBody, Identity
from shared.domain.claims import RecordKey
from shared.domain.dead_event import DeadEvent
from shared.domain.standing import Version
from shared.journal.account_store import AccountStore

ACCOUNT = AccountStore("aggregation")
NOTHING = Counters()
_RECORD = (
    "province", "key", *Version._fields, "contested", "programme", "subject", "unit", "agency", "period", "state",
)  # fmt: skip
_CONTENDER = ("province", "key", *Version._fields)
CELL_KEY = ("unit", "subject", "period", "programme", "province")
_CELL = (*CELL_KEY, *Counters._fields, "once", "parts")

# A statement of its own, first in the transaction: inside a later one its snapshot would already be stale.
# A plan that was made when the tables were empty would read them whole for each key: no sequential scans from here on.
GUARD_PARTITION = """
    SELECT pg_advisory_xact_lock(hashtextextended('kip.aggregation.' || $1::text, 0)),
           set_config('enable_seqscan', 'off', true)
"""

# A province that nothing was written down of has records of before there were families, or none.
NAMES = """
    SELECT asked.province, CASE WHEN shape.province IS NULL THEN '' ELSE shape.names END AS names
    FROM unnest($1::text[]) AS asked (province) LEFT JOIN aggregation.shape USING (province)
"""
NEXT_BATCH = "SELECT nextval('aggregation.batch')"
_ASKED_OF_LEDGER = """
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[]) WITH ORDINALITY
         AS asked (id, source, sender, province, number)
    CROSS JOIN LATERAL (
        SELECT * FROM aggregation.ledger
        WHERE (ledger.id, ledger.source, ledger.sender, ledger.province)
            = (asked.id, asked.source, asked.sender, asked.province)
        LIMIT 1
    ) AS ledger
"""
LEDGER_HOLDS = "SELECT asked.number, ledger.fingerprint, ledger.accepted_at" + _ASKED_OF_LEDGER
# As of a new batch, so that a rebuild that reads beside live traffic sees that it has changed.
ACCEPT_EARLIER = """
    UPDATE aggregation.ledger SET accepted_at = asked.accepted_at, batch = $6
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])
         AS asked (id, source, sender, province, accepted_at)
    WHERE (ledger.id, ledger.source, ledger.sender, ledger.province)
        = (asked.id, asked.source, asked.sender, asked.province)
"""
PUT_CONFLICTS_ASIDE = """
    INSERT INTO aggregation.conflict
        (province, sender, source, id, kind, unit, time, accepted_at, fingerprint, data, officer, device)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                         $7::timestamptz[], $8::timestamptz[], $9::bytea[], $10::json[], $11::text[], $12::text[])
    ON CONFLICT DO NOTHING
"""
RECORDS = """
    SELECT asked.number, record.contested, record.revision, record.time, record.source, record.id, record.sender,
           record.accepted_at, record.alive, record.deprecates
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (key, province, number)
    CROSS JOIN LATERAL (
        SELECT * FROM aggregation.record
        WHERE (record.key, record.province) = (asked.key, asked.province)
        LIMIT 1
    ) AS record
"""
CONTENDERS = """
    SELECT asked.number, contender.revision, contender.time, contender.source, contender.id, contender.sender,
           contender.accepted_at, contender.alive, contender.deprecates
    FROM unnest($1::text[], $2::text[]) WITH ORDINALITY AS asked (key, province, number)
    JOIN aggregation.contender ON (contender.key, contender.province) = (asked.key, asked.province)
"""
REPLACE_RECORDS = """
    INSERT INTO aggregation.record
        (province, key, revision, time, source, id, sender, accepted_at, alive, deprecates, contested,
         programme, subject, unit, agency, period, state)
    SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[], $4::timestamptz[], $5::text[], $6::text[], $7::text[],
                         $8::timestamptz[], $9::boolean[], $10::text[], $11::boolean[], $12::text[], $13::text[],
                         $14::text[], $15::text[], $16::text[], $17::text[])
    ON CONFLICT (key, province) DO UPDATE SET
        revision = excluded.revision, time = excluded.time, source = excluded.source, id = excluded.id,
        sender = excluded.sender, accepted_at = excluded.accepted_at, alive = excluded.alive,
        deprecates = excluded.deprecates, contested = excluded.contested, programme = excluded.programme,
        subject = excluded.subject, unit = excluded.unit, agency = excluded.agency, period = excluded.period,
        state = excluded.state
"""
FORGET_CONTENDERS = """
    DELETE FROM aggregation.contender USING unnest($1::text[], $2::text[]) AS asked (key, province)
    WHERE (contender.key, contender.province) = (asked.key, asked.province)
"""
BODIES = "SELECT asked.number, ledger.kind, ledger.unit, ledger.time, ledger.data" + _ASKED_OF_LEDGER
CELLS = """
    SELECT asked.number, cell.records, cell.reported, cell.numerator, cell.denominator, cell.people, cell.female,
           cell.amount, cell.parts
    FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]) WITH ORDINALITY
         AS asked (unit, subject, period, programme, province, number)
    CROSS JOIN LATERAL (
        SELECT * FROM aggregation.cell
        WHERE (cell.unit, cell.subject, cell.period, cell.programme, cell.province)
            = (asked.unit, asked.subject, asked.period, asked.programme, asked.province)
        LIMIT 1
    ) AS cell
"""
REPLACE_CELLS = """
    INSERT INTO aggregation.cell
        (unit, subject, period, programme, province,
         records, reported, numerator, denominator, people, female, amount, once, parts)
    SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[], $6::bigint[], $7::bigint[],
                         $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::boolean[],
                         $14::json[])
    ON CONFLICT (unit, subject, period, programme, province) DO UPDATE SET
        records = excluded.records, reported = excluded.reported, numerator = excluded.numerator,
        denominator = excluded.denominator, people = excluded.people, female = excluded.female,
        amount = excluded.amount, once = excluded.once, parts = excluded.parts
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


async def names(connection: Connection, provinces: Collection[str]) -> dict[str, str | None]:
    """Read by which families (`Families.mark`) each province's records are named; None while they are made anew."""
    rows = await connection.fetch(NAMES, list(provinces)) if provinces else ()
    return {row["province"]: row["names"] for row in rows}


async def next_batch(connection: Connection) -> int:
    """Take the number of this transaction; under the guard it grows within a partition."""
    batch: int = await connection.fetchval(NEXT_BATCH)
    return batch


async def append(connection: Connection, entries: Sequence[Entry], batch: int) -> None:
    """Append what the ledger doesn't have."""
    rows = [(*row, batch) for row in _rows(entries)]
    await _copy(connection, "ledger", (*COLUMNS, *MARKS, "batch"), rows)


async def held(connection: Connection, entries: Sequence[Entry]) -> dict[Identity, tuple[bytes, datetime]]:
    """Read the fingerprints under which the ledger holds these identities, and when they were accepted."""
    identities = [entry.identity for entry in entries]
    rows = await connection.fetch(LEDGER_HOLDS, *zip(*identities, strict=True))
    return {identities[number - 1]: (fingerprint, accepted_at) for number, fingerprint, accepted_at in rows}


async def accept_earlier(connection: Connection, entries: Sequence[Entry], batch: int) -> None:
    """Set an earlier acceptance for these events, which the ledger has."""
    rows = [(*entry.identity, entry.event.accepted_at) for entry in sorted(entries, key=lambda entry: entry.identity)]
    await connection.execute(ACCEPT_EARLIER, *zip(*rows, strict=True), batch)


async def put_conflicts_aside(connection: Connection, entries: Sequence[Entry]) -> None:
    """Keep events that came under a taken identity with another body."""
    await connection.execute(PUT_CONFLICTS_ASIDE, *zip(*_rows(entries), strict=True))


async def standing_records(connection: Connection, keys: Collection[RecordKey]) -> dict[RecordKey, Standing]:
    """Read the records under these keys, as far as there are any."""
    asked = list(keys)
    found: dict[RecordKey, Standing] = {}
    versions: dict[RecordKey, list[Version]] = {}
    for number, is_contested, *columns in await connection.fetch(RECORDS, *zip(*asked, strict=True)):
        winner, key = Version(*columns), asked[number - 1]
        found[key] = Standing(winner, is_contested, (winner,))
        if is_contested:
            versions[key] = []
    if versions:
        asked = list(versions)
        for number, *columns in await connection.fetch(CONTENDERS, *zip(*asked, strict=True)):
            versions[asked[number - 1]].append(Version(*columns))
        for key, several in versions.items():
            winner = found[key].winner  # among them, unless they were lost
            found[key] = contested(winner, [winner, *several])
    return found


async def put_records(connection: Connection, settled: Iterable[Settled], standing: Collection[RecordKey] = ()) -> None:
    """Write each record as it is settled; `standing` are the keys of the records that there are."""
    fresh: list[tuple[object, ...]] = []
    changed: list[tuple[object, ...]] = []
    competing: list[tuple[object, ...]] = []
    several: list[RecordKey] = []
    for (key, province), stands, subject, body in sorted(settled, key=lambda item: item.key):
        row = (
            province, key, *stands.winner, stands.contested,
            subject.programme, subject.subject, body.unit, subject.agency, subject.period, subject.state,
        )  # fmt: skip
        is_standing = (key, province) in standing
        (changed if is_standing else fresh).append(row)
        if stands.contested:
            several.append((key, province))
            competing += [(province, key, *version) for version in stands.versions]
    await _copy(connection, "record", _RECORD, fresh)
    if changed:
        await connection.execute(REPLACE_RECORDS, *zip(*changed, strict=True))
    if several:
        await connection.execute(FORGET_CONTENDERS, *zip(*several, strict=True))
        await _copy(connection, "contender", _CONTENDER, competing)


async def bodies(connection: Connection, identities: Sequence[Identity]) -> dict[Identity, EventBody]:
    """Read the events under these identities from the ledger."""
    rows = await connection.fetch(BODIES, *zip(*identities, strict=True))
    found: dict[Identity, EventBody] = {}
    for number, kind, unit, time, data in rows:
        identity = identities[number - 1]
        _, _, sender, province = identity
        found[identity] = EventBody(province, sender, kind, unit, time, from_json(data))
    return found


async def add_to_cells(connection: Connection, cells: Mapping[CellKey, Parts]) -> int:
    """Add to the cells, under the guard; return the number of cells touched.

    What stands is read and written whole: new cells, the most by far, can then be copied.
    """
    if not cells:
        return 0
    keys = sorted(cells)
    rows = await connection.fetch(CELLS, *zip(*keys, strict=True))
    standing = {keys[number - 1]: parts_of(whole, parts) for number, *whole, parts in rows}
    fresh: list[tuple[object, ...]] = []
    changed: list[tuple[object, ...]] = []
    written: dict[int, tuple[object, ...]] = {}  # by the sums' identity: a leaf's are often those of several levels
    for key in keys:
        parts, held = cells[key], standing.get(key)
        if held is None:
            numbers = written.get(id(parts))
            if numbers is None:
                numbers = written[id(parts)] = _numbers(parts)
            fresh.append((*key, *numbers))
        else:
            changed.append((*key, *_numbers(together([held, parts]))))
    await _copy(connection, "cell", _CELL, fresh)
    if changed:
        await connection.execute(REPLACE_CELLS, *zip(*changed, strict=True))
    return len(keys)


def parts_of(whole: Iterable[int], parts: str) -> Parts:
    """Read the counters of a row of `cell`."""
    found: Parts = from_json(parts)
    found[WHOLE] = list(whole)
    return found


def _numbers(parts: Parts) -> tuple[object, ...]:
    """Lay the counters of a cell out as its row has them: the whole's, whether a unit counts once, the parts'."""
    named = to_json({by: sums for by, sums in parts.items() if by and any(sums)}).decode()
    return (*parts.get(WHOLE, NOTHING), f'"{ONCE}' in named, named)


async def bury(connection: Connection, dead: Sequence[DeadEvent], now: datetime) -> None:
    """Keep events that can't be applied, each with its reason."""
    await connection.execute(BURY, *zip(*[(item.reason, item.kind, item.event) for item in dead], strict=True), now)


async def advance(connection: Connection, partition: int, batch: int, now: datetime) -> None:
    """Write down the partition's last batch."""
    await connection.execute(ADVANCE, partition, batch, now)


async def _copy(connection: Connection, table: str, columns: Sequence[str], rows: Sequence[tuple[object, ...]]) -> None:
    """Write rows that the table doesn't have: under the guard nobody else can have written them since we looked."""
    if rows:
        await connection.copy_records_to_table(table, schema_name="aggregation", columns=columns, records=rows)


def _rows(entries: Sequence[Entry]) -> list[tuple[object, ...]]:
    """Lay out the rows of the entries, with their marks, in the order of the ledger's key."""
    return [(*entry.row(), *entry.marks) for entry in sorted(entries, key=lambda entry: entry.identity)]
