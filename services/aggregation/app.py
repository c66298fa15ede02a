"""Wires the aggregation service together."""

import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import structlog
from starlette.applications import Starlette
from starlette.requests import Request

from services.aggregation.announcer import PUBLISH_SECONDS, FigureAnnouncer
from services.aggregation.audited import audited
from services.aggregation.consistency.watch import ConsistencyWatch
from services.aggregation.consumer import PartitionConsumer
from services.aggregation.ownership import ordinal, owned
from services.aggregation.reading.api import Reader, routes
from services.aggregation.reading.coverage import Expectations
from services.aggregation.reading.openapi import openapi
from services.aggregation.reading.programmes import programme_routes
from shared import __version__
from shared.access.rights import Reach
from shared.broker import topology
from shared.broker.answering import answered_within
from shared.broker.client import make_broker, publish_events
from shared.broker.message import Message, new_id
from shared.broker.notices import Notices
from shared.database.connections import Pool, close_pool
from shared.documents.http import document_route
from shared.domain.events import FIGURE_CHANGED
from shared.http.application import application
from shared.http.changes import Watchers, change_route
from shared.http.probes import Measured, probe_routes
from shared.http.read_api import asking_reach
from shared.journal.audited import OwnWay
from shared.journal.auditor import Auditor, Pace
from shared.registry.follower import RegistryFollower
from shared.runtime.clock import SystemClock
from shared.runtime.config import Settings
from shared.runtime.lifecycle import connected, open_migrated, until_there

log = structlog.get_logger()
READ_CONNECTIONS = 4
CHECK_CONNECTIONS = 3  # of cells, of the account, and what is observed
ANNOUNCE_CONNECTIONS = 1
CONNECT_SECONDS = 30.0
# A sort fits into memory; no plan of ours is worth compiling, nor worth making twice: planning a page of 200 units over
# eight partitions took 6 ms, running it 0.6 ms.
SERVER_SETTINGS = {"work_mem": "64MB", "jit": "off", "plan_cache_mode": "force_generic_plan"}


class Aggregation:
    """The service's parts: database, registry, broker, connected in that order, each as soon as it appears."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._amqp_url = settings.amqp_url.get_secret_value()
        self._database_url = settings.database_url.get_secret_value()
        self.clock, machine = SystemClock(), SystemClock()  # the run's, which may be simulated, and the real one
        self.follower = RegistryFollower(self._database_url, self.clock, "aggregation", simulated_from=settings.clock)
        self.watchers = Watchers(lambda: self.notices.listening)
        self.notices = Notices(self._amqp_url, "aggregation", self.watchers.tell)
        self.broker = make_broker(self._amqp_url, name="kip-aggregation")
        # An alarm that blocks who publishes must not stall the acknowledgements: a connection of its own.
        self.publishing = make_broker(self._amqp_url, name="kip-aggregation-publish")
        self.announcer = FigureAnnouncer(
            self.pool,
            lambda body: publish_events(
                self.publishing, Message(new_id(), FIGURE_CHANGED, body), machine.now(), PUBLISH_SECONDS
            ),
        )
        self.consumers: list[PartitionConsumer] = []
        self.consuming = False
        number = ordinal(settings.replica, settings.replicas, socket.gethostname())
        self.partitions = owned(settings.partitions, number, settings.replicas)
        self.consistency = ConsistencyWatch(
            self.pool, lambda: self.follower.registry, self.partitions, settings.drift_interval
        )
        self.follower.on_change(self.consistency.heed)
        self.follower.on_change(self.watchers.heed)
        self.auditor = Auditor(
            audited(lambda: self.follower.registry, settings.partitions),
            self.pool,
            self._amqp_url,
            OwnWay(self.publishing, topology.TO_AGGREGATION, machine.now),
            machine.now,
            Pace(sure=settings.audit_patience),
        )
        self._pool: Pool | None = None

    def pool(self) -> Pool:
        """Return the pool. Raises ConnectionError (one of DATABASE_AWAY) before a first connection could be made."""
        if self._pool is None:
            raise ConnectionError("the database has not answered yet")
        return self._pool

    async def readiness(self) -> Mapping[str, str | None]:
        """Say of broker, database, registry and records what keeps the service from being ready; None where nothing
        does.
        """
        broker = self.consuming and await self.broker.ping(timeout=1)
        return {
            "broker": None if broker else "not consuming: RabbitMQ does not answer",
            "database": None if self._pool is not None and self.follower.connected else "PostgreSQL does not answer",
            "registry": None if self.follower.registry.loaded else "not loaded: run 'kip load'",
            "records": self.consistency.rebuilding(),
        }

    async def connect(self) -> None:
        """Open the database, wait for migrations and registry, then consume."""
        await until_there(self._open_database, "database.waiting")
        await self.follower.wait_loaded()
        await until_there(self._consume, "broker.waiting")
        self.consuming = True
        self.consistency.start()
        self.auditor.start()
        self.announcer.start()
        self.notices.start()

    async def _open_database(self) -> None:
        if self._pool is not None:
            return
        size = len(self.partitions) + READ_CONNECTIONS + CHECK_CONNECTIONS + ANNOUNCE_CONNECTIONS
        self._pool = await open_migrated(
            self._database_url, size=size, application_name="kip-aggregation", settings=SERVER_SETTINGS
        )

    async def _consume(self) -> None:
        await topology.check(self._amqp_url, self._settings.partitions)
        if not self.consumers:
            for partition in self.partitions:
                consumer = PartitionConsumer(
                    partition,
                    self.pool,
                    self.follower,
                    self.clock,
                    limit=self._settings.batch_events,
                    linger=self._settings.batch_linger,
                    seconds=self._settings.batch_timeout,
                    on_figure_changes=self.announcer.ask,
                    on_changed=self.notices.note,
                )
                consumer.subscribe(self.broker)
                self.consumers.append(consumer)
        async with answered_within(CONNECT_SECONDS):
            await self.publishing.connect()
            await self.broker.start()

    async def stop(self) -> None:
        """Stop consuming, commit what is under way, then close every connection."""
        await self.broker.stop()
        await self.auditor.stop()
        await self.consistency.stop()
        for consumer in self.consumers:
            await consumer.stop()
        await self.announcer.stop()
        await self.notices.stop()
        await self.publishing.stop()
        await self.follower.stop()
        if self._pool is not None:
            await close_pool(self._pool)


def make_app(settings: Settings) -> Measured:
    """Make the ASGI application."""
    aggregation = Aggregation(settings)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with connected(aggregation, aggregation.follower):
            log.info("aggregation.started", port=settings.aggregation_port)
            yield

    reader = Reader(
        registry=lambda: aggregation.follower.registry,
        pool=aggregation.pool,
        now=aggregation.clock.now,
        expectations=Expectations(lambda: aggregation.follower.registry),
    )

    async def reach_of(request: Request) -> Reach:
        return await asking_reach(reader.pool, reader.registry(), request, reader.now())

    def describe() -> Mapping[str, str]:
        return {"clock": aggregation.clock.now().isoformat()}

    endpoints = [
        *routes(reader),
        *programme_routes(reader.registry, reader.pool, reader.now),
        change_route(aggregation.watchers, reach_of, lambda: reader.registry().units),
        document_route(openapi(__version__)),
        *probe_routes(aggregation.readiness, describe),
    ]
    return application(endpoints, lifespan)
