"""One connection: a head, its body, its answer, and again; each with a deadline, and an end that can be read."""

import asyncio
from enum import Enum, auto
from http import HTTPStatus
from math import inf
from typing import Any, ClassVar, cast

from starlette.types import ASGIApp, Scope
from uvicorn import Config
from uvicorn.server import ServerState

from shared.http.answer import Answer
from shared.http.body import Body, body_behind
from shared.http.connections import Connections, Limits
from shared.http.exchange import HELD_BYTES, Exchange
from shared.http.head import Head, HeadReader
from shared.http.pace import Pace
from shared.http.refusal import RefusedRequestError, too_slow
from shared.http.words import HttpWords
from shared.runtime.metrics import HTTP_REFUSED

PROBES = frozenset({"/healthz", "/readyz", "/metrics"})
_BODY_OVERDUE = too_slow(HttpWords.BODY_OVERDUE.value)
_HEAD_OVERDUE = too_slow(HttpWords.HEAD_OVERDUE.value)
_CRASHED = RefusedRequestError(HTTPStatus.INTERNAL_SERVER_ERROR, "internal", HttpWords.CRASHED.value)
_FULL = RefusedRequestError(HTTPStatus.SERVICE_UNAVAILABLE, "too_many_connections", HttpWords.CONNECTIONS.value)


class _Stage(Enum):
    HEAD = auto()  # waits for a head, or reads one
    BODY = auto()  # reads a body; its application is at work
    ANSWER = auto()  # the request is whole; its application is at work
    UNREAD = auto()  # the answer is out and its client is slow to take it: only then comes the next request's turn
    DRAIN = auto()  # the last answer is out; what still comes is read for a while, so that the client can read it
    CLOSED = auto()


