"""Two replicas of the service for `test_year.py`, in this process: their own sweeps, consumption and deliveries, on a
real database and over real SMTP, and what goes wrong with them.
"""

import asyncio
import json
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from random import Random
from typing import Any
from uuid import UUID

from services.notifications.alerts.loop import Sweeper
from services.notifications.messages.channels.email import EmailChannel
from services.notifications.obligations import change_store
from services.notifications.obligations.consumer import read_batch, settle
from shared.database import connections
from tests.notifications.field import working_delivery
from tests.notifications.mail_server import MailServer
from tests.notifications.model_obligations import Event, Moment

PROGRAMME = "ecd-1437"
ACT_NOW = """
    UPDATE notifications.message SET act_at = clock_timestamp() WHERE state IN ('waiting', 'sending') RETURNING id
"""
# How a sweep goes. A replica that restarts compares all that it has opened: not too often.
WAYS = ("one",) * 6 + ("both",) * 13 + ("broker away",) * 6 + ("restart", "cancelled")


class Clock:
    """The run's clock, moved by the test."""

    def __init__(self, instant: datetime) -> None:
        self.instant = instant

    def now(self) -> datetime:
        return self.instant


class Lag:
    """What the queues hold, as the test says."""

    reason: str | None = None

    async def hold(self) -> str | None:
        return self.reason

    async def alerts_empty(self) -> bool:
        return True


class BrokerAwayError(ConnectionError):
    """The broker's confirm did not come."""


class Replica:
    """One replica's sweeper, consumer and worker, on connections of its own; `queue` stands for kip.alerts."""

    def __init__(self, pool: connections.Pool, registry: Any, clock: Clock, queue: list[bytes], port: int) -> None:
        self.pool, self.registry, self.clock, self.queue = pool, registry, clock, queue
        self.lag = Lag()
        self.loses_broker = False
        self.channel = EmailChannel(f"smtp://127.0.0.1:{port}", "kip@kip.example.vn")
        self.worker = working_delivery(pool, lambda: registry, clock, self.channel)
        self.restart()

    def restart(self) -> None:
        """Forget all that a process remembers."""
        self.sweeper = Sweeper(
            self.pool, lambda: self.registry, self.clock, self._publish, self.lag, on_swept=lambda: None, interval=30
        )

    async def sweep(self, *, held: bool) -> bool:
        """Whether it was this one that swept."""
        self.lag.reason = "events are on their way" if held else None
        swept, _ = await self.sweeper.sweep_once()
        return swept is not None

    async def take(self, events: Sequence[Event]) -> None:
        """Consume events."""
        bodies = json.loads(json.dumps([canonical(event) for event in events]))
        taken = read_batch(bodies, self.registry)
        assert not taken.dead
        await settle(self.pool.acquire, self.registry, taken, self.clock.now())

    async def close(self) -> None:
        await self.worker.stop()
        await self.channel.close()
        await connections.close_pool(self.pool)

    async def _publish(self, bodies: Sequence[Sequence[UUID]]) -> None:
        if self.loses_broker:
            self.loses_broker = False
            raise BrokerAwayError
        self.queue += [json.dumps([str(id_) for id_ in ids]).encode() for ids in bodies]


def canonical(event: Event) -> dict[str, Any]:
    """The event as intake publishes it."""
    report, period, unit, agency = event.key
    accepted = event.accepted_at.isoformat()
    kind = "report.submitted" if event.submitted else "record.retracted"
    named = f"{report}.{period}.{unit}.{agency}"
    written = {"revision": event.revision, "deprecates": event.edits and f"{named}.{event.edits}"}
    return {
        "specversion": "1.0", "id": f"{named}.{event.name}", "source": f"/{event.sender}",
        "type": f"vn.kip.{kind}.v1", "subject": unit, "time": "2025-01-01T08:00:00+07:00", "acceptedat": accepted,
        "sender": event.sender, "province": unit,
        "data": {"programme": PROGRAMME, "report": report, "agency": agency, "period": period,
                 **{name: value for name, value in written.items() if value is not None}},
    }  # fmt: skip


