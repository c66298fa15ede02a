"""The door that every peer stands behind: intake's own routes, formats and checks, under the same server.

Only where the events go differs: a `Sink` takes what intake's publisher would take.
"""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Protocol, cast

from starlette.applications import Starlette

from services.intake.admission.admission import Admission
from services.intake.http.endpoint import EndpointContext
from services.intake.http.errors import on_http_error
from services.intake.http.events import events_routes
from services.intake.http.request_log import RequestLog
from services.intake.http.responses import status_url
from services.intake.outbox.publisher import Publisher
from services.intake.pacing.limits import LARGE_PATIENCE, RateLimits
from shared.access.acting import Acting, ActingReference
from shared.http.application import application
from shared.http.held_body import Memory
from shared.http.probes import Measured, probe_routes
from shared.registry.follower import RegistryFollower
from shared.registry.snapshot import Key, Registry
from shared.runtime.clock import SystemClock
from shared.runtime.config import Settings
from shared.runtime.turns import OwnTurns, Turns


class Sink(Protocol):
    """Where a peer's events go. `publish` returns when they are safe."""

    async def start(self, registry: Callable[[], Registry]) -> None:
        """Connect."""
        ...

    async def publish(self, events: Sequence[tuple[str, int, bytes]]) -> None:
        """Take events, each as (kind, partition, canonical JSON)."""
        ...

    async def stop(self) -> None:
        """Let go."""
        ...


async def _nobody(_key: Key, _reference: ActingReference) -> Acting:
    """No sender of the benchmark acts for an officer."""
    raise NotImplementedError


def make_front(settings: Settings, sink: Sink) -> Measured:
    """The ASGI application of a peer's door."""
    clock = SystemClock()
    follower = RegistryFollower(settings.database_url.get_secret_value(), clock, "bench")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        await follower.start()
        await sink.start(lambda: follower.registry)
        yield
        await sink.stop()
        await follower.stop()

    context = EndpointContext(
        registry=lambda: follower.registry,
        officer=_nobody,
        trusted=lambda: True,
        now=clock.now,
        admission=Admission(cast("Publisher", sink)),
        rates=RateLimits(time.monotonic),
        memory=Memory(settings.body_memory, settings.body_memory),
        large=Turns(1, LARGE_PATIENCE),
        streams=OwnTurns(),
        log=RequestLog(),
        body_seconds=settings.body_timeout,
        stream_bytes=settings.stream_limit,
        status_url=status_url(settings.aggregation_url),
    )

    async def readiness() -> dict[str, str | None]:
        return {"registry": None if follower.registry.loaded else "not loaded"}

    return application([*events_routes(context), *probe_routes(readiness, dict)], lifespan, on_http_error)
