"""What most people write first: a message for each event, a FastStream handler for each message, a transaction each.

`python -m bench.peers.naive front|worker`. Four connections, like every contender. Keys are written in order, so that
the four do not deadlock; the record's row lock makes a correction right.
"""

import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import Any

import uvloop
from faststream.rabbit import Channel, QueueType, RabbitBroker, RabbitQueue
from pydantic_core import from_json

from bench.peers.cells import cell_rows
from bench.peers.front import make_front
from bench.peers.records import strongest
from services.aggregation.contribution import Contributor, Delta
from services.aggregation.ledger import to_entry
from shared.broker.client import make_broker
from shared.database.connections import Connection, Pool, close_pool, open_pool
from shared.domain.canonical import EventBody, decode
from shared.domain.claims import RecordClaim
from shared.http.serve import serve
from shared.registry.follower import RegistryFollower
from shared.registry.snapshot import Registry
from shared.runtime.clock import SystemClock
from shared.runtime.config import Settings, load_settings
from shared.runtime.logs import configure_logging

CONNECTIONS = 4
QUEUE = RabbitQueue("bench.naive", queue_type=QueueType.QUORUM, durable=True)

APPEND = """
    INSERT INTO peer.ledger (province, sender, source, id, kind, unit, time, accepted_at, fingerprint, data)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
    ON CONFLICT DO NOTHING
"""
PUT_CONFLICT_ASIDE = """
    INSERT INTO peer.conflict (province, sender, source, id, kind, unit, time, accepted_at, fingerprint, data)
    SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, $10
    WHERE $9 <> (SELECT fingerprint FROM peer.ledger WHERE province = $1 AND sender = $2 AND source = $3 AND id = $4)
    ON CONFLICT DO NOTHING
"""
UPSERT_RECORD = """
    INSERT INTO peer.record AS record
        (province, key, revision, time, sender, source, id, alive, programme, subject, unit, agency, period)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    ON CONFLICT (key, province) DO UPDATE SET
        revision = excluded.revision, time = excluded.time, sender = excluded.sender, source = excluded.source,
        id = excluded.id, alive = excluded.alive, programme = excluded.programme, subject = excluded.subject,
        unit = excluded.unit, agency = excluded.agency, period = excluded.period
    WHERE (excluded.revision, excluded.time, excluded.source, excluded.id, excluded.sender)
        > (record.revision, record.time, record.source, record.id, record.sender)
    RETURNING old.alive, old.id, old.source, old.sender, old.province
"""
FORMER = """
    SELECT kind, unit, time, data FROM peer.ledger WHERE id = $1 AND source = $2 AND sender = $3 AND province = $4
"""
ADD_TO_CELL = """
    INSERT INTO peer.cell AS cell
        (unit, subject, period, by, programme, province,
         records, reported, numerator, denominator, people, female, amount)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
    ON CONFLICT (unit, subject, period, by, programme, province) DO UPDATE SET
        records     = cell.records     + excluded.records,
        reported    = cell.reported    + excluded.reported,
        numerator   = cell.numerator   + excluded.numerator,
        denominator = cell.denominator + excluded.denominator,
        people      = cell.people      + excluded.people,
        female      = cell.female      + excluded.female,
        amount      = cell.amount      + excluded.amount
"""


class MessagePerEvent:
    """A confirmed message for each event, those of a request at the same time."""

    def __init__(self, broker: RabbitBroker) -> None:
        self._broker = broker

    async def start(self, _: Callable[[], Registry]) -> None:
        """Connect."""
        await self._broker.connect()
        await self._broker.declare_queue(QUEUE)

    async def publish(self, events: Sequence[tuple[str, int, bytes]]) -> None:
        """Returns when every event is confirmed."""
        await asyncio.gather(*(self._broker.publish(body, QUEUE, persist=True) for _, _, body in events))

    async def stop(self) -> None:
        """Let go."""
        await self._broker.stop()


async def apply_event(connection: Connection, body: bytes, contributor: Contributor) -> None:
    """One event in one transaction: ledger, record, cells."""
    entry = to_entry(decode(from_json(body)))
    async with connection.transaction():
        if await connection.execute(APPEND, *entry.row()) == "INSERT 0 0":
            await connection.execute(PUT_CONFLICT_ASIDE, *entry.row())
            return
        delta = Delta()
        for claim in sorted(strongest(entry.claims(contributor.registry.families)).values(), key=lambda item: item.key):
            await _settle(connection, claim, delta, contributor)
        rows = cell_rows(delta)
        if rows:
            await connection.executemany(ADD_TO_CELL, rows)


async def _settle(connection: Connection, claim: RecordClaim, delta: Delta, contributor: Contributor) -> None:
    version, what = claim.version, contributor.record_subject(claim.body)
    beaten = await connection.fetchrow(
        UPSERT_RECORD, claim.body.province, claim.key, version.revision, version.time, version.sender,
        version.source, version.id, version.alive, what.programme, what.subject, claim.body.unit, what.agency,
        what.period,
    )  # fmt: skip
    if beaten is None:
        return
    if beaten["alive"]:
        row = await connection.fetchrow(FORMER, beaten["id"], beaten["source"], beaten["sender"], beaten["province"])
        former: dict[str, Any] = dict(row or {})
        body = EventBody(
            beaten["province"], beaten["sender"], former["kind"], former["unit"], former["time"],
            from_json(former["data"]),
        )  # fmt: skip
        contributor.add(delta, body, -1)
    if claim.version.alive:
        contributor.add(delta, claim.body, 1)


async def work(settings: Settings) -> None:
    """Consume until cancelled."""
    url = settings.database_url.get_secret_value()
    follower = RegistryFollower(url, SystemClock(), "bench-naive")
    await follower.start()
    await follower.wait_loaded()
    contributor = Contributor(follower.registry)
    pool: Pool = await open_pool(url, size=CONNECTIONS, application_name="bench-naive")
    broker = make_broker(settings.amqp_url.get_secret_value(), name="bench-naive")

    async def handle(body: bytes) -> None:
        async with pool.acquire() as connection:
            await apply_event(connection, body, contributor)

    broker.subscriber(QUEUE, channel=Channel(prefetch_count=100), no_reply=True)(handle)
    try:
        await broker.start()
        await asyncio.Event().wait()
    finally:
        await broker.stop()
        await close_pool(pool)
        await follower.stop()


def main() -> None:
    if sys.argv[1] == "front":
        serve(
            "bench-naive",
            lambda settings: settings.intake_port,
            lambda settings: make_front(
                settings, MessagePerEvent(make_broker(settings.amqp_url.get_secret_value(), name="bench-front"))
            ),
        )
    else:
        settings = load_settings()
        configure_logging("bench-naive", settings.log_format, settings.log_level)
        uvloop.run(work(settings))


if __name__ == "__main__":
    main()