class MailServerThatLeaves(MailServer):
    """Ends its sessions too when it goes."""

    def __init__(self) -> None:
        super().__init__()
        self._open: set[asyncio.Transport] = set()

    async def handle_RCPT(self, server, session, envelope, address, options) -> str:  # noqa: N802 - aiosmtpd's name
        self._open.add(server.transport)
        return await super().handle_RCPT(server, session, envelope, address, options)

    async def stop(self) -> None:
        await super().stop()
        for transport in self._open:
            transport.abort()
        self._open.clear()


class Machine:
    """Two replicas, the mail server, and what goes wrong with them."""

    def __init__(self, replicas: Sequence[Replica], queue: list[bytes], mail: MailServer, chance: Random) -> None:
        self.replicas, self.queue, self.mail, self.chance = replicas, queue, mail, chance
        self.ids: dict[tuple[str, str, str, str], int] = {}
        self.happened: Counter[str] = Counter()
        self.mail_is_up = True

    async def live(self, moment: Moment) -> None:
        """Let a moment happen to all or one."""
        for replica in self.replicas:
            replica.clock.instant = moment.at
        if moment.what == "take":
            await self._take(moment.events)
        elif moment.what == "sweep":
            await self._sweep(held=not moment.on)
        elif moment.what == "deliver":
            await self._deliver(answers=moment.on)
        else:
            await self._decide(moment)

    async def _take(self, events: Sequence[Event]) -> None:
        """Both consume at once: each gets some of the obligations, in any order."""
        shuffled = list(events)
        self.chance.shuffle(shuffled)
        halves: tuple[list[Event], list[Event]] = ([], [])
        for event in shuffled:
            halves[sum(event.key[2].encode()) % 2].append(event)
        await asyncio.gather(*(r.take(half) for r, half in zip(self.replicas, halves, strict=True) if half))

    async def _sweep(self, *, held: bool) -> None:
        one, other = self.chance.sample(list(self.replicas), 2)
        way = self.chance.choice(WAYS)
        self.happened[way] += 1
        if way == "both":
            assert any(await asyncio.gather(one.sweep(held=held), other.sweep(held=held)))
            return
        if way == "restart":
            one.restart()
        if way == "broker away":
            one.loses_broker = True
            await asyncio.gather(one.sweep(held=held), return_exceptions=True)
            one.loses_broker = False
            one = other
        if way == "cancelled":
            sweeping = asyncio.create_task(one.sweep(held=held))
            await asyncio.sleep(self.chance.random() * 0.02)
            sweeping.cancel()
            await asyncio.gather(sweeping, return_exceptions=True)
            one.restart()
            one = other
        assert await one.sweep(held=held)

    async def _deliver(self, *, answers: bool) -> None:
        """Both workers take what is queued, some of it twice; a refused one waits until the next time, one that a busy
        machine has put off is taken again, as the service does within seconds.
        """
        if answers != self.mail_is_up:
            await (self.mail.start() if answers else self.mail.stop())
            self.mail_is_up = answers
        bodies = [*self.queue, *(body for body in self.queue if self.chance.random() < 0.05)]
        self.queue.clear()
        await asyncio.gather(*(self.chance.choice(self.replicas).worker.handle(body) for body in bodies))
        while (waiting := await self.replicas[0].pool.fetch(ACT_NOW)) and answers:
            await self.replicas[0].worker.handle(json.dumps([str(row["id"]) for row in waiting]).encode())

    async def _decide(self, moment: Moment) -> None:
        assert moment.key is not None
        pool = self.replicas[0].pool
        id_ = await pool.fetchval(
            """SELECT id FROM notifications.obligation
               WHERE report = $1 AND period = $2 AND unit = $3 AND agency = $4""",
            *moment.key,
        )
        if moment.until is not None:
            await change_store.extend(pool, id_, moment.until, "officer 1", "x", moment.at)
        else:
            await change_store.waive(pool, id_, "officer 1", "x", moment.at)
