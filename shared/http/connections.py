"""All connections of a service: how many may be, which of them goes when one too many comes, whose time is over."""

import asyncio
from dataclasses import dataclass
from math import inf
from typing import Protocol

from shared.runtime.metrics import HTTP_CONNECTIONS

SWEEP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection, and all of them together, may take. Times in seconds.

    `head_seconds` bounds the whole of a head and the wait for a first one, `body_seconds` a pause in a body,
    `body_rate` the bytes a second below which a body's connection gives way when one too many comes,
    `keep_alive_seconds` the wait for a further request, `drain_seconds` and `drain_bytes` what is read of a body whose
    answer is out. A client that takes less than `unsent_bytes` of an answer in `unsent_seconds` is let go of.
    """

    connections: int = 500
    reserve: int = 32  # above that, for probes while every connection is at work
    head_seconds: float = 10.0
    body_seconds: float = 35.0
    body_rate: float = 16 * 1024.0
    keep_alive_seconds: float = 5.0
    drain_seconds: float = 5.0
    drain_bytes: int = 16 * 1024 * 1024
    unsent_seconds: float = 15.0
    unsent_bytes: int = 16 * 1024


class Held(Protocol):
    """A connection, as it is bounded here."""

    def check(self, now: float) -> None:
        """End what has taken too long, by the loop's clock, and see how fast the client is."""
        ...

    def pace(self) -> float:
        """Give the bytes a second of a client that is waited for and slow, as it was checked last; else inf."""
        ...

    def give_way(self) -> None:
        """Close: another needs the place."""
        ...


class Connections:
    """Knows every connection. When one too many comes, this one gives way, the first that there is:

    1. of those whose last answer is out, the longest so;
    2. of those that have waited for a head for SWEEP_SECONDS, the longest so;
    3. of those whose client is slow to take its answer or to send its body, the slowest at the last sweep.

    So only requests that an application works on, and bodies that come at a fair pace, ever keep a client out.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._all: set[Held] = set()
        self._waiting: dict[Held, float] = {}  # since when, the longest first
        self._answered: dict[Held, None] = {}  # only read a little further, so that the answer arrives
        self._slow: list[Held] = []  # by the last sweep, the slowest last
        self._sweep_due: float | None = None

    @property
    def full(self) -> bool:
        """Tell whether every place is taken."""
        return len(self._all) >= self.limits.connections

    def enter(self, connection: Held, loop: asyncio.AbstractEventLoop) -> bool:
        """Admit a connection. False where every place is at work: then it may ask only whether the service lives."""
        self._all.add(connection)
        self.wait(connection, loop.time())
        HTTP_CONNECTIONS.set(len(self._all))
        if self._sweep_due is None:
            self._plan(loop)
        above = len(self._all) - self.limits.connections
        if above <= 0:
            return True
        if self._answered:
            next(iter(self._answered)).give_way()
            return True
        longest = next(iter(self._waiting))
        patient = loop.time() - self._waiting[longest] < SWEEP_SECONDS  # its head may be on its way
        goes = self._slowest() if patient else longest
        if goes is None and above <= self.limits.reserve:
            return False
        (goes or longest).give_way()
        return goes is not None

    def leave(self, connection: Held) -> None:
        """Forget a connection that is gone."""
        self._all.discard(connection)
        self.work(connection)
        HTTP_CONNECTIONS.set(len(self._all))

    def wait(self, connection: Held, now: float) -> None:
        """Note that it waits for a head from now on."""
        self._waiting[connection] = now

    def work(self, connection: Held) -> None:
        """Note that it has a request, or has given way."""
        self._waiting.pop(connection, None)
        self._answered.pop(connection, None)

    def answered(self, connection: Held) -> None:
        """Note that its last answer is out, and that what its client still sends is thrown away."""
        self._waiting.pop(connection, None)
        self._answered[connection] = None

    def _slowest(self) -> Held | None:
        """The slowest of the last sweep that still is slow. Nobody is asked twice: a sweep finds it again."""
        while self._slow:
            connection = self._slow.pop()
            if connection in self._all and connection.pace() < inf:
                return connection
        return None

    def _plan(self, loop: asyncio.AbstractEventLoop) -> None:
        self._sweep_due = loop.time() + SWEEP_SECONDS
        loop.call_at(self._sweep_due, self._sweep, loop)

    def _sweep(self, loop: asyncio.AbstractEventLoop) -> None:
        """Check every connection's deadline by one timer: setting a deadline costs a request nothing."""
        now, due = loop.time(), self._sweep_due
        self._sweep_due = None
        # Where the process itself stood still, what came meanwhile is read first: clients must not pay for it.
        if due is not None and now - due < SWEEP_SECONDS:
            for connection in tuple(self._all):
                connection.check(now)
            slow = (connection for connection in self._all if connection.pace() < inf)
            self._slow = sorted(slow, key=lambda connection: connection.pace(), reverse=True)
        if self._all:
            self._plan(loop)
