"""Wiring of the notifications service."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from random import random

import structlog
from faststream import AckPolicy
from faststream.rabbit import Channel as AmqpChannel
from starlette.applications import Starlette
from starlette.requests import Request

from services.notifications import link_store
from services.notifications.alerts.backlog import Queues
from services.notifications.alerts.loop import Sweeper
from services.notifications.audited import audited
from services.notifications.forms import FORM_BYTES
from services.notifications.links import Links
from services.notifications.messages import bounce_store, reach_store
from services.notifications.messages.channels import Outgoing
from services.notifications.messages.channels.configured import make_channels
from services.notifications.messages.filling import Filler
from services.notifications.messages.queue import PUBLISH_SECONDS, publish_ids
from services.notifications.messages.retention import Retention
from services.notifications.messages.return_path import ReturnPaths
from services.notifications.messages.worker import Delivery
from services.notifications.obligations.announcer import Announcer
from services.notifications.obligations.consumer import Consumer
from services.notifications.obligations.deciding import Deciding
from services.notifications.observer import Observer
from services.notifications.officers.acts import OfficerActs
from services.notifications.officers.at_once import AtOnce
from services.notifications.officers.codes import code_key
from services.notifications.officers.routes import LINK_KINDS, OfficerAnswers, Sending
from services.notifications.openapi import openapi
from services.notifications.public.routes import PublicAnswers
from services.notifications.reactions import Reactions
from services.notifications.read_api import Reader, routes
from services.notifications.readiness import readiness
from shared import __version__
from shared.access.rights import Reach
from shared.broker import topology
from shared.broker.answering import answered_within
from shared.broker.client import make_broker, publish_events
from shared.broker.consuming import consume
from shared.broker.message import Message, new_id
from shared.broker.notices import Notices
from shared.database.connections import Pool, close_pool
from shared.documents.http import document_route
from shared.http.application import application
from shared.http.changes import Watchers, change_route
from shared.http.held_body import BodyLimits, Memory
from shared.http.probes import Measured, probe_routes
from shared.http.read_api import asking_reach
from shared.journal.audited import OwnWay
from shared.journal.auditor import Auditor, Pace
from shared.registry.follower import RegistryFollower
from shared.registry.snapshot import Registry
from shared.runtime.clock import SystemClock
from shared.runtime.config import Settings
from shared.runtime.lifecycle import connected, open_migrated, until_there

log = structlog.get_logger()
EVENT_PREFETCH = 100
BODIES = 8  # of kip.alerts in hand
POOL_SIZE = BODIES + 8
CONNECT_SECONDS = 30.0
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class _Parts:
    """What works once the database has answered."""

    queues: Queues
    consumer: Consumer
    sweeper: Sweeper
    announcer: Announcer
    delivery: Delivery
    observer: Observer
    retention: Retention
    reactions: Reactions
    auditor: Auditor


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
        self.channels, self._zalo = make_channels(
            settings, self.pool, self.return_path if settings.mail_bounce else None
        )
        self.board = settings.public_url or f"http://{settings.bind}:{settings.board_port}"
        self.at_once = AtOnce(self.channels)
        self.watchers = Watchers(lambda: self.notices.listening)
        self.notices = Notices(self._amqp_url, "notifications", self.watchers.tell)
        self.machine = SystemClock()
        self.running = False
        self._pool: Pool | None = None
        self._links: Links | None = None
        self._code_key: bytes | None = None
        self._returns: ReturnPaths | None = None
        self._parts: _Parts | None = None

    def pool(self) -> Pool:
        """Get the connections. Raises ConnectionError (one of DATABASE_AWAY) before the first could be made."""
        if self._pool is None:
            raise ConnectionError("the database has not answered yet")
        return self._pool

    def links(self) -> Links:
        """Get what signs links. Raises ConnectionError before the secret could be read."""
        if self._links is None:
            raise ConnectionError("the database has not answered yet")
        return self._links

    def code_key(self) -> bytes:
        """Get what codes are hashed with. Raises ConnectionError before the secret could be read."""
        if self._code_key is None:
            raise ConnectionError("the database has not answered yet")
        return self._code_key

    def code_kinds(self) -> frozenset[str]:
        """List the kinds of channels by which a code can go: an officer's own, never a group's."""
        by_zalo = {"zalo"} if self._settings.zns_code_template else set()
        return frozenset(({"email", "sms"} | by_zalo) & self.channels.keys())

    def return_path(self, message: Outgoing) -> str:
        """Make the address that a mail comes back to. Raises ConnectionError before the secret could be read."""
        if self._returns is None:
            raise ConnectionError("the database has not answered yet")
        return self._returns.of(message.id, message.address)

    def registry(self) -> Registry:
        """Get the registry as it is now."""
        return self.follower.registry

    def decided(self) -> None:
        """Pass on that a person decided about an obligation."""
        if self._parts is not None:
            self._parts.reactions.decided()

    async def readiness(self) -> Mapping[str, str | None]:
        """Give, per dependency, None if it is good or the reason why not."""
        return readiness(
            broker=self.running and await self.consuming.ping(timeout=1) and await self.publishing.ping(timeout=1),
            database=self._pool is not None and self.follower.connected,
            registry=self.registry().loaded,
            restore=self._parts.sweeper.awaits if self._parts is not None else None,
            sweeps=self._parts.sweeper.broken if self._parts is not None else None,
        )

    async def connect(self) -> None:
        """Open the database, wait for migrations and registry, then consume, deliver and sweep."""
        await until_there(self._open_database, "database.waiting")
        await self.follower.wait_loaded()
        if self._parts is None:
            self._parts = self._assemble(self.pool())
        await until_there(self._consume, "broker.waiting")
        self._parts.sweeper.start()
        self._parts.announcer.start()
        self._parts.auditor.start()
        self.notices.start()
        self.running = True

    async def stop(self) -> None:
        """Finish what is in hand, then let go of everything: first what makes work, last what the others use."""
        parts = self._parts
        if parts is not None:
            await parts.sweeper.stop()
        await self.consuming.stop()
        if parts is not None:
            await parts.consumer.stop()
            await parts.delivery.stop()
            await parts.announcer.stop()
            await parts.auditor.stop()
            if self._zalo is not None:
                await self._zalo.stop()
        await self.notices.stop()
        await self.publishing.stop()
        if parts is not None:
            await parts.queues.close()
        await self.at_once.stop()
        for channel in self.channels.values():
            await channel.close()
        if parts is not None:
            await parts.observer.stop()
            await parts.retention.stop()
        await self.follower.stop()
        if self._pool is not None:
            await close_pool(self._pool)

    def _assemble(self, pool: Pool) -> _Parts:
        """Make the parts and start those that need no broker."""
        settings = self._settings
        intake_url = settings.intake_url or f"http://{LOOPBACK}:{settings.intake_port}"
        queues = Queues(self._amqp_url, intake_url, lambda: consumer.in_hand)
        announcer = Announcer(
            pool, self.registry, self.clock.now,
            lambda key, body: publish_events(
                self.publishing, Message(new_id(), key, body), self.machine.now(), PUBLISH_SECONDS
            ),
            self.notices.note,
        )  # fmt: skip
        sweeper = Sweeper(
            pool, self.registry, self.clock, lambda bodies: publish_ids(self.publishing, bodies), queues,
            on_swept=announcer.ask, interval=settings.sweep_interval,
        )  # fmt: skip
        reactions = Reactions(sweeper, announcer, self.notices)
        consumer = Consumer(
            pool, self.registry, self.clock, on_settled=reactions.settled, seconds=settings.batch_timeout
        )
        delivery = Delivery(
            pool, self.registry, self.clock, self.channels, Filler(),
            links_of=lambda taken: self.links().letter(taken.officer, taken.generation, taken.id, self.clock.now()),
            retry_soon=sweeper.ask, chance=random,
        )  # fmt: skip
        way = OwnWay(self.publishing, topology.TO_NOTIFICATIONS, self.machine.now)
        auditor = Auditor(
            audited(), self.pool, self._amqp_url, way, self.machine.now, Pace(sure=settings.audit_patience)
        )
        observer, retention = Observer(pool), Retention(pool, self.clock)
        self.follower.on_change(reactions.registry_changed)
        self.follower.on_change(self.watchers.heed)
        self._subscribe(consumer, delivery)
        consumer.start()
        delivery.start()
        observer.start()
        retention.start()
        if self._zalo is not None:
            self._zalo.start()
        return _Parts(queues, consumer, sweeper, announcer, delivery, observer, retention, reactions, auditor)

    def _subscribe(self, consumer: Consumer, delivery: Delivery) -> None:
        consume(
            self.consuming, topology.NOTIFICATIONS, consumer.handle, consumer.account_undecodable,
            prefetch=EVENT_PREFETCH,
        )  # fmt: skip
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
        secret = await link_store.link_secret(pool)
        self._links, self._code_key = Links(self.board, secret), code_key(secret)
        if self._settings.mail_bounce:
            self._returns = ReturnPaths(self._settings.mail_bounce, await bounce_store.make_secret(pool))
        await reach_store.note_kinds(pool, self.channels)
        self._pool = pool

    async def _consume(self) -> None:
        await topology.check(self._amqp_url, self._settings.partitions)
        async with answered_within(CONNECT_SECONDS):
            await self.publishing.connect()
            await self.consuming.start()


def _officers(notifications: Notifications, bodies: BodyLimits) -> OfficerAnswers:
    """Make what answers about officers."""
    return OfficerAnswers(
        registry=notifications.registry,
        pool=notifications.pool,
        links=notifications.links,
        code_key=notifications.code_key,
        now=notifications.clock.now,
        machine=notifications.machine.now,
        body=bodies,
        sending=Sending(
            notifications.at_once, notifications.code_kinds(), frozenset(LINK_KINDS) & notifications.channels.keys()
        ),
    )


def _acts(notifications: Notifications, bodies: BodyLimits) -> OfficerActs:
    """Make what takes officers' acts for themselves."""
    return OfficerActs(
        registry=notifications.registry,
        pool=notifications.pool,
        now=notifications.clock.now,
        body=bodies,
        on_changed=notifications.decided,
    )


