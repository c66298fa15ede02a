"""Wiring of the intake service."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import structlog
from faststream.rabbit import RabbitBroker
from starlette.applications import Starlette

from services.intake.admission.admission import Admission
from services.intake.documents.http import document_routes
from services.intake.http.dhis2 import dhis2_routes
from services.intake.http.dhis2_jobs import Jobs
from services.intake.http.endpoint import EndpointContext
from services.intake.http.errors import on_http_error
from services.intake.http.events import events_routes
from services.intake.http.gates import BODY_BYTES
from services.intake.http.kobo import kobo_routes
from services.intake.http.request_log import RequestLog
from services.intake.http.responses import status_url
from services.intake.http.sheets import import_routes
from services.intake.http.spool import spool_route
from services.intake.outbox.circuit import BrokerCircuit
from services.intake.outbox.drain import Drain
from services.intake.outbox.publisher import Publisher
from services.intake.outbox.spool import Spool
from services.intake.pacing.limits import LARGE_PATIENCE, RateLimits
from shared.access.acting import Acting, ActingReference, acting_officer
from shared.broker import topology
from shared.broker.answering import answered_within
from shared.broker.client import make_broker
from shared.http.application import application
from shared.http.held_body import Memory
from shared.http.probes import Measured, probe_routes
from shared.registry.follower import RegistryFollower
from shared.registry.snapshot import Key
from shared.runtime.clock import SystemClock
from shared.runtime.config import Settings
from shared.runtime.supervision import Supervised
from shared.runtime.turns import OwnTurns, Turns
from shared.spreadsheets.limits import REQUEST
from shared.spreadsheets.readers import Readers

log = structlog.get_logger()
CONNECT_SECONDS = 15.0
OFFICER_SECONDS = 2.0


class Intake:
    """The service's parts. Broker or database may be away at start and later; both at once are answered 503."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._amqp_url = settings.amqp_url.get_secret_value()
        database_url = settings.database_url.get_secret_value()
        self.clock, machine = SystemClock(), SystemClock()  # the run's, which may be simulated, and the real one
        self.follower = RegistryFollower(database_url, self.clock, "intake", simulated_from=settings.clock)
        self.broker: RabbitBroker = make_broker(self._amqp_url, name="kip-intake")
        self.circuit = BrokerCircuit()
        self.spool = Spool(database_url, settings.spool_events)
        self.publisher = Publisher(
            self.broker, self.spool, self.circuit, linger=settings.publish_linger, deadline=settings.publish_timeout,
            now=machine.now,
        )  # fmt: skip
        self.drain = Drain(self.broker, self.spool, self.circuit, self.connect, settings.publish_timeout, machine.now)
        self.draining = Supervised("drain", self.drain.run)

    def trusted(self) -> bool:
        """Say whether the registry may be believed: the database answered within the grace time."""
        return asyncio.get_running_loop().time() - self.follower.confirmed_at <= self._settings.key_grace

    async def readiness(self) -> Mapping[str, str | None]:
        """Say why the service isn't ready: it needs the registry loaded, and the broker or the spool taking."""
        loaded = self.follower.registry.loaded and self.trusted()
        taking = self.circuit.closed or not self.spool.away
        return {
            "registry": None if loaded else "not loaded: run 'kip migrate' and 'kip load'",
            "taking": None if taking else "neither RabbitMQ nor the spool in PostgreSQL takes events",
        }

    def describe(self) -> Mapping[str, object]:
        """Tell the run's time, and where events go at the moment."""
        return {"clock": self.clock.now().isoformat(), "events_go_to": "broker" if self.circuit.closed else "spool"}

    async def officer(self, key: Key, reference: ActingReference) -> Acting:
        """Look up an officer in whose name is posted, on a connection of the spool's."""
        async with self.spool.connection(OFFICER_SECONDS) as connection:
            return await acting_officer(connection, key, reference)

    def endpoint_context(self) -> EndpointContext:
        """Make the context that gives the endpoints these parts."""
        return EndpointContext(
            registry=lambda: self.follower.registry,
            officer=self.officer,
            trusted=self.trusted,
            now=self.clock.now,
            admission=Admission(self.publisher),
            rates=RateLimits(time.monotonic),
            memory=Memory(self._settings.body_memory, max(self._settings.body_memory // 2, BODY_BYTES)),
            large=Turns(1, LARGE_PATIENCE),
            streams=OwnTurns(),
            log=RequestLog(),
            body_seconds=self._settings.body_timeout,
            stream_bytes=self._settings.stream_limit,
            status_url=status_url(self._settings.aggregation_url),
        )

    async def connect(self) -> None:
        """Look whether the topology is declared and connect, if that has not been done. Raises one of BROKER_AWAY."""
        if not self.circuit.declared:
            await topology.check(self._amqp_url, self._settings.partitions)
            async with answered_within(CONNECT_SECONDS):
                await self.broker.connect()
                await self.broker.declare_exchange(topology.EVENTS)
            self.circuit.declared = True


def make_app(settings: Settings) -> Measured:
    """Make the ASGI application."""
    intake = Intake(settings)
    context = intake.endpoint_context()
    readers = Readers(REQUEST)

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await intake.spool.open()
        intake.publisher.start()
        readers.start()
        await intake.follower.start()
        intake.draining.start()
        log.info("intake.started", port=settings.intake_port)
        yield
        context.log.flush()
        await readers.stop()
        await intake.publisher.stop()  # uvicorn has waited for the requests under way
        await intake.draining.stop()
        await intake.broker.stop()
        await intake.spool.close()
        await intake.follower.stop()

    routes = [
        *events_routes(context),
        *dhis2_routes(context, Jobs(intake.spool)),
        *kobo_routes(context),
        *import_routes(context, readers),
        *document_routes(),
        *probe_routes(intake.readiness, intake.describe),
        spool_route(intake.spool),
    ]
    return application(routes, lifespan, on_http_error)
