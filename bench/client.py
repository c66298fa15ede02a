"""The load generator: a process of its own, as lean as Python can be, the same for every contender.

`python -m bench.client` reads a `Spec` as JSON. It sends whole prepared requests over keep-alive
connections and reads only the status and the length of each answer, and prints an `Outcome` as JSON.

Closed loop: every connection sends its next request when it has its answer. Open loop (`rate`): requests fall due at
fixed times, and latency counts from then, so that a server that stalls is not spared the requests it held up.
"""

import asyncio
import json
import marshal
import re
import resource
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from time import monotonic
from typing import cast
from urllib.parse import urlsplit

import uvloop

_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)\r\n", re.IGNORECASE)
RETRY_SECONDS, RETRIES = 0.2, 50
PACE_SECONDS = 0.001  # uvloop rounds less down to nothing: the generator would spin and keep a core from the servers


class LoadError(Exception):
    """A contender answered what it must not; the figures would mean nothing."""


@dataclass(frozen=True)
class Spec:
    """What to send. `bodies` names a file made by `write_bodies`; `seconds` ends the sending early, None sends all.

    `paths`, if given, are got instead, round and round.
    """

    url: str
    headers: Mapping[str, str]
    connections: int
    bodies: str | None = None
    paths: Sequence[str] = ()
    seconds: float | None = None
    rate: float | None = None


@dataclass
class Outcome:
    """What came of it. Times are seconds on the machine's monotonic clock, latencies milliseconds."""

    answered: int = 0
    retried: int = 0
    began_at: float = 0
    ended_at: float = 0
    cpu_seconds: float = 0
    latencies_ms: dict[str, float] = field(default_factory=dict)

    @property
    def seconds(self) -> float:
        """From the first request to the last answer."""
        return self.ended_at - self.began_at

    @property
    def per_second(self) -> float:
        """Requests answered a second."""
        return self.answered / self.seconds


def write_bodies(path: Path, bodies: Sequence[bytes | tuple[bytes, bytes]]) -> str:
    """Put bodies, or (header lines, body), where a client finds them; returns the path as text."""
    path.write_bytes(marshal.dumps(list(bodies)))
    return str(path)


def send(spec: Spec) -> Outcome:
    """Run a client to its end. Raises LoadError with the first wrong answer."""
    return Sending(spec).outcome()


class Sending:
    """A client under way."""

    def __init__(self, spec: Spec) -> None:
        argv = [sys.executable, "-m", "bench.client"]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(argv, stdin=pipe, stdout=pipe, stderr=pipe)  # noqa: S603 - ours
        self._spec = json.dumps(asdict(spec)).encode()
        self._ended = threading.Thread(target=self._communicate, name="client")
        self._printed = self._errors = b""
        self._ended.start()

    def _communicate(self) -> None:
        self._printed, self._errors = self._process.communicate(self._spec)

    def outcome(self) -> Outcome:
        """Wait for its end."""
        self._ended.join()
        if self._process.returncode:
            raise LoadError(self._errors.decode(errors="replace").strip().rpartition("\n")[2])
        return Outcome(**json.loads(self._printed))