def _public(notifications: Notifications, bodies: BodyLimits) -> PublicAnswers:
    """Make what answers at the board's public address."""
    return PublicAnswers(
        board=notifications.board.rstrip("/"),
        registry=notifications.registry,
        pool=notifications.pool,
        links=notifications.links,
        now=notifications.clock.now,
        body=bodies,
    )


def _deciding(notifications: Notifications, bodies: BodyLimits) -> Deciding:
    """Make what takes decisions."""
    return Deciding(
        registry=notifications.registry,
        pool=notifications.pool,
        links=notifications.links,
        now=notifications.clock.now,
        body=bodies,
        on_changed=notifications.decided,
    )


def make_app(settings: Settings) -> Measured:
    """Make the ASGI application."""
    notifications = Notifications(settings)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with connected(notifications, notifications.follower):
            log.info("notifications.started", port=settings.notifications_port)
            yield

    reader = Reader(registry=notifications.registry, pool=notifications.pool, now=notifications.clock.now)
    bodies = BodyLimits(FORM_BYTES, settings.body_timeout, Memory(settings.body_memory, settings.body_memory))

    def describe() -> Mapping[str, str]:
        return {"clock": notifications.clock.now().isoformat()}

    async def reach_of(request: Request) -> Reach:
        return await asking_reach(reader.pool, reader.registry(), request, reader.now())

    endpoints = [
        *routes(reader),
        change_route(notifications.watchers, reach_of, lambda: reader.registry().units),
        *_officers(notifications, bodies).routes(),
        *_acts(notifications, bodies).routes(),
        *_public(notifications, bodies).routes(),
        *_deciding(notifications, bodies).routes(),
        document_route(openapi(__version__)),
        *probe_routes(notifications.readiness, describe),
    ]
    return application(endpoints, lifespan)
