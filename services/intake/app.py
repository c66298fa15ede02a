"""Wiring of the intake service."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import structlog
from faststream.rabbit import RabbitBroker
from starlette.applications import Starlette

from services.intake.admission import Admission
from services.intake.http import Door, routes
from services.intake.publish import Publisher
from shared import topology
from shared.broker import BROKER_AWAY, make_broker
from shared.clock import SystemClock
from shared.config import Settings
from shared.observability import probe_routes
from shared.registry.follower import RegistryFollower

log = structlog.get_logger()


class Intake:
    """The service's parts. The broker may be away at start and later: requests are then answered 503."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._amqp_url = settings.amqp_url.get_secret_value()
        self.clock = SystemClock()
        self.follower = RegistryFollower(
            settings.database_url.get_secret_value(), self.clock, "intake", simulated_from=settings.clock
        )
        self.broker: RabbitBroker = make_broker(self._amqp_url, name="kip-intake")
        self.publisher = Publisher(self.broker, linger=settings.publish_linger, deadline=settings.publish_timeout)
        self.declared = False

    def trusted(self) -> bool:
        """Whether what the registry says may be believed: the database answered within the grace time."""
        return asyncio.get_running_loop().time() - self.follower.confirmed_at <= self._settings.key_grace

    async def readiness(self) -> Mapping[str, str | None]:
        """Ready with the registry loaded and the broker taking."""
        loaded = self.follower.registry.loaded and self.trusted()
        broker = self.declared and await self.broker.ping(timeout=1)
        return {
            "registry": None if loaded else "not loaded: run 'kip migrate' and 'kip load'",
            "broker": None if broker else "RabbitMQ does not answer",
        }

    async def connect(self) -> None:
        """Declare the topology and connect, for as long as it takes."""
        while True:
            try:
                await topology.declare(self._amqp_url, self._settings.partitions)
                await self.broker.connect()
                await self.broker.declare_exchange(topology.EVENTS)
            except BROKER_AWAY as error:
                log.warning("broker.waiting", reason=f"{type(error).__name__}: {error}")
                await asyncio.sleep(1)
            else:
                self.declared = True
                return


def make_app(settings: Settings) -> Starlette:
    """The ASGI application."""
    intake = Intake(settings)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await intake.follower.start()
        connecting = asyncio.create_task(intake.connect())
        log.info("intake.started", port=settings.intake_port)
        yield
        connecting.cancel()
        with suppress(asyncio.CancelledError):
            await connecting
        await intake.publisher.stop()
        await intake.broker.stop()
        await intake.follower.stop()

    door = Door(
        registry=lambda: intake.follower.registry,
        trusted=intake.trusted,
        now=intake.clock.now,
        admission=Admission(intake.publisher),
    )

    def describe() -> Mapping[str, Any]:
        return {"clock": intake.clock.now().isoformat()}

    return Starlette(routes=[*routes(door), *probe_routes(intake.readiness, describe)], lifespan=lifespan)