class HttpConnection(asyncio.Protocol):
    """uvicorn's protocol for a connection; see `http_protocol`. Requests are answered one after the other."""

    connections: ClassVar[Connections]

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        self._app = cast("ASGIApp", config.loaded_app)
        self._server = server_state
        self._app_state = app_state
        self._loop = _loop or asyncio.get_event_loop()
        self._limits = self.connections.limits
        self._transport: asyncio.Transport
        self._ends: tuple[tuple[str, int], tuple[str, int]]  # ours, the client's
        self._stage = _Stage.HEAD
        self._deadline = inf
        self._only_probes = False
        self._last = False  # the service is about to end
        self._unasked = False  # the head began behind a request that was not answered yet
        self._reader = HeadReader()
        self._body: Body = body_behind(0)
        self._exchange: Exchange | None = None
        self._broken_by: RefusedRequestError | None = None  # what ended the body before its end
        self._behind = b""  # what came behind the request that is being answered
        self._paused = False
        self._drained = 0
        self._writable = asyncio.Event()
        self._writable.set()
        self._written = self._sent = 0
        self._sent_at = 0.0
        self._received = 0  # of bodies
        self._pace = Pace()

    # What uvicorn and the event loop call.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Wait for the first head (asyncio's callback)."""
        self._transport = cast("asyncio.Transport", transport)
        self._ends = _address(transport, "sockname"), _address(transport, "peername")
        self._server.connections.add(cast("Any", self))
        self._deadline = self._sent_at = self._loop.time()
        self._deadline += self._limits.head_seconds
        self._only_probes = not self.connections.enter(self, self._loop)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the request under way that its client is gone (asyncio's callback)."""
        self._stage = _Stage.CLOSED
        self._server.connections.discard(cast("Any", self))
        self.connections.leave(self)
        self._writable.set()
        if self._exchange is not None:
            self._exchange.lose()

    def data_received(self, data: bytes) -> None:
        """Pass bytes to the stage that the connection is in (asyncio's callback)."""
        match self._stage:
            case _Stage.HEAD:
                self._read_head(data)
            case _Stage.BODY:
                self._read_body(data)
            case _Stage.ANSWER | _Stage.UNREAD:
                self._behind += data
                if len(self._behind) > HELD_BYTES:
                    self._pause()
            case _Stage.DRAIN:
                self._drain(data)

    def pause_writing(self) -> None:
        """Let answers wait: the client takes what was sent too slowly (asyncio's callback)."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Let answers go on (asyncio's callback)."""
        self._writable.set()
        if self._stage is _Stage.UNREAD:
            self._next()

    def shutdown(self) -> None:
        """Answer what has begun, then close: the service ends (uvicorn's call). A stream, which has no end of its own,
        is told that nobody reads it any more.
        """
        self._last = True
        if self._stage in {_Stage.HEAD, _Stage.UNREAD, _Stage.DRAIN}:
            self._close()
        elif self._exchange is not None and self._exchange.answer.started:
            self._exchange.break_off()

    # What `Connections` calls.

    def check(self, now: float) -> None:
        """End what has taken too long, and see how fast the client is."""
        if self._due():
            self._pace.look(self._received + self._written - self._transport.get_write_buffer_size(), now)
        else:
            self._pace.forget()
        if self._stalls(now):
            self._transport.abort()
        elif now < self._deadline:
            return
        elif self._stage is _Stage.HEAD and self._reader.begun and not self._unasked:
            self._refuse(_HEAD_OVERDUE)
        elif self._stage is _Stage.BODY and self._exchange is not None:
            self._break_off(self._exchange, _BODY_OVERDUE)
        else:
            self._close()

    def pace(self) -> float:
        """Bytes a second that the client moves, where it is waited for and slower than is due; else inf."""
        rate = self._pace.rate
        return rate if rate < self._due() else inf

    def give_way(self) -> None:
        """Close: another needs the place. Who was slow with a body is told to try again."""
        HTTP_REFUSED.labels("gave_way").inc()
        self.connections.work(self)
        unread = not self._writable.is_set()
        exchange = self._exchange
        if exchange is not None and not exchange.answer.started and not unread:
            self._exchange = None
            exchange.lose()
            self.write(_FULL.answer(self._reader.language))
        elif unread or self.pace() < inf:
            self._transport.abort()  # a close would wait until what is unread is read
        self._close()

    # What `Exchange` calls.

    def write(self, data: bytes) -> None:
        """Send."""
        if self._stage is not _Stage.CLOSED:
            self._written += len(data)
            self._transport.write(data)

    async def writable(self) -> None:
        """Wait while the client takes what was sent too slowly."""
        if not self._writable.is_set():
            await self._writable.wait()

    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """Return the headers of every answer."""
        return self._server.default_headers

    def whole(self) -> bool:
        """Tell whether the request has come whole and another may follow. When every place is taken, who has sent more
        requests ahead isn't served them before others.
        """
        return self._stage is _Stage.ANSWER and not self._last and not (self._behind and self.connections.full)

    def taken(self) -> None:
        """Read on: the application has taken what came of the body."""
        if self._paused and self._stage is _Stage.BODY:
            self._resume()
            self._deadline = self._loop.time() + self._limits.body_seconds

    def ended(self) -> None:
        """Go on to the next request, or close so that the answer can be read."""
        exchange, self._exchange = self._exchange, None
        if exchange is None or self._stage is _Stage.CLOSED:
            return
        self._server.total_requests += 1
        answer = exchange.answer
        if not answer.complete and not answer.begun:
            self._refuse(self._broken_by or _CRASHED)
        elif not answer.complete:
            self._close()  # in the midst of it: the client sees that it isn't whole
        elif answer.closes or self._last:
            self._end()
        elif self._writable.is_set():
            self._next()
        else:
            self._stage = _Stage.UNREAD

    # The stages.

    def _read_head(self, data: bytes) -> None:
        waited = not self._reader.begun
        try:
            found = self._reader.feed(data)
            if found is None:
                if waited:
                    self._deadline = self._loop.time() + self._limits.head_seconds
                return
            head, rest = found
            self._begin(head, rest)
        except RefusedRequestError as refusal:
            self._refuse(refusal)

    def _begin(self, head: Head, rest: bytes) -> None:
        """Read what came of the body, then make the application's task. Raises RefusedRequestError."""
        self.connections.work(self)
        if self._only_probes and head.path not in PROBES:
            raise _FULL
        self._unasked = False  # it is a request, and has an answer of its own
        answer = Answer(head.method, head.version, closes=self._only_probes or not head.keep_alive)
        scope = self._scope(head)
        self._exchange = exchange = Exchange(self, scope, answer, expects_continue=head.expects_continue)
        self._body = body_behind(head.length)
        self._stage = _Stage.BODY
        self._feed_body(exchange, rest)
        task = self._loop.create_task(exchange.run(self._app))
        self._server.tasks.add(task)
        task.add_done_callback(self._server.tasks.discard)

    def _read_body(self, data: bytes) -> None:
        exchange = self._exchange
        if exchange is None or self._broken_by is not None:
            return
        try:
            self._feed_body(exchange, data)
        except RefusedRequestError as refusal:
            self._break_off(exchange, refusal)

    def _feed_body(self, exchange: Exchange, data: bytes) -> None:
        self._received += len(data)
        part, behind = self._body.feed(data)
        exchange.feed(part)
        if behind is not None:
            self._stage = _Stage.ANSWER
            self._deadline = inf
            self._behind = behind
            exchange.end()
        elif exchange.full:
            self._deadline = inf  # it is the application that takes its time
            self._pause()
        else:
            self._deadline = self._loop.time() + self._limits.body_seconds

    def _break_off(self, exchange: Exchange, refusal: RefusedRequestError) -> None:
        """End the body here. The application answers, as it may have taken part of it; where it doesn't, we do."""
        self._broken_by = refusal
        self._deadline = inf
        self._pause()
        HTTP_REFUSED.labels(refusal.error).inc()
        exchange.break_off()

    def _next(self) -> None:
        """Wait for the next request, or read the one that was sent before the answer."""
        behind, self._behind = self._behind, b""
        now = self._loop.time()
        self._stage = _Stage.HEAD
        self._reader = HeadReader()
        self._unasked = bool(behind)
        self._deadline = now + self._limits.keep_alive_seconds
        self.connections.wait(self, now)
        self._resume()
        if behind:
            self._read_head(behind)

    def _refuse(self, refusal: RefusedRequestError) -> None:
        """Answer, and close. What came unasked behind a request is not answered: its client might take that for ours
        to the request.
        """
        self._exchange = None
        HTTP_REFUSED.labels(refusal.error).inc()
        if not self._unasked:
            self.write(refusal.answer(self._reader.language))
        self._stage = _Stage.BODY  # of which the rest is drained
        self._end()

    def _end(self) -> None:
        """Close behind the last answer. A client that still sends has to be able to read it: what it sends is read for
        a while, because a close on top of unread bytes resets the connection and may take the answer with it.
        """
        if self._stage is _Stage.ANSWER and not self._behind:
            self._close()
            return
        self._stage = _Stage.DRAIN
        self.connections.answered(self)
        self._deadline = self._loop.time() + self._limits.drain_seconds
        if self._transport.can_write_eof():
            self._transport.write_eof()
        self._resume()

    def _drain(self, data: bytes) -> None:
        self._drained += len(data)
        if self._drained > self._limits.drain_bytes:
            self._close()

    def _close(self) -> None:
        self._transport.close()

    def _pause(self) -> None:
        if not self._paused:
            self._paused = True
            self._transport.pause_reading()

    def _resume(self) -> None:
        if self._paused:
            self._paused = False
            self._transport.resume_reading()

    def _due(self) -> float:
        """Bytes a second of a client that keeps its place: any pace is too slow for an answer that waits only for its
        client, a body has its own; 0 where it isn't the client that is waited for.
        """
        if self._exchange is None or not self._writable.is_set():
            return inf if self._transport.get_write_buffer_size() else 0.0
        sends = self._stage is _Stage.BODY and not self._paused and self._broken_by is None
        return self._limits.body_rate if sends else 0.0

    def _stalls(self, now: float) -> bool:
        """Tell whether the client has taken next to nothing of what waits for it."""
        waiting = self._transport.get_write_buffer_size()
        sent = self._written - waiting
        if not waiting or sent >= self._sent + self._limits.unsent_bytes:
            self._sent, self._sent_at = sent, now
        return now - self._sent_at > self._limits.unsent_seconds

    def _scope(self, head: Head) -> Scope:
        ours, theirs = self._ends
        return {
            "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": head.version,
            "server": ours, "client": theirs, "scheme": "http", "root_path": "", "method": head.method,
            "path": head.path, "raw_path": head.raw_path, "query_string": head.query, "headers": head.headers,
            "state": self._app_state.copy(),
        }  # fmt: skip


def http_protocol(limits: Limits) -> type[HttpConnection]:
    """Make the protocol of a service, for uvicorn's `http`: its connections are bounded together."""

    class Bounded(HttpConnection):
        connections = Connections(limits)

    return Bounded


def _address(transport: asyncio.BaseTransport, which: str) -> tuple[str, int]:
    found = transport.get_extra_info(which) or ("", 0)
    return str(found[0]), int(found[1])
