"""A small field for tests: officers, sweeps at chosen instants, submissions, and what the tables then say."""

import json
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from services.notifications.alerts.escalation import first_look
from services.notifications.alerts.sweep import Swept, sweep
from services.notifications.alerts.uncertain import LostTime
from services.notifications.links import LetterLinks
from services.notifications.messages.channels import Channel
from services.notifications.messages.channels.email import EmailChannel
from services.notifications.messages.filling import Filler
from services.notifications.messages.worker import Delivery
from services.notifications.obligations.consumer import read_batch, settle
from services.notifications.obligations.opening import Opener
from shared.database.connections import Pool
from shared.registry.officer_store import write_officers
from shared.registry.officers import Officer
from shared.registry.snapshot import Registry
from shared.runtime.clock import Clock
from tests.notifications.mail_server import MailServer

ZONE = ZoneInfo("Asia/Ho_Chi_Minh")
BEFORE = "2022-12-10 08:00"  # before 2023-Q1 begins (15/12/2022)


def at(text: str) -> datetime:
    """`2023-03-16 17:00` in Vietnam."""
    return datetime.fromisoformat(text).replace(tzinfo=ZONE)


def answer(
    kind: str = "report.submitted", subject: str = "06412@1", accepted: str = "2023-03-16 10:00", **data: Any
) -> dict[str, Any]:
    """A canonical event about the quarterly report of a commune."""
    revision = data.get("revision", 0)
    return {
        "specversion": "1.0", "id": data.pop("id", f"{kind}-{revision}"), "source": "/app", "type": f"vn.kip.{kind}.v1",
        "subject": subject, "time": data.pop("time", at(accepted).isoformat()), "sender": "app", "province": "20@2",
        "acceptedat": at(accepted).isoformat(),
        "data": {
            "programme": "ecd-1437", "report": "progress-quarterly", "agency": "ubnd-xa", "period": "2023-Q1",
            "revision": revision, **data,
        },
    }  # fmt: skip


@dataclass(frozen=True)
class Fixed:
    """A clock that stands still."""

    instant: datetime

    def now(self) -> datetime:
        return self.instant


def working_delivery(pool: Pool, registry: Callable[[], Registry], clock: Clock, *channels: Channel) -> Delivery:
    """A worker that has started, with these channels and no chance in it."""
    worker = Delivery(
        pool, registry, clock, {channel.kind: channel for channel in channels}, Filler(),
        links_of=lambda taken: LetterLinks(
            f"https://kip.example.vn/l/{taken.officer}", f"https://kip.example.vn/v1/ack/{taken.officer}"
        ),
        retry_soon=lambda: None, chance=lambda: 0.5,
    )  # fmt: skip
    worker.start()
    return worker


@dataclass
class Field:
    """One database with a registry limited to what the test needs."""

    pool: Pool
    registry: Registry
    opener: Opener = field(default_factory=lambda: Opener(first_look))
    published: list[UUID] = field(default_factory=list)

    async def officer(self, name: str, unit: str, agency: str, *channels: str, **wishes: Any) -> None:
        """Register an officer."""
        async with self.pool.acquire() as connection:
            reached = channels or (f"email:{name}@example.vn",)
            await write_officers(connection, [Officer(name, "role", unit, agency, reached, **wishes)])

    async def sweep(
        self, now: str, *, held: str | None = None, repair: bool = False, lost: LostTime | None = None
    ) -> Swept:
        """Sweep at an instant; what is queued is in `published`."""

        async def publish(bodies: Any) -> None:
            self.published += [id_ for ids in bodies for id_ in ids]

        async with self.pool.acquire() as connection:
            return await sweep(
                connection, self.registry, self.opener, publish, at(now), held=held, repair=repair, lost=lost
            )

    async def take(self, *events: Mapping[str, Any], now: str = "2023-03-16 10:00") -> None:
        """Have events consumed."""
        taken = read_batch(json.loads(json.dumps(events)), self.registry)
        await settle(self.pool.acquire, self.registry, taken, at(now))

    async def alerts(self, **where: Any) -> list[tuple[str, str, str | None]]:
        """(step, unit of the obligation, officer's name) of every alert, in order."""
        rows = await self.pool.fetch(
            """SELECT step, COALESCE(obligation.unit, problem.unit) AS unit, officer.name, report, alert.cycle
               FROM notifications.alert LEFT JOIN notifications.obligation ON obligation.id = alert.obligation
               LEFT JOIN notifications.problem ON problem.id = alert.problem
               LEFT JOIN registry.officer ON officer.id = alert.officer
               WHERE alert.officer IS NOT NULL OR $1
               ORDER BY alert.id""",
            where.pop("unaddressed", False),
        )
        return [
            (row["step"], row["unit"], row["name"])
            for row in rows
            if all(row[key] == value for key, value in where.items())
        ]

    async def obligation(self, unit: str = "06412@1", period: str = "2023-Q1") -> Any:
        """The quarterly obligation of a unit."""
        return await self.pool.fetchrow(
            """SELECT * FROM notifications.obligation
               WHERE unit = $1 AND period = $2 AND report = 'progress-quarterly'""",
            unit,
            period,
        )


@asynccontextmanager
async def posting(place: Field, server: MailServer, now: str) -> AsyncIterator[Delivery]:
    """A worker whose only channel is this mail server, at a clock that stands still."""
    channel = EmailChannel(f"smtp://127.0.0.1:{server.port}", "kip@kip.example.vn")
    worker = working_delivery(place.pool, lambda: place.registry, Fixed(at(now)), channel)
    try:
        yield worker
    finally:
        await worker.stop()
        await channel.close()


def limited(registry: Registry, *subtrees: str) -> Registry:
    """The registry with only these subtrees and the units above them."""
    kept = {unit.uid for uid in subtrees for unit in [*registry.units.descendants(uid), *registry.units.path(uid)]}
    return replace(registry, units=type(registry.units)(unit for unit in registry.units if unit.uid in kept))
