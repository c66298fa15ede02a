"""All connections of a service: how many may be, which of them goes when one too many comes, whose time is over."""

import asyncio
from dataclasses import dataclass
from typing import Protocol

from shared.runtime.metrics import HTTP_CONNECTIONS

SWEEP_SECONDS = 1.0


@dataclass(frozen=True, slots=True)
class Limits:
    """What one connection, and all of them together, may take. Times in seconds.

    `head_seconds` bounds the whole of a head and the wait for a first one, `body_seconds` a pause in a body,
    `keep_alive_seconds` the wait for a further request, `drain_seconds` and `drain_bytes` what is read of a body whose
    answer is out. A client that takes less than `unsent_bytes` of an answer in `unsent_seconds` is let go of.
    """

    connections: int = 500
    reserve: int = 32  # above that, for probes while every connection is at work
    head_seconds: float = 10.0
    body_seconds: float = 35.0
    keep_alive_seconds: float = 5.0
    drain_seconds: float = 5.0
    drain_bytes: int = 16 * 1024 * 1024
    unsent_seconds: float = 30.0
    unsent_bytes: int = 16 * 1024


class Held(Protocol):
    """A connection, as it is bounded here."""

    def check(self, now: float) -> None:
        """Close the connection if its stage has taken too long, by the loop's clock."""
        ...

    def give_way(self) -> None:
        """Close: another needs the place."""
        ...


class Connections:
    """Knows every connection. When it is full, the one whose answer has been out longest gives way, else the one that
    has waited for a head longest.

    So an idle, half-sent or answered connection never keeps a client out; only requests under way do, and those have
    deadlines.
    """

    def __init__(self, limits: Limits) -> None:
        self.limits = limits
        self._all: set[Held] = set()
        self._waiting: dict[Held, float] = {}  # since when, the longest first
        self._answered: dict[Held, None] = {}  # only read a little further, so that the answer arrives
        self._sweep_due: float | None = None

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
        if patient and above <= self.limits.reserve:
            return False
        longest.give_way()
        return not patient

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
        if self._all:
            self._plan(loop)
