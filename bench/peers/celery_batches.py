"""Celery and SQLAlchemy, in batches: a task for each request, with all its events, and bulk statements.

`python -m bench.peers.celery_batches front`, and the worker as Celery starts it:
`celery -A bench.peers.celery_batches worker --concurrency 4`. The queue is a quorum queue and publishing is confirmed;
a task is acknowledged when its transaction is committed. Four worker processes with a connection each.
"""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

import sqlalchemy as sa
from celery import Celery
from kombu.entity import Queue
from pydantic_core import from_json
from sqlalchemy.dialects.postgresql import ARRAY, Insert, insert

from bench.peers.cells import CELL_KEY, cell_rows
from bench.peers.front import make_front
from bench.peers.records import strongest
from services.aggregation.contribution import Contributor, Delta
from services.aggregation.ledger import COLUMNS, Entry, to_entry
from services.aggregation.parts import Counters
from shared.domain.canonical import EventBody, Identity, JsonObject, decode
from shared.domain.claims import RecordClaim, RecordKey
from shared.http.serve import serve
from shared.registry.follower import RegistryFollower
from shared.registry.snapshot import Registry
from shared.runtime.clock import SystemClock
from shared.runtime.config import load_settings

QUEUE = "bench.celery"
app = Celery("bench", broker=os.environ.get("KIP_AMQP_URL", "amqp://"))
app.conf.update(
    task_queues=[Queue(QUEUE, routing_key=QUEUE, queue_arguments={"x-queue-type": "quorum"})],  # type: ignore[no-untyped-call]
    task_default_queue=QUEUE,
    task_default_exchange_type="direct",
    task_acks_late=True,
    task_ignore_result=True,
    worker_prefetch_multiplier=2,
    broker_transport_options={"confirm_publish": True},
    broker_connection_retry_on_startup=True,
)

_tables = sa.MetaData(schema="peer")
_TEXT, _TIME, _NUMBER = sa.Text, sa.DateTime(timezone=True), sa.BigInteger


def _table(table: str, primary_key: str, /, **columns: Any) -> sa.Table:
    primary = set(primary_key.split())
    made = (sa.Column(column, type_, primary_key=column in primary) for column, type_ in columns.items())
    return sa.Table(table, _tables, *made)


_LEDGER_COLUMNS = {
    **dict.fromkeys(("province", "sender", "source", "id", "kind", "unit"), _TEXT),
    **dict.fromkeys(("time", "accepted_at"), _TIME),
    "fingerprint": sa.LargeBinary,
    "data": sa.JSON,
}
ledger = _table("ledger", "id source sender province", **_LEDGER_COLUMNS)
conflict = _table("conflict", "id source sender province fingerprint", **_LEDGER_COLUMNS)
record = _table(
    "record", "key province", province=_TEXT, key=_TEXT, revision=_NUMBER, time=_TIME, sender=_TEXT, source=_TEXT,
    id=_TEXT, alive=sa.Boolean, programme=_TEXT, subject=_TEXT, unit=_TEXT, agency=_TEXT, period=_TEXT,
)  # fmt: skip
cell = _table("cell", " ".join(CELL_KEY), **dict.fromkeys(CELL_KEY, _TEXT), **dict.fromkeys(Counters._fields, _NUMBER))
IDENTITY = (ledger.c.id, ledger.c.source, ledger.c.sender, ledger.c.province)
RANK = ("revision", "time", "source", "id", "sender")


def _from_arrays(table: sa.Table) -> Insert:
    """`INSERT … SELECT unnest(…), …`: one array a column, because a parameter a value costs five times more."""
    arrays = [sa.func.unnest(sa.bindparam(column.name, type_=ARRAY(column.type))) for column in table.c]
    return insert(table).from_select([column.name for column in table.c], sa.select(*arrays))


APPEND = _from_arrays(ledger).on_conflict_do_nothing().returning(*IDENTITY)
PUT_CONFLICTS_ASIDE = _from_arrays(conflict).on_conflict_do_nothing()
_record = _from_arrays(record)
UPSERT_RECORDS = _record.on_conflict_do_update(
    index_elements=["key", "province"],
    set_={column.name: _record.excluded[column.name] for column in record.c if not column.primary_key},
    where=sa.tuple_(*(_record.excluded[name] for name in RANK)) > sa.tuple_(*(record.c[name] for name in RANK)),
).returning(
    record.c.key, record.c.province, sa.literal_column("old.alive", sa.Boolean).label("was_alive"),
    *(sa.literal_column(f"old.{name}", _TEXT).label(f"old_{name}") for name in ("id", "source", "sender")),
)  # fmt: skip
_cell = _from_arrays(cell)
ADD_TO_CELLS = _cell.on_conflict_do_update(
    index_elements=list(CELL_KEY),
    set_={name: cell.c[name] + _cell.excluded[name] for name in Counters._fields},
)


