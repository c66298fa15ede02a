"""uvicorn's HTTP protocol, which lets an application take requests together that came at the same time.

A request that came whole, head and body in one piece, is offered to the application before a task is made for it. The
task, ASGI's messages and the coroutines between them cost a small post a tenth of its time, and requests that are all
read before the first is worked on cost less than one after the other (measured: docs/benchmarks.md).
"""

from collections.abc import Callable
from functools import lru_cache
from typing import Any, Protocol, TypeAlias, cast

from starlette.responses import Response
from starlette.types import Scope
from uvicorn._types import ASGI3Application
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, RequestResponseCycle

from shared.bounded_http import BoundedHttp


class WholeRequest(Protocol):
    """A request and its body. Whoever takes it calls `answer` or `go_the_usual_way`, once, in the event loop."""

    @property
    def scope(self) -> Scope:
        """ASGI's description of the request."""
        ...

    @property
    def body(self) -> bytes:
        """The body."""
        ...

    def answer(self, response: Response) -> None:
        """Send the response."""
        ...

    def go_the_usual_way(self) -> None:
        """Let the application answer as if nobody had looked at it."""
        ...


Gather: TypeAlias = Callable[[WholeRequest], bool]  # whether it takes the request


class WholeHttp(BoundedHttp):
    """Offers requests that came whole to the application's `gather`, if it has one; all others go the usual way.

    So do those that are sent before the answer to the last.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._gather: Gather | None = getattr(self.app, "gather", None)
        self._reading = False
        self._begun: tuple[RequestResponseCycle, ASGI3Application] | None = None

    def data_received(self, data: bytes) -> None:
        """Read what came. A request that begins in it is offered, or its task made, when all of it is read."""
        self._reading = self._gather is not None
        super().data_received(data)
        self._reading = False
        if self._begun is not None:
            (cycle, app), self._begun = self._begun, None
            if not self._taken(cycle, app):
                super()._start_asgi_task(cycle, app)

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        if self._reading:
            self._begun = cycle, app
        else:
            super()._start_asgi_task(cycle, app)

    def _taken(self, cycle: RequestResponseCycle, app: ASGI3Application) -> bool:
        if self._gather is None or cycle.more_body or not cycle.keep_alive or self.flow.write_paused:
            return False
        return self._gather(_Whole(self, cycle, app))

    def start(self, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        """Make the task of a request that was taken and is not answered."""
        super()._start_asgi_task(cycle, app)

    def end(self, cycle: RequestResponseCycle, response: Response) -> None:
        """Send the response of a request that was taken, and end its cycle as uvicorn does."""
        cycle.response_started = cycle.response_complete = True
        if self.transport.is_closing():  # the client has gone
            return
        self.transport.write(_wire(response, tuple(self.server_state.default_headers)))
        if not cycle.keep_alive:  # the service is about to end
            self.transport.close()
        cycle.on_response()


class _Whole:
    __slots__ = ("_app", "_cycle", "_protocol", "body", "scope")

    def __init__(self, protocol: WholeHttp, cycle: RequestResponseCycle, app: ASGI3Application) -> None:
        self._protocol = protocol
        self._cycle = cycle
        self._app = app
        self.scope = cast("Scope", cycle.scope)
        self.body = bytes(cycle.body)

    def answer(self, response: Response) -> None:
        """Send the response."""
        self._protocol.end(self._cycle, response)

    def go_the_usual_way(self) -> None:
        """Make a task for the request."""
        self._protocol.start(self._cycle, self._app)


@lru_cache(maxsize=16)
def _wire(response: Response, more: tuple[tuple[bytes, bytes], ...]) -> bytes:
    """The bytes of a response. Remembered: many requests of a second have one and the same."""
    lines = b"".join([b"%b: %b\r\n" % header for header in (*more, *response.raw_headers)])
    return b"%b%b\r\n%b" % (STATUS_LINE[response.status_code], lines, bytes(response.body))
