"""Takes messages from the partitions' queues, packs them into batches, and acks when their transaction is committed."""

import asyncio
from collections.abc import Callable, Sequence

import structlog
from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker

from services.aggregation.apply import Applied, apply_batch
from services.aggregation.contribution import Contributor
from services.aggregation.ledger import decode_batch
from services.aggregation.rollup import UnknownToUsError
from shared import metrics
from shared.batch import Batcher
from shared.clock import Clock
from shared.db import DATABASE_AWAY, Pool
from shared.events import CanonicalEvent
from shared.registry.follower import RegistryFollower
from shared.topology import aggregation_queue

PREFETCH = 200  # messages; at 256 KiB each the memory that waits is bounded
_BACKOFF_SECONDS = (0.1, 0.3, 1, 2, 5)
log = structlog.get_logger()
Events = list[CanonicalEvent]


class PartitionConsumer:
    """One partition's single writer in this process."""

    def __init__(
        self,
        partition: int,
        pool: Callable[[], Pool],
        follower: RegistryFollower,
        clock: Clock,
        limit: int,
        linger: float,
    ) -> None:
        self._partition = partition
        self._pool = pool
        self._follower = follower
        self._clock = clock
        self._contributor = Contributor(follower.registry)
        self._batcher: Batcher[Events] = Batcher(self._flush, limit=limit, linger=linger, weight=len)

    def subscribe(self, broker: RabbitBroker) -> None:
        """Consume the partition's queue. A message that can't be decoded is rejected to the dead-letter queue."""
        self._batcher.start()
        broker.subscriber(
            aggregation_queue(self._partition),
            channel=Channel(prefetch_count=PREFETCH),
            ack_policy=AckPolicy.REJECT_ON_ERROR,
            no_reply=True,
        )(self._handle)

    async def stop(self) -> None:
        """Commit what is waiting, then end."""
        await self._batcher.stop()

    async def _handle(self, body: bytes) -> None:
        events = decode_batch(body)
        if events:
            await self._batcher.submit(events)

    async def _flush(self, messages: Sequence[Events]) -> None:
        """Commit the batch, for as long as that takes: an outage is waited out, nothing is dead-lettered for it."""
        events = [event for message in messages for event in message]
        started = asyncio.get_running_loop().time()
        attempt = 0
        while True:
            try:
                async with self._pool().acquire() as connection:
                    applied = await apply_batch(
                        connection, self._partition, events, self._contributor_now(), self._clock.now()
                    )
                break
            except UnknownToUsError as error:
                log.warning("aggregation.registry_lags", unknown=str(error))
                await self._follower.refresh()
            except DATABASE_AWAY as error:
                log.warning("aggregation.database_away", reason=type(error).__name__, attempt=attempt)
            await asyncio.sleep(_BACKOFF_SECONDS[min(attempt, len(_BACKOFF_SECONDS) - 1)])
            attempt += 1
        self._observe(applied, len(events), asyncio.get_running_loop().time() - started)

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
