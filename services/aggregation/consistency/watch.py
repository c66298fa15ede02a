"""Rebuilds provinces whose units or rules have changed, and checks the others in turn, in the background."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress

import structlog

from services.aggregation import dead_store
from services.aggregation.consistency import drift_store
from services.aggregation.consistency.drift import check_province
from services.aggregation.consistency.drift_store import Shape
from services.aggregation.consistency.shape import shapes
from services.aggregation.contribution import Contributor
from shared.database import server_store
from shared.database.connections import DATABASE_AWAY, Pool
from shared.registry.snapshot import Registry
from shared.runtime import metrics
from shared.runtime.supervision import Supervised

log = structlog.get_logger()
_OBSERVE_SECONDS = 5
_REBUILDING_SECONDS = 1  # between two looks at how far the rebuild of records is, other replicas' part of it too


class ConsistencyWatch:
    """Looks after the provinces of the partitions that this replica owns.

    A change of the register or of a programme is acted on at once; between changes one province is checked every
    `interval` seconds (0: none), the one whose last check is the oldest.
    """

    def __init__(
        self,
        pool: Callable[[], Pool],
        registry: Callable[[], Registry],
        partitions: Sequence[int],
        interval: float,
    ) -> None:
        self._pool = pool
        self._registry = registry
        self._partitions = frozenset(partitions)
        self._interval = interval
        self._changed = asyncio.Event()
        self._shapes: Mapping[str, Shape] | None = None
        self._tasks = [Supervised("drift", self._run), Supervised("observer", self._observe)]

    def start(self) -> None:
        """Start the background tasks."""
        self._changed.set()
        for task in self._tasks:
            task.start()

    async def stop(self) -> None:
        """Stop the background tasks; a check under way leaves nothing behind."""
        for task in self._tasks:
            await task.stop()

    async def heed(self, tables: frozenset[str]) -> None:
        """Registry listener: schedule a rebuild when units, programmes or partitions changed."""
        if tables & {"unit", "programme", "partition"}:
            self._changed.set()

    def rebuilding(self) -> str | None:
        """Say why figures can't be relied on: records stand under the names of other families; None where none do."""
        if self._shapes is None:
            return "not looked at yet"
        left = self._left(self._registry().partitions)
        if not left:
            return None
        return f"a rebuild is under way: programmes share other figures than before; provinces left: {left}"

    async def _run(self) -> None:
        while True:
            try:
                if self._changed.is_set():
                    self._changed.clear()
                    await self._rebuild_changed()
                else:
                    await self._check_next()
            except Exception as error:
                self._changed.set()  # a rebuild that was due stays due, whatever stood in its way
                if not isinstance(error, DATABASE_AWAY):
                    raise
                log.warning("consistency.database_away", reason=type(error).__name__)
                await asyncio.sleep(5)
                continue
            try:
                async with asyncio.timeout(self._interval or None):
                    await self._changed.wait()
            except TimeoutError:
                continue

    async def _observe(self) -> None:
        """See which names the records stand under, and export the database's health and the number of dead events as
        metrics, again and again.
        """
        while True:
            with suppress(*DATABASE_AWAY):
                async with self._pool().acquire() as connection:
                    self._shapes = await drift_store.known_shapes(connection)
                    if self._left(self._mine(self._registry())):
                        self._changed.set()  # a rebuild died, or one by an older registry ended after ours
                    metrics.DEAD_EVENTS.labels("aggregation").set(await dead_store.waiting(connection))
                    health = await server_store.read_health(connection)
                    backup = await server_store.last_backup(connection)
                metrics.DATABASE_CONNECTIONS.set(health.connections)
                metrics.DATABASE_CONNECTIONS_ALLOWED.set(health.allowed)
                metrics.DATABASE_OLDEST_TRANSACTION.set(health.oldest_transaction)
                metrics.DATABASE_BYTES.set(health.size)
                if backup is not None:
                    metrics.BACKUP.labels("kip").set(backup.timestamp())
            await asyncio.sleep(_REBUILDING_SECONDS if self.rebuilding() else _OBSERVE_SECONDS)

    def _mine(self, registry: Registry) -> list[str]:
        return sorted(province for province, number in registry.partitions.items() if number in self._partitions)

    def _left(self, provinces: Collection[str]) -> int:
        """Count the provinces whose records, when last looked at, stood under other names than the registry's."""
        mark, known = self._registry().families.mark, self._shapes or {}
        return sum((known[it].names if it in known else "") != mark for it in provinces)

    async def _rebuild_changed(self) -> None:
        registry = self._registry()
        wanted = await asyncio.to_thread(shapes, registry)
        async with self._pool().acquire() as connection:
            known = self._shapes = await drift_store.known_shapes(connection)
        contributor, mark = Contributor(registry), registry.families.mark
        for province in self._mine(registry):
            shape, made_by = wanted[province], known.get(province)
            if made_by == Shape(shape, mark):
                continue
            if made_by is not None or mark:
                await self._rebuild(province, contributor)
            async with self._pool().acquire() as connection:
                await drift_store.remember_shape(connection, province, shape)
        async with self._pool().acquire() as connection:
            self._shapes = await drift_store.known_shapes(connection)

    async def _rebuild(self, province: str, contributor: Contributor) -> None:
        checked = await check_province(self._pool(), province, contributor, correct=True)
        log.info(
            "consistency.rebuilt",
            province=province,
            events=checked.events,
            cells=checked.cells,
            aside=checked.aside,
        )

    async def _check_next(self) -> None:
        registry = self._registry()
        async with self._pool().acquire() as connection:
            province = await drift_store.longest_unchecked(connection, self._mine(registry))
        if province is None:
            return
        checked = await check_province(self._pool(), province, Contributor(registry))
        async with self._pool().acquire() as connection:
            drifting = await drift_store.drifting(connection)
        metrics.DRIFT_CELLS.set(drifting)
        level = log.error if checked.cells or checked.records or checked.twice else log.info
        level(
            "consistency.checked",
            province=province,
            events=checked.events,
            cells=checked.cells,
            records=checked.records,
            alive_twice=checked.twice,
        )
