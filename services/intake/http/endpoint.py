"""The dependencies that all endpoints share. `app.py` makes one context; each endpoint is a function of it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from services.intake.admission.admission import Admission
from services.intake.http.request_log import RequestLog
from services.intake.pacing.limits import RateLimits
from shared.access.acting import Acting, ActingReference
from shared.http.held_body import Memory
from shared.registry.snapshot import Key, Registry
from shared.runtime.turns import OwnTurns, Turns


@dataclass(frozen=True, slots=True)
class EndpointContext:
    """The registry as it is now and whether it may be trusted, officers as they are now, the time, admission, limits,
    the log of requests.

    `large` are the turns of bodies that are more than a small part of the work of a second, `streams` those in which
    the streams of one sender are worked on.
    `body_seconds` bounds the time in which a body of the usual size has to arrive, and each pause of a stream;
    `stream_bytes` the size of a stream. `status_url` is where the fate of an event can be asked for, "" for nowhere.
    """

    registry: Callable[[], Registry]
    officer: Callable[[Key, ActingReference], Awaitable[Acting]]
    trusted: Callable[[], bool]
    now: Callable[[], datetime]
    admission: Admission
    rates: RateLimits
    memory: Memory
    large: Turns
    streams: OwnTurns
    log: RequestLog
    body_seconds: float
    stream_bytes: int
    status_url: str