class _Line(asyncio.Protocol):
    """One keep-alive connection with at most one request under way."""

    def __init__(self, driver: "_Driver") -> None:
        self._driver = driver
        self._transport: asyncio.Transport | None = None
        self._got = b""
        self._whole = 0
        self.request = b""
        self.due = 0.0
        self.tries = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's are no subclass
        self._transport.set_write_buffer_limits(high=2**24)

    def send(self, request: bytes, due: float) -> None:
        """Send; `due` is when the request fell due."""
        self.request, self.due = request, due
        self._write()

    def _write(self) -> None:
        self._got, self._whole = b"", 0
        if self._transport is not None:
            self._transport.write(self.request)

    def data_received(self, data: bytes) -> None:
        self._got += data
        if not self._whole:
            head = self._got.find(b"\r\n\r\n")
            if head < 0:
                return
            length = _LENGTH.search(self._got, 0, head + 2)
            if length is None:
                self._driver.fail(f"an answer without a length: {self._got[:200]!r}")
                return
            self._whole = head + 4 + int(length[1])
        if len(self._got) < self._whole:
            return
        status = self._got[9:12]
        if status in {b"200", b"202"}:
            self._driver.answered(self)
        elif status == b"503" and self.tries < RETRIES:
            self.tries += 1
            self._driver.result.retried += 1
            asyncio.get_running_loop().call_later(RETRY_SECONDS, self._write)
        else:
            self._driver.fail(self._got[:1500].decode(errors="replace"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._driver.fail(f"the server closed a connection: {exc}")


class _Driver:
    """Gives requests to connections and keeps the latencies."""

    def __init__(self, spec: Spec, requests: Sequence[bytes]) -> None:
        self._spec = spec
        self._requests = deque(requests)
        self._round = bool(spec.paths)
        self._idle: deque[_Line] = deque()  # in turn: a server closes a connection that rests for seconds
        self._due: deque[float] = deque()
        self._latencies: list[float] = []
        self._under_way = 0
        self._ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._stop_at = float("inf")
        self.result = Outcome()

    async def run(self) -> Outcome:
        """Send until nothing is left or the time is over, then wait for the last answers."""
        spec, loop = self._spec, asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: self.fail(str(context.get("exception") or context["message"])))
        address = urlsplit(spec.url)
        for _ in range(spec.connections):
            _, line = await loop.create_connection(lambda: _Line(self), address.hostname or "", address.port or 80)
            self._idle.append(line)
        begun = self.result.began_at = monotonic()
        if spec.seconds is not None:
            self._stop_at = begun + spec.seconds
        if spec.rate is None:
            for line in tuple(self._idle):
                self._next(line, monotonic())
            self._idle.clear()
        else:
            pacing = asyncio.create_task(self._pace(begun, spec.rate))
            pacing.add_done_callback(lambda task: task.cancelled() or task.result())
        self._check_end()
        await self._ended
        result = self.result
        usage = resource.getrusage(resource.RUSAGE_SELF)
        result.cpu_seconds = usage.ru_utime + usage.ru_stime
        ordered = sorted(self._latencies)
        if ordered:
            for name, share in (("p50", 0.5), ("p95", 0.95), ("p99", 0.99), ("max", 1.0)):
                result.latencies_ms[name] = 1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)]
        return result

    async def _pace(self, begun: float, rate: float) -> None:
        sent = 0
        while self._left(monotonic()):
            ready = int((monotonic() - begun) * rate) + 1
            while sent < ready and len(self._requests) > len(self._due):
                self._due.append(begun + sent / rate)
                sent += 1
            while self._idle and self._due:
                self._next(self._idle.popleft(), self._due.popleft())
            await asyncio.sleep(PACE_SECONDS)
        self._check_end()

    def _left(self, now: float) -> bool:
        return now < self._stop_at and len(self._requests) > len(self._due)

    def _next(self, line: _Line, due: float) -> None:
        if not self._requests or (self._spec.rate is None and monotonic() > self._stop_at):
            return
        request = self._requests.popleft()
        if self._round:
            self._requests.append(request)
        self._under_way += 1
        line.tries = 0
        line.send(request, due)

    def answered(self, line: _Line) -> None:
        """An answer is there whole."""
        now = monotonic()
        self._latencies.append(now - line.due)
        self.result.answered += 1
        self.result.ended_at = now
        self._under_way -= 1
        if self._spec.rate is None:
            self._next(line, now)
        elif self._due:
            self._next(line, self._due.popleft())
        else:
            self._idle.append(line)
        self._check_end()

    def _check_end(self) -> None:
        waiting = self._left(monotonic()) or self._due
        if not self._under_way and not waiting and not self._ended.done():
            self._ended.set_result(None)

    def fail(self, why: str) -> None:
        """A wrong answer ends the run."""
        if not self._ended.done():
            self._ended.set_exception(LoadError(why.replace("\r\n", " | ").replace("\n", " ")))


def _requests(spec: Spec) -> list[bytes]:
    address = urlsplit(spec.url)
    target = address.path + (f"?{address.query}" if address.query else "")
    common = "".join(f"{name}: {value}\r\n" for name, value in {"host": address.netloc, **spec.headers}.items())
    if spec.bodies is None:
        return [f"GET {path} HTTP/1.1\r\n{common}\r\n".encode() for path in spec.paths]
    bodies = marshal.loads(Path(spec.bodies).read_bytes())  # noqa: S302 - our own file
    head = f"POST {target} HTTP/1.1\r\n{common}".encode()
    pairs = ((b"", item) if isinstance(item, bytes) else item for item in bodies)
    return [b"%b%bcontent-length: %d\r\n\r\n%b" % (head, more, len(body), body) for more, body in pairs]


def main() -> None:
    spec = Spec(**json.load(sys.stdin))
    requests = _requests(spec)

    async def drive() -> Outcome:
        return await _Driver(spec, requests).run()

    print(json.dumps(asdict(uvloop.run(drive()))))


if __name__ == "__main__":
    main()
