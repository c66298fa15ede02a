"""Wiring of the notifications service."""

import asyncio
import json
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from random import random
from typing import Any
from uuid import UUID

import structlog
from faststream import AckPolicy
from faststream.rabbit import Channel as AmqpChannel
from faststream.rabbit import RabbitBroker
from starlette.applications import Starlette

from services.notifications.alerts.backlog import Queues
from services.notifications.alerts.loop import Sweeper
from services.notifications.messages.channels.configured import make_channels
from services.notifications.messages.filling import Filler
from services.notifications.messages.worker import Delivery
from services.notifications.obligations.announcer import Announcer
from services.notifications.obligations.consumer import Consumer, Taken
from services.notifications.observer import Observer
from services.notifications.openapi import openapi
from services.notifications.pages import page_store
from services.notifications.pages.forms import FORM_BYTES
from services.notifications.pages.links import Links
from services.notifications.pages.routes import Pages
from services.notifications.read_api import Reader, routes
from shared import __version__
from shared.broker import topology
from shared.broker.answering import answered_within
from shared.broker.client import make_broker, publish_events
from shared.broker.consuming import consume
from shared.database.connections import Pool, close_pool
from shared.documents.http import document_route
from shared.http.application import application
from shared.http.held_body import BodyLimits, Memory
from shared.http.probes import Measured, probe_routes
from shared.registry.follower import RegistryFollower
from shared.runtime.clock import SystemClock
from shared.runtime.config import Settings
from shared.runtime.lifecycle import connected, open_migrated, until_there

log = structlog.get_logger()
EVENT_PREFETCH = 100
BODIES = 8  # of kip.alerts in hand
POOL_SIZE = BODIES + 8
PUBLISH_SECONDS = 10.0
CONNECT_SECONDS = 30.0
LOOPBACK = "127.0.0.1"
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
        self.channels = make_channels(settings)
        self.running = False
        self._pool: Pool | None = None
        self._consumer: Consumer | None = None
        self._queues: Queues | None = None
        self._sweeper: Sweeper | None = None
        self._announcer: Announcer | None = None
        self._delivery: Delivery | None = None
        self._observer: Observer | None = None
        self._links: Links | None = None

    def pool(self) -> Pool:
        """The connections. Raises ConnectionError (one of DATABASE_AWAY) before the first could be made."""
        if self._pool is None:
            raise ConnectionError("the database has not answered yet")
        return self._pool

    def links(self) -> Links:
        """What signs links. Raises ConnectionError before the secret could be read."""
        if self._links is None:
            raise ConnectionError("the database has not answered yet")
        return self._links

    def obligations_changed(self) -> None:
        """A person decided or an answer came: look at once, publish what changed."""
        if self._sweeper is not None and self._announcer is not None:
            self._sweeper.obligations_changed()
            self._sweeper.ask()
            self._announcer.ask()

    async def readiness(self) -> Mapping[str, str | None]:
        """Ready with broker, database and registry, consuming and sweeping, the last sweeps not all broken."""
        broker = self.running and await self.consuming.ping(timeout=1) and await self.publishing.ping(timeout=1)
        return {
            "broker": None if broker else "not consuming: RabbitMQ does not answer",
            "database": None if self._pool is not None and self.follower.connected else "PostgreSQL does not answer",
            "registry": None if self.follower.registry.loaded else "not loaded: run 'kip migrate' and 'kip load'",
            "sweeps": self._sweeper.broken if self._sweeper is not None else None,
        }

    async def connect(self) -> None:
        """Open the database, wait for migrations and registry, then consume, deliver and sweep."""
        await until_there(self._open_database, "database.waiting")
        await self.follower.wait_loaded()
        if self._sweeper is None:
            self._assemble(self.pool())
        await until_there(self._consume, "broker.waiting")
        if self._sweeper is not None and self._announcer is not None:
            self._sweeper.start()
            self._announcer.start()
        self.running = True

    async def stop(self) -> None:
        """Finish what is in hand, then let go of everything."""
        if self._sweeper is not None:
            await self._sweeper.stop()
        await self.consuming.stop()
        if self._consumer is not None:
            await self._consumer.stop()
        if self._delivery is not None:
            await self._delivery.stop()
        if self._announcer is not None:
            await self._announcer.stop()
        await self.publishing.stop()
        if self._queues is not None:
            await self._queues.close()
        for channel in self.channels.values():
            await channel.close()
        if self._observer is not None:
            await self._observer.stop()
        await self.follower.stop()
        if self._pool is not None:
            await close_pool(self._pool)

    def _assemble(self, pool: Pool) -> None:
        settings = self._settings
        intake_url = settings.intake_url or f"http://{LOOPBACK}:{settings.intake_port}"
        queues = Queues(self._amqp_url, intake_url, lambda: self._consumer.in_hand if self._consumer else 0)
        announcer = Announcer(
            pool,
            lambda: self.follower.registry,
            self.clock.now,
            lambda key, body: publish_events(self.publishing, body, key, PUBLISH_SECONDS),
        )
        sweeper = Sweeper(
            pool,
            lambda: self.follower.registry,
            self.clock,
            lambda bodies: publish_ids(self.publishing, bodies),
            queues,
            on_swept=announcer.ask,
            interval=self._settings.sweep_interval,
        )

        def settled(taken: Taken) -> None:
            sweeper.obligations_changed()
            announcer.ask()
            if taken.problems:
                sweeper.ask()  # a problem is told at once

        consumer = Consumer(
            pool, lambda: self.follower.registry, self.clock, on_settled=settled, seconds=self._settings.batch_timeout
        )
        delivery = self._make_delivery(pool, sweeper)

        async def ask_for_sweep(changed: frozenset[str]) -> None:
            if changed & _ASKS_FOR_SWEEP:
                sweeper.ask()

        self.follower.on_change(ask_for_sweep)
        self._subscribe(consumer, delivery)
        consumer.start()
        delivery.start()
        self._observer = Observer(pool)
        self._observer.start()
        self._delivery, self._announcer = delivery, announcer
        self._consumer, self._queues, self._sweeper = consumer, queues, sweeper

    def _make_delivery(self, pool: Pool, sweeper: Sweeper) -> Delivery:
        return Delivery(
            pool,
            lambda: self.follower.registry,
            self.clock,
            self.channels,
            Filler(),
            page_of=lambda officer, message: self.links().page(officer, message, self.clock.now()),
            retry_soon=sweeper.ask,
            chance=random,
        )

    def _subscribe(self, consumer: Consumer, delivery: Delivery) -> None:
        consume(self.consuming, topology.NOTIFICATIONS, consumer.handle, prefetch=EVENT_PREFETCH)
        self.consuming.subscriber(
            topology.ALERTS,
            channel=AmqpChannel(prefetch_count=BODIES),
            ack_policy=AckPolicy.NACK_ON_ERROR,
            no_reply=True,
        )(delivery.handle)

    async def _open_database(self) -> None:
        if self._pool is not None:
            return
        pool = await open_migrated(self._database_url, size=POOL_SIZE, application_name="kip-notifications")
        base = self._settings.public_url or f"http://{self._settings.bind}:{self._settings.notifications_port}"
        self._links = Links(base, await page_store.link_secret(pool))
        self._pool = pool

    async def _consume(self) -> None:
        await topology.check(self._amqp_url, self._settings.partitions)
        async with answered_within(CONNECT_SECONDS):
            await self.publishing.connect()
            await self.consuming.start()


