"""Wiring of the notifications service."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any
from uuid import UUID

import structlog
from faststream import AckPolicy
from faststream.rabbit import Channel as AmqpChannel
from faststream.rabbit import RabbitBroker
from starlette.applications import Starlette

from services.notifications.channels import Channel
from services.notifications.channels.email import EmailChannel
from services.notifications.consumer import Consumer
from services.notifications.delivery import Delivery
from services.notifications.http import Reader, routes
from services.notifications.on_their_way import Queues
from services.notifications.sweeper import Sweeper
from shared import topology
from shared.broker import BROKER_AWAY, make_broker
from shared.clock import SystemClock
from shared.config import Settings
from shared.db import DATABASE_AWAY, Pool, close_pool, is_migrated, open_pool
from shared.observability import probe_routes
from shared.registry.follower import RegistryFollower

log = structlog.get_logger()
EVENT_PREFETCH = 100
SENDERS = 8  # messages of kip.alerts in hand: that many connections to the mail server at most
POOL_SIZE = SENDERS + 6
PUBLISH_SECONDS = 10.0
_ASKS_FOR_SWEEP = frozenset({"clock", "unit", "programme", "sweeper"})


class Notifications:
    """The service's parts, connected one after the other for as long as each takes to appear."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._amqp_url = settings.amqp_url.get_secret_value()
        self._database_url = settings.database_url.get_secret_value()
        self.clock = SystemClock()
        self.follower = RegistryFollower(self._database_url, self.clock, "notifications", simulated_from=settings.clock)
        self.publishing = make_broker(self._amqp_url, name="kip-notifications-publish")
        self.consuming = make_broker(self._amqp_url, name="kip-notifications")
        email = EmailChannel(settings.smtp_url.get_secret_value(), settings.mail_from)
        self.channels: dict[str, Channel] = {email.kind: email}
        self.running = False
        self._pool: Pool | None = None
        self._consumer: Consumer | None = None
        self._queues: Queues | None = None
        self._sweeper: Sweeper | None = None

    def pool(self) -> Pool:
        """The connections. Raises ConnectionError (one of DATABASE_AWAY) before the first could be made."""
        if self._pool is None:
            raise ConnectionError("the database has not answered yet")
        return self._pool

    async def readiness(self) -> Mapping[str, str | None]:
        """Ready with broker, database and registry, consuming and sweeping."""
        broker = self.running and await self.consuming.ping(timeout=1) and await self.publishing.ping(timeout=1)
        return {
            "broker": None if broker else "not consuming: RabbitMQ does not answer",
            "database": None if self._pool is not None and self.follower.connected else "PostgreSQL does not answer",
            "registry": None if self.follower.registry.loaded else "not loaded: run 'kip migrate' and 'kip load'",
        }

    async def connect(self) -> None:
        """Open the database, wait for migrations and registry, then consume, deliver and sweep."""
        await self._until(self._open_database, DATABASE_AWAY, "database.waiting")
        await self.follower.wait_loaded()
        self._assemble(self.pool())
        await self._until(self._consume, BROKER_AWAY, "broker.waiting")
        if self._sweeper is not None:
            self._sweeper.start()
        self.running = True

    async def stop(self) -> None:
        """Finish what is in hand, then let go of everything."""
        if self._sweeper is not None:
            await self._sweeper.stop()
        await self.consuming.stop()
        if self._consumer is not None:
            await self._consumer.stop()
        await self.publishing.stop()
        if self._queues is not None:
            await self._queues.close()
        for channel in self.channels.values():
            await channel.close()
        await self.follower.stop()
        if self._pool is not None:
            await close_pool(self._pool)

    def _assemble(self, pool: Pool) -> None:
        queues = Queues(self._amqp_url, in_hand=lambda: self._consumer.in_hand if self._consumer else 0)
        sweeper = Sweeper(
            pool,
            lambda: self.follower.registry,
            self.clock,
            lambda bodies: publish_ids(self.publishing, bodies),
            queues,
            interval=self._settings.sweep_interval,
        )
        consumer = Consumer(pool, self.clock, on_settled=sweeper.obligations_changed)
        delivery = Delivery(pool, lambda: self.follower.registry, self.clock, self.channels, retry_soon=sweeper.ask)

        async def ask_for_sweep(changed: frozenset[str]) -> None:
            if changed & _ASKS_FOR_SWEEP:
                sweeper.ask()

        self.follower.on_change(ask_for_sweep)
        self.consuming.subscriber(
            topology.NOTIFICATIONS,
            channel=AmqpChannel(prefetch_count=EVENT_PREFETCH),
            ack_policy=AckPolicy.REJECT_ON_ERROR,
            no_reply=True,
        )(consumer.handle)
        self.consuming.subscriber(
            topology.ALERTS,
            channel=AmqpChannel(prefetch_count=SENDERS),
            ack_policy=AckPolicy.REJECT_ON_ERROR,
            no_reply=True,
        )(delivery.handle)
        consumer.start()
        self._consumer, self._queues, self._sweeper = consumer, queues, sweeper

    async def _open_database(self) -> None:
        pool = await open_pool(self._database_url, size=POOL_SIZE, application_name="kip-notifications")
        while not await is_migrated(pool):
            log.warning("database.not_migrated", cure="run 'kip migrate'")
            await asyncio.sleep(1)
        self._pool = pool

    async def _consume(self) -> None:
        await topology.declare(self._amqp_url, self._settings.partitions)
        await self.publishing.connect()
        await self.consuming.start()

    async def _until(
        self, step: Callable[[], Awaitable[None]], away: tuple[type[Exception], ...], message: str
    ) -> None:
        while True:
            try:
                await step()
                return
            except away as error:
                log.warning(message, reason=f"{type(error).__name__}: {error}")
                await asyncio.sleep(1)


async def publish_ids(broker: RabbitBroker, bodies: Sequence[Sequence[UUID]]) -> None:
    """Queue messages by id and wait for every confirm. Raises one of BROKER_AWAY."""
    async with asyncio.timeout(PUBLISH_SECONDS):
        await asyncio.gather(
            *(
                broker.publish(
                    json.dumps([str(id_) for id_ in ids]).encode(),
                    queue=topology.ALERTS.name,
                    persist=True,
                    mandatory=True,
                    content_type="application/json",
                )
                for ids in bodies
            )
        )


def make_app(settings: Settings) -> Starlette:
    """The ASGI application."""
    notifications = Notifications(settings)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await notifications.follower.start()
        connecting = asyncio.create_task(notifications.connect())
        log.info("notifications.started", port=settings.notifications_port)
        yield
        connecting.cancel()
        with suppress(asyncio.CancelledError):
            await connecting
        await notifications.stop()

    reader = Reader(
        registry=lambda: notifications.follower.registry, pool=notifications.pool, now=notifications.clock.now
    )

    def describe() -> Mapping[str, Any]:
        return {"clock": notifications.clock.now().isoformat()}

    return Starlette(routes=[*routes(reader), *probe_routes(notifications.readiness, describe)], lifespan=lifespan)
