"""Opening and sweeping at national size, in a process of its own, so that its memory is theirs.

`python -m bench.sweeps` with the settings of a loaded database and a broker. It calls the service's own sweep, prints
one JSON object, and leaves the last sweep's messages in the queue for the mail figure.
"""

import json
from datetime import datetime
from time import perf_counter
from typing import Any

import asyncpg
import uvloop
from faststream.rabbit import RabbitBroker

from bench.load import lowest_level
from bench.usage import peak_mib
from services.notifications.alerts.escalation import first_look
from services.notifications.alerts.sweep import Swept, sweep
from services.notifications.messages.queue import publish_ids
from services.notifications.obligations.opening import Opener
from shared.broker import topology
from shared.broker.client import make_broker
from shared.database.connections import Connection
from shared.registry.follower import RegistryFollower
from shared.registry.officer_store import write_officers
from shared.registry.officers import Officer
from shared.registry.snapshot import Registry
from shared.runtime.clock import SystemClock
from shared.runtime.config import load_settings

ROUNDS = 3
PAST = 1_000_000
# The first quarter and the first year open on one day; a year later both are overdue; the morning after the first
# deadline is when most mail goes out.
OPENING = datetime.fromisoformat("2022-12-16T08:30:00+07:00")
MORNING = datetime.fromisoformat("2023-03-17T08:30:00+07:00")
OVERDUE = datetime.fromisoformat("2024-01-10T08:30:00+07:00")

FORGET = """
    TRUNCATE notifications.programme, notifications.opening, notifications.obligation, notifications.answer,
             notifications.message, notifications.alert, notifications.change, notifications.act,
             notifications.acknowledgement
"""
KEEP_TWO_REPORTS = """
    WITH gone AS (
        DELETE FROM notifications.obligation
        WHERE level <> $1 OR (report, period) NOT IN (SELECT * FROM unnest($2::text[], $3::text[])) RETURNING id
    )
    DELETE FROM notifications.change USING gone WHERE change.obligation = gone.id
"""
ADD_PAST = """
    INSERT INTO notifications.obligation
        (programme, report, period, unit, agency, level, due_at, state, met_at)
    SELECT programme, report, period || '.' || past, unit, agency, level, due_at, 'met', due_at
    FROM notifications.obligation CROSS JOIN generate_series(1, $1::int) AS past
"""


class Sweeps:
    """The measured calls, each from a state of its own making."""

    def __init__(self, connection: Connection, registry: Registry, broker: RabbitBroker) -> None:
        self._connection = connection
        self._registry = registry
        self._broker = broker
        self._opener = Opener(first_look)
        self._programme = next(iter(registry.programmes.values()))
        self._lowest = lowest_level(self._programme)

    async def add_officers(self) -> int:
        """One officer for each agency of each unit."""
        rows = [
            Officer(f"officer of {unit.uid} {agency.slug}", "officer", unit.uid, agency.slug,
                    (f"email:{agency.slug}.{unit.code}@localhost",))
            for unit in self._registry.units
            for agency in self._programme.agencies
            if agency.level == unit.level
        ]  # fmt: skip
        await write_officers(self._connection, rows)
        return len(rows)

    async def open(self, at: datetime) -> tuple[float, int]:
        """Seconds to open everything that has begun, from nothing; and how many obligations that is."""
        await self._connection.execute(FORGET)
        self._opener = Opener(first_look)
        begun = perf_counter()
        count = await self._opener.open(self._connection, self._registry, at)
        return perf_counter() - begun, count

    async def keep_two_reports(self) -> int:
        """Leave the lowest level's quarterly and yearly report of the first year only; how many that is."""
        pairs = await self._connection.fetch(
            """SELECT report, min(period) AS period FROM notifications.obligation WHERE level = $1 GROUP BY report""",
            self._lowest,
        )
        reports, periods = [row["report"] for row in pairs], [row["period"] for row in pairs]
        await self._connection.execute(KEEP_TWO_REPORTS, self._lowest, reports, periods)
        await self._connection.execute("UPDATE notifications.obligation SET state = 'open', next_at = due_at")
        await self._connection.execute("ANALYZE notifications.obligation")
        count: int = await self._connection.fetchval("SELECT count(*) FROM notifications.obligation")
        return count

    async def sweep(self, at: datetime) -> tuple[float, Swept]:
        """One sweep; seconds until its messages are confirmed by the broker."""
        begun = perf_counter()
        done = await sweep(
            self._connection, self._registry, self._opener, lambda ids: publish_ids(self._broker, ids), at,
            held=None, repair=False,
        )  # fmt: skip
        return perf_counter() - begun, done

    async def add_past(self) -> int:
        """A million obligations that are met and over."""
        present: int = await self._connection.fetchval("SELECT count(*) FROM notifications.obligation")
        await self._connection.execute(ADD_PAST, -(-PAST // present), timeout=300)
        await self._connection.execute("VACUUM ANALYZE notifications.obligation", timeout=300)
        count: int = await self._connection.fetchval("SELECT count(*) FROM notifications.obligation")
        return count


async def measure() -> dict[str, Any]:
    """Everything that is printed. Times are seconds, memory MiB."""
    settings = load_settings()
    url, amqp_url = settings.database_url.get_secret_value(), settings.amqp_url.get_secret_value()
    follower = RegistryFollower(url, SystemClock(), "bench-sweeps")
    await follower.start()
    await follower.wait_loaded()
    await topology.declare(amqp_url, settings.partitions)
    broker = make_broker(amqp_url, name="bench-sweeps")
    await broker.connect()
    connection = await asyncpg.connect(url, command_timeout=300)
    found: dict[str, Any] = {"opening": [], "sweep": [], "empty": []}
    try:
        sweeps = Sweeps(connection, follower.registry, broker)
        found["officers"] = await sweeps.add_officers()
        await connection.execute("ANALYZE")
        found["idle_mib"] = peak_mib()
        for _ in range(ROUNDS):
            await _round(sweeps, found)
        found["peak_mib"] = peak_mib()
        found["past"] = await sweeps.add_past()
        for _ in range(2 * ROUNDS + 1):
            seconds, done = await sweeps.sweep(OVERDUE)
            found["empty"].append(seconds)
        found["still_due"] = done.overdue + done.alerts
        queue = await broker.declare_queue(topology.ALERTS)
        await queue.purge()
        await sweeps.open(OPENING)
        await connection.execute("UPDATE notifications.obligation SET next_at = due_at")
        _, done = await sweeps.sweep(MORNING)
        found["mails"] = done.messages
        # As if announced already: the same process would do that meanwhile, and it is the mail that is measured.
        await connection.execute("UPDATE notifications.change SET published = true")
    finally:
        await connection.close(timeout=5)
        await broker.stop()
        await follower.stop()
    return found


async def _round(sweeps: Sweeps, found: dict[str, Any]) -> None:
    """Open everything anew, and sweep once with all of it overdue."""
    seconds, found["opened"] = await sweeps.open(OPENING)
    found["opening"].append(seconds)
    await sweeps.open(OVERDUE)
    found["opening_mib"] = found.get("opening_mib") or peak_mib()
    found["kept"] = await sweeps.keep_two_reports()
    seconds, done = await sweeps.sweep(OVERDUE)
    found["sweep"].append(seconds)
    found["swept"] = {"overdue": done.overdue, "alerts": done.alerts, "messages": done.messages}


if __name__ == "__main__":
    print(json.dumps(uvloop.run(measure())))