async def publish_ids(broker: RabbitBroker, bodies: Sequence[Sequence[UUID]]) -> None:
    """Queue messages by id and wait for every confirm. Raises one of BROKER_AWAY."""
    async with answered_within(PUBLISH_SECONDS):
        await asyncio.gather(
            *(
                broker.publish(
                    json.dumps([str(id_) for id_ in ids]).encode(),
                    exchange=topology.TO_ALERTS,
                    routing_key=topology.ALERTS.name,
                    persist=True,
                    mandatory=True,
                    content_type="application/json",
                )
                for ids in bodies
            )
        )


def make_app(settings: Settings) -> Measured:
    """The ASGI application."""
    notifications = Notifications(settings)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with connected(notifications):
            log.info("notifications.started", port=settings.notifications_port)
            yield

    reader = Reader(
        registry=lambda: notifications.follower.registry, pool=notifications.pool, now=notifications.clock.now
    )

    pages = Pages(
        registry=lambda: notifications.follower.registry,
        pool=notifications.pool,
        links=notifications.links,
        now=notifications.clock.now,
        body=BodyLimits(FORM_BYTES, settings.body_timeout, Memory(settings.body_memory, settings.body_memory)),
        on_changed=notifications.obligations_changed,
    )

    def describe() -> Mapping[str, Any]:
        return {"clock": notifications.clock.now().isoformat()}

    endpoints = [
        *routes(reader),
        *pages.routes(),
        document_route(openapi(__version__)),
        *probe_routes(notifications.readiness, describe),
    ]
    return application(endpoints, lifespan)
