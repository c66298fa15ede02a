"""From events on the queue to obligations that are met and problems that stand: bodies are collected into batches,
each one transaction.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import structlog

from services.notifications import notice_store, store
from services.notifications.answers import Answer, answers_of, required_items
from services.notifications.patience import patiently
from services.notifications.problems import ProblemChange, latest, problem_of
from shared.batch import Batcher
from shared.clock import Clock
from shared.db import Pool
from shared.events import KIND_OF_TYPE
from shared.metrics import EVENTS_APPLIED
from shared.programme import Programme
from shared.registry.snapshot import Registry

log = structlog.get_logger()
_BATCH = 1000
_LINGER_SECONDS = 0.02


@dataclass(frozen=True, slots=True)
class Taken:
    """What a body of events holds that concerns us; `kinds` has the kind of each event that does."""

    answers: Sequence[Answer]
    problems: Sequence[ProblemChange]
    kinds: Sequence[str]

    def __len__(self) -> int:
        return len(self.answers) + len(self.problems)


class Consumer:
    """Takes what answers an obligation or tells of a problem. `on_settled` hears when either has changed."""

    def __init__(
        self,
        pool: Pool,
        registry: Callable[[], Registry],
        clock: Clock,
        on_settled: Callable[[Taken], None],
    ) -> None:
        self._pool = pool
        self._registry = registry
        self._clock = clock
        self._on_settled = on_settled
        self._batcher: Batcher[Taken] = Batcher(self._flush, limit=_BATCH, linger=_LINGER_SECONDS, weight=len)
        self.in_hand = 0

    def start(self) -> None:
        """Begin to take events."""
        self._batcher.start()

    async def stop(self) -> None:
        """Settle what is in hand, then end."""
        await self._batcher.stop()

    async def handle(self, body: bytes) -> None:
        """Take a CloudEvents batch and return when it is settled. Raises ValueError for what can't be decoded."""
        taken = read_batch(body, self._registry().programmes)
        if not len(taken):
            return
        self.in_hand += 1
        try:
            await self._batcher.submit(taken)
        finally:
            self.in_hand -= 1

    async def _flush(self, batches: Sequence[Taken]) -> None:
        whole = Taken(
            [answer for batch in batches for answer in batch.answers],
            [problem for batch in batches for problem in batch.problems],
            [kind for batch in batches for kind in batch.kinds],
        )
        outcome = await patiently(lambda: settle(self._pool, self._registry(), self._clock, whole))
        for kind in whole.kinds:
            EVENTS_APPLIED.labels(kind, "taken").inc()
        log.info("answers.settled", answers=len(whole.answers), problems=len(whole.problems), **outcome)
        self._on_settled(whole)


async def settle(pool: Pool, registry: Registry, clock: Clock, taken: Taken) -> dict[str, int]:
    """Write what was taken in one transaction; return how many obligations went into each state. Safe to repeat."""
    async with pool.acquire() as connection, connection.transaction():
        await notice_store.take_problems(connection, latest(taken.problems))
        if not taken.answers:
            return {}
        return await store.take_answers(connection, taken.answers, required_items(registry), clock.now())


def read_batch(body: bytes, programmes: Mapping[str, Programme]) -> Taken:
    """What concerns us in a canonical CloudEvents batch. Raises ValueError that says what is wrong with it."""
    try:
        events: list[dict[str, Any]] = json.loads(body)
        unknown = [str(event["type"])[:80] for event in events if event["type"] not in KIND_OF_TYPE]
        if unknown:
            log.warning("events.unknown", types=sorted(set(unknown))[:5])
        answers: list[Answer] = []
        problems: list[ProblemChange] = []
        kinds: list[str] = []
        for event in events:
            answered, problem = answers_of(event, programmes), problem_of(event)
            answers += answered
            if problem is not None:
                problems.append(problem)
            if answered or problem is not None:
                kinds.append(str(KIND_OF_TYPE[event["type"]]))
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"not a batch of canonical events: {type(error).__name__}: {error}") from error
    return Taken(answers, problems, kinds)