@cache
def _engine() -> sa.Engine:
    url = load_settings().database_url.get_secret_value()
    return sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1), pool_size=1, max_overflow=0)


@cache
def _contributor() -> Contributor:
    """Read once in each worker process, as a worker of this kind would."""

    async def read() -> Contributor:
        url = load_settings().database_url.get_secret_value()
        follower = RegistryFollower(url, SystemClock(), "bench-celery")
        await follower.start()
        try:
            await follower.wait_loaded()
            return Contributor(follower.registry)
        finally:
            await follower.stop()

    return asyncio.run(read())


@app.task(name="bench.apply")  # type: ignore[untyped-decorator]
def apply(events: list[JsonObject]) -> None:
    """One request's events in one transaction: ledger, records, cells."""
    contributor = _contributor()
    families = contributor.registry.families
    ordered = sorted(map(to_entry, map(decode, events)), key=lambda entry: entry.identity)
    first: dict[Identity, Entry] = {}
    again = [entry for entry in ordered if first.setdefault(entry.identity, entry) is not entry]
    with _engine().begin() as connection:
        rows = [_ledger_row(entry) for entry in ordered]
        appended = {tuple(row) for row in connection.execute(APPEND, _columns(ledger, rows))}
        again += [entry for entry in first.values() if entry.identity not in appended]
        if again:
            _put_aside(connection, again)
        fresh = [entry for entry in first.values() if entry.identity in appended]
        best = strongest(claim for entry in fresh for claim in entry.claims(families))
        if best:
            delta = _settle(connection, best, contributor)
            cells = cell_rows(delta)
            if cells:
                names = (*CELL_KEY, *Counters._fields)
                connection.execute(ADD_TO_CELLS, dict(zip(names, map(list, zip(*cells, strict=True)), strict=True)))


def _put_aside(connection: sa.Connection, again: Sequence[Entry]) -> None:
    asked = sa.select(*IDENTITY, ledger.c.fingerprint).where(
        sa.tuple_(*IDENTITY).in_([entry.identity for entry in again])
    )
    held = {tuple(row[:4]): bytes(row[4]) for row in connection.execute(asked)}
    rows = [_ledger_row(entry) for entry in again if held[entry.identity] != entry.fingerprint]
    if rows:
        connection.execute(PUT_CONFLICTS_ASIDE, _columns(conflict, rows))


def _settle(connection: sa.Connection, best: dict[RecordKey, RecordClaim], contributor: Contributor) -> Delta:
    """Write the winners in key order; new less old. The row lock on a record makes its old winner the right one."""
    rows = [_record_row(best[key], contributor) for key in sorted(best)]
    won = connection.execute(UPSERT_RECORDS, _columns(record, rows)).all()
    beaten = [(row.old_id, row.old_source, row.old_sender, row.province) for row in won if row.was_alive]
    delta = Delta()
    if beaten:
        former = sa.select(
            ledger.c.province, ledger.c.sender, ledger.c.kind, ledger.c.unit, ledger.c.time, ledger.c.data
        ).where(sa.tuple_(*IDENTITY).in_(beaten))
        for row in connection.execute(former):
            contributor.add(delta, EventBody(*row), -1)
    for row in won:
        claim = best[row.key, row.province]
        if claim.version.alive:
            contributor.add(delta, claim.body, 1)
    return delta


def _columns(table: sa.Table, rows: Sequence[Mapping[str, object]]) -> dict[str, list[object]]:
    return {column.name: [row[column.name] for row in rows] for column in table.c}


def _ledger_row(entry: Entry) -> dict[str, object]:
    return {**dict(zip(COLUMNS, entry.row(), strict=True)), "data": entry.event.data}  # SQLAlchemy writes the JSON


def _record_row(claim: RecordClaim, contributor: Contributor) -> dict[str, object]:
    what = contributor.record_subject(claim.body)
    return {
        "province": claim.body.province,
        "key": claim.key,
        **{name: getattr(claim.version, name) for name in ("revision", "time", "sender", "source", "id", "alive")},
        "programme": what.programme,
        "subject": what.subject,
        "unit": claim.body.unit,
        "agency": what.agency,
        "period": what.period,
    }


class TaskPerRequest:
    """A confirmed task for each request. Celery's client blocks, so it is called in a thread."""

    async def start(self, _: Callable[[], Registry]) -> None:
        """Nothing: Celery connects by itself."""

    async def publish(self, events: Sequence[tuple[str, int, bytes]]) -> None:
        """Returns when the task is confirmed."""
        await asyncio.to_thread(apply.apply_async, ([from_json(body) for _, _, body in events],))

    async def stop(self) -> None:
        """Nothing."""


def main() -> None:
    serve(
        "bench-celery", lambda settings: settings.intake_port, lambda settings: make_front(settings, TaskPerRequest())
    )


if __name__ == "__main__":
    main()
