"""Takes messages from the partitions' queues, packs them into batches, and acks when their transaction is committed."""

import asyncio
from collections.abc import Callable, Collection, Sequence

import structlog
from faststream.rabbit import RabbitBroker

from services.aggregation.apply import Applied, apply_batch
from services.aggregation.contribution import Contributor
from services.aggregation.record_subject import UnknownToUsError
from services.aggregation.store import ACCOUNT
from shared.broker.consuming import Received, consume
from shared.broker.message import Note
from shared.broker.notices import Changed
from shared.broker.topology import aggregation_queue
from shared.database.connections import Pool
from shared.domain.canonical import JsonObject
from shared.journal.account_store import Fate
from shared.registry.follower import RegistryFollower
from shared.runtime import metrics
from shared.runtime.batch import Batcher
from shared.runtime.clock import Clock
from shared.runtime.retry import growing_limits, patiently

PREFETCH = 200  # messages; at 256 KiB each the memory that waits is bounded
REFRESH_SECONDS = 10.0
log = structlog.get_logger()


class PartitionConsumer:
    """One partition's single writer in this process. `seconds` bounds each transaction; `on_figure_changes` hears when
    one has noted what became of handed in figures, `on_changed` what each has changed.
    """

    def __init__(
        self,
        partition: int,
        pool: Callable[[], Pool],
        follower: RegistryFollower,
        clock: Clock,
        limit: int,
        linger: float,
        seconds: float,
        on_figure_changes: Callable[[], None],
        on_changed: Callable[[Collection[Changed]], None],
    ) -> None:
        self._partition = partition
        self._pool = pool
        self._follower = follower
        self._clock = clock
        self._contributor = Contributor(follower.registry)
        self._seconds = seconds
        self._on_figure_changes = on_figure_changes
        self._on_changed = on_changed
        self._batcher: Batcher[Received] = Batcher(
            self._flush,
            limit=limit,
            linger=linger,
            weight=lambda message: len(message.events),
            name=f"partition {partition}",
        )

    def subscribe(self, broker: RabbitBroker) -> None:
        """Consume the partition's queue."""
        self._batcher.start()
        queue = aggregation_queue(self._partition)
        consume(broker, queue, self._batcher.submit, self._account_undecodable, prefetch=PREFETCH)

    async def stop(self) -> None:
        """Commit what is waiting, then stop."""
        await self._batcher.stop()

    async def _account_undecodable(self, note: Note) -> None:
        async with self._pool().acquire(limit=self._seconds) as connection:
            await ACCOUNT.note(connection, [note], Fate.UNDECODABLE)

    async def _flush(self, messages: Sequence[Received]) -> None:
        """Commit the batch, trying again for as long as that takes: no event is thrown away."""
        events = [event for message in messages for event in message.events]
        notes = [message.note for message in messages]
        started = asyncio.get_running_loop().time()
        limits = growing_limits(self._seconds)
        applied = await patiently(f"partition {self._partition}", lambda: self._apply(events, notes, next(limits)))
        if applied.figure_changes:
            self._on_figure_changes()
        self._on_changed(applied.changed)
        if events:  # none of an auditor's markers
            self._observe(applied, len(events), asyncio.get_running_loop().time() - started)

    async def _apply(self, events: Sequence[JsonObject], notes: Sequence[Note], seconds: float) -> Applied:
        try:
            return await apply_batch(
                lambda: self._pool().acquire(limit=seconds),
                self._partition, events, self._contributor_now(), self._clock.now(), notes,
            )  # fmt: skip
        except UnknownToUsError:
            async with asyncio.timeout(REFRESH_SECONDS):
                await self._follower.refresh()
            raise

    def _contributor_now(self) -> Contributor:
        if self._contributor.registry is not self._follower.registry:
            self._contributor = Contributor(self._follower.registry)
        return self._contributor

    def _observe(self, applied: Applied, count: int, seconds: float) -> None:
        now = self._clock.now()
        for (kind, outcome), number in applied.outcomes.items():
            metrics.EVENTS_APPLIED.labels(kind, outcome).inc(number)
        if applied.accepted_at:
            metrics.APPLY_LAG.observe(max(0.0, (now - min(applied.accepted_at)).total_seconds()))
        metrics.BATCH_EVENTS.observe(count)
        metrics.FLUSH_SECONDS.observe(seconds)
        log.info(
            "aggregation.batch",
            partition=self._partition,
            events=count,
            cells=applied.cells,
            seconds=round(seconds, 4),
            outcomes={f"{kind} {outcome}": number for (kind, outcome), number in applied.outcomes.items()},
        )
