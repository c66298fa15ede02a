"""Keeps a service's registry and clock fresh: loads at start, on NOTIFY and on every reconnect."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import structlog
from pydantic import ValidationError

from shared.database.connections import DATABASE_REFUSES, Connection, Hosts
from shared.programme.model import Programme
from shared.registry import source_store, store
from shared.registry.snapshot import Registry
from shared.runtime import gc_tuning, tls
from shared.runtime.clock import SystemClock
from shared.runtime.supervision import Supervised

log = structlog.get_logger()
CHANNEL = "kip_registry"
_PARTS = ("unit", "partition", "programme", "source_key", "clock")
_RECONNECT_SECONDS = (0.2, 0.5, 1, 2, 5)
_PROBE_SECONDS = 1.0
_LOAD_SECONDS = 20.0  # for one statement: reading the nation's units takes one


class RegistryFollower:
    """Holds the current `Registry` and moves `clock`.

    `on_change` hears the names of the tables that changed. `confirmed_at` is when the database last answered, on the
    event loop's clock: how long a service that is cut off has been trusting its memory.
    """

    def __init__(self, url: str, clock: SystemClock, name: str, *, simulated_from: datetime | None = None) -> None:
        self._simulated_from = simulated_from
        self._clock = clock
        self._application_name = f"kip-{name}-listener"
        self._dirty: set[str] = set()
        self._wake = asyncio.Event()
        self._hosts = Hosts(url)
        self._task = Supervised("registry", self._follow)
        self._first = asyncio.Event()  # set when the first attempt has ended, well or not
        self._refreshed = asyncio.Condition()
        self._listeners: list[Callable[[frozenset[str]], Awaitable[None]]] = []
        self.registry = Registry()
        self.connected = False
        self.confirmed_at = float("-inf")

    def on_change(self, listener: Callable[[frozenset[str]], Awaitable[None]]) -> None:
        """Call `listener` with the names of the tables that changed, after the snapshot holds the change."""
        self._listeners.append(listener)

    async def start(self) -> None:
        """Begin to follow. Returns after the first load if the database is there, else at once: it keeps trying."""
        self._task.start()
        await self._first.wait()

    async def stop(self) -> None:
        """Stop following."""
        await self._task.stop()

    async def wait_loaded(self) -> None:
        """Wait until units and a programme are there."""
        async with self._refreshed:
            await self._refreshed.wait_for(lambda: self.registry.loaded)

    async def refresh(self) -> None:
        """Load everything anew and wait until it is there: for a service that met a uid that it doesn't know."""
        async with self._refreshed:
            self._dirty.update(_PARTS)
            self._wake.set()
            await self._refreshed.wait()

    async def _follow(self) -> None:
        attempt = 0
        while True:
            try:
                connection = await self._hosts.connect(
                    command_timeout=_LOAD_SECONDS, server_settings={"application_name": self._application_name}
                )
                try:
                    await connection.add_listener(CHANNEL, self._notified)
                    if self._simulated_from is not None:
                        await store.start_clock(connection, self._clock.offset_to(self._simulated_from))
                    self._dirty.update(_PARTS)
                    attempt = 0
                    await self._serve(connection)
                finally:
                    self.connected = False
                    self._first.set()
                    connection.terminate()
            except DATABASE_REFUSES as error:
                if self.connected or attempt == 0:
                    log.warning("registry.disconnected", reason=tls.reason(error, "DATABASE"))
            self.connected = False
            self._first.set()
            await asyncio.sleep(_RECONNECT_SECONDS[min(attempt, len(_RECONNECT_SECONDS) - 1)])
            attempt += 1

    async def _serve(self, connection: Connection) -> None:
        while True:
            self._wake.clear()
            changed, self._dirty = frozenset(self._dirty), set()
            if changed:
                await self._load(connection, changed)
            else:
                await store.ping(connection)
            self.connected = True
            self.confirmed_at = asyncio.get_running_loop().time()
            self._first.set()
            if changed:
                async with self._refreshed:
                    self._refreshed.notify_all()
                for listener in self._listeners:
                    await listener(changed)
            try:
                async with asyncio.timeout(_PROBE_SECONDS):
                    await self._wake.wait()
            except TimeoutError:
                continue

    def _notified(self, _connection: Any, _pid: int, _channel: str, payload: object) -> None:
        self._dirty.add("source_key" if payload == "source" else str(payload))
        self._wake.set()

    def _programmes(self, documents: Mapping[str, str]) -> dict[str, Programme]:
        """Read the programmes. One that this version can't read stays as it was: the service must not fall for it."""
        read = dict(self.registry.programmes)
        for slug, text in documents.items():
            try:
                read[slug] = Programme.model_validate_json(text)
            except ValidationError as error:
                log.error("registry.programme_unreadable", programme=slug, errors=error.error_count())
        return read

    async def _load(self, connection: Connection, changed: frozenset[str]) -> None:
        fresh: dict[str, Any] = {}
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            if "unit" in changed:
                fresh["units"] = await store.read_units(connection)
            if changed & {"unit", "partition"}:
                fresh["partitions"] = await store.read_partitions(connection)
            if "programme" in changed:
                fresh["programmes"] = self._programmes(await store.read_programmes(connection))
            if "source_key" in changed:
                fresh["keys"] = await source_store.read_keys(connection)
            clock = await store.read_clock(connection)
        again = self.registry.loaded
        self._clock.offset = clock[0] if clock else timedelta(0)
        self.registry = replace(self.registry, simulated=clock is not None, **fresh)
        if fresh.keys() & {"units", "programmes"}:
            gc_tuning.settle(again=again)
        if clock:
            await store.follow_clock(connection, clock[1])
